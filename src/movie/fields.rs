//! The fields of a JSON document: each checked by itself, every bad one noted.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{FieldError, ImageUrl, Invalid, MoviePatch, Title, Year};

/// How many field errors one answer lists; a hostile body can hold a hundred thousand.
const MAX_FIELD_ERRORS: usize = 100;

/// How many bytes of an unknown field's name an error repeats.
const MAX_NAME_BYTES: usize = 200;

/// A JSON object with its members in order, also those that are written twice.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
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
    /// Fields that were there, well or badly typed.
    seen: Vec<&'static str>,
}

impl FieldErrors {
    fn add(&mut self, pointer: String, detail: &str) {
        if self.list.len() < MAX_FIELD_ERRORS {
            self.list.push(FieldError { pointer, detail: detail.to_owned() });
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

pub(super) fn from_value(value: Value) -> Result<(MoviePatch, FieldErrors), Invalid> {
    let object = serde_json::from_value(value).map_err(|error| Invalid::Json(error.to_string()))?;
    Ok(check_fields(object))
}

fn check_fields(Object(members): Object) -> (MoviePatch, FieldErrors) {
    let mut fields = MoviePatch::default();
    let mut errors = FieldErrors::default();
    for (name, value) in members {
        let Some(&name) = ["title", "year", "cast", "image", "description"].iter().find(|known| **known == name) else {
            errors.add(pointer_to(&name), "is not a field of a movie: title, year, cast, image and description are");
            continue;
        };
        let pointer = format!("/{name}");
        if errors.seen.contains(&name) {
            errors.add(pointer, "is given more than once");
            continue;
        }
        errors.seen.push(name);
        match name {
            "title" => {
                fields.title = value.as_str().and_then(Title::parse);
                if fields.title.is_none() {
                    errors.add(pointer, "must be a string that is not blank");
                }
            }
            "year" => {
                fields.year = value.as_u64().and_then(Year::new);
                if fields.year.is_none() {
                    errors.add(pointer, "must be an integer from 1 to 9999");
                }
            }
            "cast" => fields.cast = check_cast(value, &mut errors),
            "image" => {
                fields.image = value.as_str().and_then(ImageUrl::parse);
                if fields.image.is_none() {
                    errors.add(pointer, "must be an absolute http or https URL with a host");
                }
            }
            _ => match value {
                Value::String(text) => fields.description = Some(text),
                _ => errors.add(pointer, "must be a string"),
            },
        }
    }
    (fields, errors)
}

fn check_cast(value: Value, errors: &mut FieldErrors) -> Option<Vec<String>> {
    let Value::Array(entries) = value else {
        errors.add("/cast".to_owned(), "must be an array of strings");
        return None;
    };
    let mut cast = Vec::with_capacity(entries.len());
    let mut valid = true;
    for (index, entry) in entries.into_iter().enumerate() {
        if let Value::String(name) = entry {
            cast.push(name);
        } else {
            valid = false;
            errors.add(format!("/cast/{index}"), "must be a string");
        }
    }
    valid.then_some(cast)
}

/// A JSON Pointer to a member, of a length that an answer can carry.
fn pointer_to(name: &str) -> String {
    let cut = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_NAME_BYTES).last();
    let shown = name.get(..cut.unwrap_or_default()).unwrap_or_default();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("/{}{more}", shown.replace('~', "~0").replace('/', "~1"))
}
