//! The fields of a JSON document: each checked by itself, every bad one noted.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{FieldError, ImageUrl, Invalid, MovieId, MoviePatch, Title, Year, id_too_long};

/// How many errors beside those of a movie's own fields one answer lists; a hostile body can hold a hundred thousand.
const MAX_OTHER_ERRORS: usize = 100;

/// How many bytes of an unknown field's name an error repeats.
const MAX_NAME_BYTES: usize = 200;

/// A JSON object with its members in order, also those that are written twice. Each value is read by its field, so that
/// one that no type can hold, such as the number 1e400, is that field's error.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The errors found so far, bounded.
#[derive(Default)]
pub(super) struct FieldErrors {
    pub(super) list: Vec<FieldError>,
    /// How many of them are none of a movie's own fields.
    others: usize,
    /// Fields that were there, well or badly typed.
    seen: Vec<&'static str>,
}

impl FieldErrors {
    /// Notes what is wrong with one of a movie's fields.
    fn add(&mut self, pointer: String, detail: &str) {
        self.list.push(FieldError { pointer, detail: detail.to_owned() });
    }

    /// Notes what is wrong with something of which a body may hold any number.
    fn add_other(&mut self, pointer: String, detail: &str) {
        if self.others < MAX_OTHER_ERRORS {
            self.others += 1;
            self.add(pointer, detail);
        }
    }

    pub(super) fn missing(&mut self, name: &'static str) {
        if !self.seen.contains(&name) {
            self.add(format!("/{name}"), "is required");
        }
    }
}

pub(super) fn from_json(json: &[u8]) -> Result<(MoviePatch, FieldErrors), Invalid> {
    let object = serde_json::from_slice(json).map_err(|error| Invalid::Json(error.to_string()))?;
    Ok(check_fields(object))
}

fn check_fields(Object(members): Object<'_>) -> (MoviePatch, FieldErrors) {
    let mut fields = MoviePatch::default();
    let mut errors = FieldErrors::default();
    for (name, value) in members {
        let Some(&name) = ["title", "year", "cast", "image", "description"].iter().find(|known| **known == name) else {
            let detail = "is not a field of a movie: title, year, cast, image and description are";
            errors.add_other(pointer_to(&name), detail);
            continue;
        };
        let pointer = format!("/{name}");
        if errors.seen.contains(&name) {
            errors.add_other(pointer, "is given more than once");
            continue;
        }
        errors.seen.push(name);
        match name {
            "title" => {
                fields.title = text(value).and_then(Title::parse);
                if fields.title.is_none() {
                    errors.add(pointer, "must be a string that is not blank");
                }
            }
            "year" => {
                fields.year = Year::from_json_number(value.get());
                if fields.year.is_none() {
                    errors.add(pointer, "must be an integer from 1 to 9999");
                }
            }
            "cast" => fields.cast = check_cast(value, &mut errors),
            "image" => {
                fields.image = text(value).and_then(ImageUrl::parse);
                if fields.image.is_none() {
                    errors.add(pointer, "must be an absolute http or https URL with a host");
                }
            }
            _ => {
                fields.description = text(value);
                if fields.description.is_none() {
                    errors.add(pointer, "must be a string");
                }
            }
        }
    }
    let year = fields.year.unwrap_or(Year::FIRST);
    if fields.title.as_ref().is_some_and(|title| MovieId::new(title, year).is_none()) {
        errors.list.push(id_too_long());
    }
    (fields, errors)
}

fn check_cast(value: &RawValue, errors: &mut FieldErrors) -> Option<Vec<String>> {
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        errors.add("/cast".to_owned(), "must be an array of strings");
        return None;
    };
    let mut cast = Vec::with_capacity(entries.len());
    let mut valid = true;
    for (index, entry) in entries.into_iter().enumerate() {
        if let Some(name) = text(entry) {
            cast.push(name);
        } else {
            valid = false;
            errors.add_other(format!("/cast/{index}"), "must be a string");
        }
    }
    valid.then_some(cast)
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// A JSON Pointer to a member, of a length that an answer can carry.
fn pointer_to(name: &str) -> String {
    let cut = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_NAME_BYTES).last();
    let shown = name.get(..cut.unwrap_or_default()).unwrap_or_default();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("/{}{more}", shown.replace('~', "~0").replace('/', "~1"))
}
