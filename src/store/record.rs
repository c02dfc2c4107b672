//! A movie as an item of the table: `id` and the versions of its last two writes beside the movie's own attributes.

use std::{cell::Cell, collections::HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value::MapDeserializer},
};
use sha2::{Digest as _, Sha256};

use super::{Item, StoreError, VersionedMovie, items::Changes, size};
use crate::movie::{Movie, MovieId};

/// Begins a version that is derived from an item's content. A random version is base64url, which has no such character.
const DERIVED: &str = "content.";

/// An item of the table.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    id: String,
    #[serde(flatten)]
    movie: Movie,
    /// The version of the last write. An item that something else wrote can be without.
    #[serde(rename = "etag", skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The version of the write before it.
    #[serde(rename = "prior_etag")]
    previous_version: String,
}

impl Record {
    /// The record of a movie that no other write has changed yet.
    pub(super) fn new(id: &MovieId, movie: Movie, version: String) -> Self {
        Self { id: id.to_string(), movie, version: Some(version), previous_version: String::new() }
    }

    /// The whole item.
    pub(super) fn to_item(&self) -> Result<Item, StoreError> {
        let item: Item = serde_dynamo::to_item(self).map_err(not_written)?;
        // An update fills `prior_etag` later.
        let later = self.version.as_ref().map_or(0, String::len);
        if size::of(&item) + later > size::MAX_ITEM_BYTES { Err(StoreError::TooLarge) } else { Ok(item) }
    }

    /// Reads an item. What is not a movie is logged, with the field that is not valid.
    pub(super) fn from_item(item: Item) -> Result<Self, StoreError> {
        Self::read(item).map_err(|NotAMovie { id, reason }| {
            tracing::error!(id, reason, "an item in the table is not a movie");
            StoreError::Corrupt
        })
    }

    /// An item is a movie if each field is valid, whatever else it has or lacks.
    ///
    /// It is taken apart in one go. [`serde_dynamo::from_item`] first makes another map of it, which costs a page of a thousand
    /// as much again as all that is done here.
    fn read(item: Item) -> Result<Self, NotAMovie> {
        let (mut id, mut version, mut previous_version) = (None, None, None);
        let current = Cell::new("");
        let fields = item.into_iter().filter_map(|(name, value)| {
            match name.as_str() {
                "id" => id = text(value),
                "etag" => version = text(value).filter(|version| is_opaque_tag(version)),
                "prior_etag" => previous_version = text(value),
                other => {
                    let field = Movie::FIELDS.iter().find(|field| **field == other)?;
                    current.set(field);
                    return Some((*field, Attribute(value)));
                }
            }
            None
        });
        let movie = Movie::deserialize(MapDeserializer::new(fields));
        let id = id.unwrap_or_default();
        match movie {
            Ok(movie) => Ok(Self { id, movie, version, previous_version: previous_version.unwrap_or_default() }),
            Err(error) => Err(NotAMovie { id, reason: reason(current.get(), &error) }),
        }
    }

    /// The id and the movie. Until this service first writes an item that something else wrote, its version is derived from
    /// its content.
    pub(super) fn into_entry(self) -> Result<(String, VersionedMovie), StoreError> {
        let version = match self.version {
            Some(version) => version,
            None => derived_version(&self.id, &self.movie)?,
        };
        Ok((self.id, VersionedMovie { movie: self.movie, version }))
    }

    /// The movie.
    pub(super) fn into_movie(self) -> Result<VersionedMovie, StoreError> {
        self.into_entry().map(|(_, movie)| movie)
    }
}

/// A patch is a JSON Merge Patch, in which null removes.
pub(super) fn changes(patch: &impl Serialize) -> Result<Changes, StoreError> {
    let item: Item = serde_dynamo::to_item(patch).map_err(not_written)?;
    let (removed, set): (Item, Item) = item.into_iter().partition(|(_, value)| value.is_null());
    Ok(Changes { set, remove: removed.into_keys().collect() })
}

/// The attributes that a listing reads: all but `prior_etag`, which only a write looks at. With eight instead of seven, the
/// map of each item would have to grow once more, and a page cost an eighth more.
pub(super) fn projection() -> String {
    let fields: Vec<_> = Movie::FIELDS.iter().map(|field| format!("#{field}")).collect();
    format!("id, etag, {}", fields.join(", "))
}

/// What the placeholders in [`projection`] are for: some of DynamoDB's reserved words are fields.
pub(super) fn projection_names() -> HashMap<String, String> {
    Movie::FIELDS.iter().map(|field| (format!("#{field}"), (*field).to_owned())).collect()
}

#[derive(Debug)]
struct NotAMovie {
    id: String,
    reason: String,
}

/// What is wrong with the field that was read last; an error about one that is missing names it itself.
fn reason(field: &str, error: &serde_dynamo::Error) -> String {
    let error = error.to_string();
    if error.starts_with("missing field") { error } else { format!("{field}: {error}") }
}

/// A value that serde reads as `serde_dynamo` does.
struct Attribute(AttributeValue);

impl IntoDeserializer<'_, serde_dynamo::Error> for Attribute {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0.into())
    }
}

fn text(value: AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

/// Whether a version that something else wrote can stand in an `ETag` (RFC 9110 §8.8.3).
fn is_opaque_tag(version: &str) -> bool {
    !version.is_empty() && version.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'~'))
}

fn derived_version(id: &str, movie: &Movie) -> Result<String, StoreError> {
    let content = serde_json::to_vec(&(id, movie)).map_err(not_written)?;
    let half: Vec<_> = Sha256::digest(&content).into_iter().take(16).collect();
    Ok(format!("{DERIVED}{}", BASE64_URL_SAFE_NO_PAD.encode(half)))
}

/// A movie's types can all be written; this would be a bug in one of them.
fn not_written(error: impl std::error::Error) -> StoreError {
    tracing::error!(cause = %error, "a movie cannot be written");
    StoreError::Corrupt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movie::MoviePatch;

    const MOVIE: &[u8] = br#"{"title":"A","year":1,"cast":["B",""],"image":"https://x.org/","description":"C"}"#;

    fn item() -> Item {
        let movie = Movie::from_json(MOVIE).unwrap();
        Record::new(&movie.id().unwrap(), movie, "v1".to_owned()).to_item().unwrap()
    }

    /// The names of the movie's own attributes that a listing reads.
    fn fields() -> impl Iterator<Item = String> {
        item().into_keys().filter(|name| projection_names().contains_key(&format!("#{name}")))
    }

    fn read(item: Item) -> (String, VersionedMovie) {
        Record::from_item(item).and_then(Record::into_entry).unwrap()
    }

    fn string(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let (id, versioned) = read(item());
        assert_eq!((id.as_str(), versioned.version.as_str()), ("A-1", "v1"));
        assert_eq!(versioned.movie, Movie::from_json(MOVIE).unwrap());
        assert!(fields().count() + ["id", "etag", "prior_etag"].len() == item().len());
    }

    #[test]
    fn each_bad_attribute_is_named() {
        for (name, value, reason) in [
            ("title", string(" "), "title: must be a string that is not blank"),
            ("title", AttributeValue::N("1".to_owned()), "title: Expected string"),
            ("year", string("2020"), "year: Expected num"),
            ("year", AttributeValue::N("0".to_owned()), "year: must be an integer from 1 to 9999"),
            ("year", AttributeValue::N("1.5".to_owned()), "year: Failed to parse"),
            ("cast", AttributeValue::L(vec![AttributeValue::Null(true)]), "cast: Expected string"),
            ("image", string("javascript:x"), "image: must be an absolute http"),
            ("description", AttributeValue::Bool(true), "description: Expected string"),
        ] {
            let mut item = item();
            item.insert(name.to_owned(), value);
            let found = Record::read(item).unwrap_err().reason;
            assert!(found.starts_with(reason), "{name}: {found}");
        }
        for name in fields() {
            let mut item = item();
            item.remove(&name);
            assert_eq!(Record::read(item).unwrap_err().reason, format!("missing field `{name}`"));
        }
    }

    #[test]
    fn an_item_that_something_else_wrote_is_a_movie_with_a_version_of_its_content() {
        let mut other = item();
        other.remove("prior_etag");
        other.insert("rank".to_owned(), AttributeValue::M(Item::from([("a".to_owned(), AttributeValue::Null(true))])));
        let mut versions = Vec::new();
        for version in
            [None, Some(string("")), Some(string("a\"b")), Some(string("é")), Some(AttributeValue::Bool(true))]
        {
            let mut item = other.clone();
            item.remove("etag");
            item.extend(version.map(|version| ("etag".to_owned(), version)));
            versions.push(read(item).1.version);
        }
        versions.dedup();
        assert!(matches!(versions.as_slice(), [one] if one.starts_with(DERIVED) && is_opaque_tag(one)), "{versions:?}");
        other.remove("etag");
        for (name, value) in [("id", "B-1"), ("title", "B"), ("description", "D")] {
            let mut item = other.clone();
            item.insert(name.to_owned(), string(value));
            versions.push(read(item).1.version);
        }
        versions.sort();
        versions.dedup();
        assert_eq!(versions.len(), 4);
    }

    #[test]
    fn a_patch_sets_what_it_names() {
        let patch = MoviePatch::from_json(br#"{"cast":[],"description":""}"#).unwrap();
        let Changes { set, remove } = changes(&patch).unwrap();
        assert_eq!(
            set,
            Item::from([("cast".to_owned(), AttributeValue::L(Vec::new())), ("description".to_owned(), string(""))])
        );
        assert!(remove.is_empty());
    }
}
