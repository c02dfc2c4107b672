//! Movies, as types whose values are always valid.
//!
//! A [`Movie`], a [`MoviePatch`] and a [`MovieId`] consist of values that only parsing can create, so no other module
//! checks a field again. Parsing reports all invalid fields of a body at once, each with a JSON Pointer (RFC 6901).
//!
//! This module does not depend on HTTP statuses ([`crate::api`]) or on DynamoDB ([`crate::store`]).

mod id;
mod values;
pub use id::MovieId;
pub use values::{ImageUrl, Title, Year};

use serde::{Deserialize, Serialize};

use crate::fields::{Fields, Invalid};

/// A complete movie.
///
/// It serializes to the JSON that clients see, and to the attributes of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movie {
    /// Not blank, and part of the id.
    pub title: Title,
    /// When it was released.
    pub year: Year,
    /// Names of actors, in order.
    pub cast: Vec<String>,
    /// Absolute `http` or `https` URL of a picture.
    pub image: ImageUrl,
    /// Free text, may be empty.
    pub description: String,
}

impl Movie {
    /// The names of the fields, in JSON and in an item.
    pub const FIELDS: &[&str] = &["title", "year", "cast", "image", "description"];

    /// Parses a JSON document that has every required field and only known fields.
    ///
    /// # Errors
    /// All invalid fields.
    pub fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let mut fields = Fields::read(json, Self::FIELDS)?;
        let title = fields.required("title");
        let year = fields.required("year");
        id::check(title.as_ref(), year, &mut fields);
        let cast = fields.required("cast");
        let image = fields.required("image");
        let description = fields.required("description");
        let movie = || Some(Self { title: title?, year: year?, cast: cast?, image: image?, description: description? });
        fields.finish(movie())
    }
}

/// The fields that change. Serializes to the JSON Merge Patch (RFC 7396) that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MoviePatch {
    /// The new title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// The new year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<Year>,
    /// The new cast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cast: Option<Vec<String>>,
    /// The new image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageUrl>,
    /// The new description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl MoviePatch {
    /// Parses the fields to change from a JSON document that has at least one field and only known fields.
    ///
    /// # Errors
    /// All invalid fields, or [`Invalid::Empty`].
    pub fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let mut fields = Fields::read(json, Movie::FIELDS)?;
        let patch = Self {
            title: fields.optional("title"),
            year: fields.optional("year"),
            cast: fields.optional("cast"),
            image: fields.optional("image"),
            description: fields.optional("description"),
        };
        id::check(patch.title.as_ref(), patch.year, &mut fields);
        let patch = fields.finish(Some(patch))?;
        if patch == Self::default() { Err(Invalid::Empty) } else { Ok(patch) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    const WHOLE: &str =
        r#"{"title":"The Dare","year":2020,"cast":["A"],"image":"https://x.org/a.jpg","description":""}"#;

    /// A movie that has every field.
    fn whole() -> Movie {
        Movie {
            title: Title::try_from("A".to_owned()).unwrap(),
            year: Year::try_from(1).unwrap(),
            cast: vec!["B".to_owned(), String::new()],
            image: ImageUrl::try_from("https://x.org/".to_owned()).unwrap(),
            description: "C".to_owned(),
        }
    }

    fn members(value: &impl Serialize) -> Map<String, Value> {
        serde_json::to_value(value).unwrap().as_object().unwrap().clone()
    }

    #[test]
    fn each_field_has_one_name_wherever_it_is_read_or_written() {
        let whole = whole();
        let sent = members(&whole);
        let mut names = Movie::FIELDS.to_owned();
        names.sort_unstable();
        assert_eq!(sent.keys().collect::<Vec<_>>(), names);
        assert_eq!(Movie::from_json(json!(sent).to_string().as_bytes()).unwrap(), whole);
        assert_eq!(serde_json::from_value::<Movie>(json!(sent)).unwrap(), whole);
        for (name, value) in &sent {
            let sent = json!({name: value});
            let patch = MoviePatch::from_json(sent.to_string().as_bytes()).unwrap();
            assert_eq!(json!(members(&patch)), sent);
        }
    }

    #[test]
    fn a_movie_is_parsed_and_serialized_without_a_change() {
        let movie = Movie::from_json(WHOLE.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&movie).unwrap(), WHOLE);
        assert_eq!(movie.id().unwrap().as_str(), "The Dare-2020");
    }

    #[test]
    fn a_value_that_cannot_be_read_is_its_fields_error() {
        for field in ["title", "year", "cast", "image", "description"] {
            let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
            for value in ["\"\\ud800\"", "1e400", "-0.0", "{\"a\":[]}", deep.as_str()] {
                let json = format!("{{\"{field}\":{value}}}");
                let Err(Invalid::Fields(errors)) = MoviePatch::from_json(json.as_bytes()) else { panic!("{json:.60}") };
                assert!(errors.len() == 1 && errors[0].pointer.starts_with(&format!("/{field}")), "{json:.60}");
            }
        }
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let movie = Movie::from_json(WHOLE.as_bytes()).unwrap();
        let patch = MoviePatch::from_json(br#"{"year":1999}"#).unwrap();
        assert_eq!(patch.id_after(&movie.id().unwrap()).unwrap().as_str(), "The Dare-1999");
        assert_eq!(MoviePatch::from_json(b"{}"), Err(Invalid::Empty));
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"year":1999}"#);
    }
}
