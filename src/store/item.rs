//! A movie as a DynamoDB item, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tracing::error;

use super::{StoreError, VersionedMovie};
use crate::movie::{ImageUrl, Movie, MovieId, MoviePatch, Title, Year};

/// Attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// DynamoDB's limit for an item, names and values together, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The attributes that a listing reads: all but `prior_etag`, which only a write looks at. With eight instead of seven, the
/// map of each item would have to grow once more, and a page cost an eighth more.
pub(super) const PROJECTION: &str = "id, title, #year, #cast, image, description, etag";

/// What the placeholders in [`PROJECTION`] are for; both are reserved words.
pub(super) fn projection_names() -> HashMap<String, String> {
    ["year", "cast"].map(|name| (format!("#{name}"), name.to_owned())).into()
}

/// The whole item of a movie that no other write has changed yet.
pub(super) fn from_stored(id: &MovieId, stored: &VersionedMovie) -> Result<Item, StoreError> {
    let movie = &stored.movie;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let item = Item::from([
        ("id".to_owned(), text(id.as_str())),
        ("title".to_owned(), text(movie.title.as_ref())),
        ("year".to_owned(), AttributeValue::N(movie.year.to_string())),
        ("cast".to_owned(), names(&movie.cast)),
        ("image".to_owned(), text(movie.image.as_str())),
        ("description".to_owned(), text(&movie.description)),
        ("etag".to_owned(), text(&stored.etag)),
        ("prior_etag".to_owned(), text("")),
    ]);
    // An update fills `prior_etag` later.
    let bytes = item.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>() + stored.etag.len();
    if bytes > MAX_ITEM_BYTES { Err(StoreError::TooLarge) } else { Ok(item) }
}

/// The attributes that a patch sets on a movie that keeps its id.
pub(super) fn changes(patch: &MoviePatch) -> impl Iterator<Item = (&'static str, AttributeValue)> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    [
        ("cast", patch.cast.as_deref().map(names)),
        ("image", patch.image.as_ref().map(|image| text(image.as_str()))),
        ("description", patch.description.as_deref().map(text)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
}

/// The movie in an item.
pub(super) fn to_stored(item: Item) -> Result<VersionedMovie, StoreError> {
    to_entry(item).map(|(_, stored)| stored)
}

/// The id and the movie in an item.
pub(super) fn to_entry(item: Item) -> Result<(String, VersionedMovie), StoreError> {
    let (id, stored) = read(item);
    match (id, stored) {
        (Some(id), Some(stored)) => Ok((id, stored)),
        (id, _) => {
            error!(id, "an item in the table is not a movie");
            Err(StoreError::Corrupt)
        }
    }
}

/// Takes the item apart in one go, since looking up each attribute by name would cost a page of a thousand twice as much.
fn read(item: Item) -> (Option<String>, Option<VersionedMovie>) {
    let (mut id, mut title, mut year, mut cast, mut image, mut description, mut etag) = Default::default();
    for (name, value) in item {
        match (name.as_str(), value) {
            ("id", AttributeValue::S(text)) => id = Some(text),
            ("title", AttributeValue::S(text)) => title = Title::parse(text),
            ("year", AttributeValue::N(digits)) => year = digits.parse::<Year>().ok(),
            ("cast", AttributeValue::L(names)) => cast = names.into_iter().map(string).collect::<Option<Vec<_>>>(),
            ("image", AttributeValue::S(text)) => image = ImageUrl::parse(text),
            ("description", AttributeValue::S(text)) => description = Some(text),
            ("etag", AttributeValue::S(text)) => etag = Some(text),
            _ => {}
        }
    }
    let stored = || {
        let movie = Movie { title: title?, year: year?, cast: cast?, image: image?, description: description? };
        Some(VersionedMovie { movie, etag: etag? })
    };
    let stored = stored();
    (id, stored)
}

/// An item's or a key's id.
pub(super) fn id(item: &Item) -> Option<String> {
    item.get("id").and_then(|id| id.as_s().ok()).cloned()
}

/// Whether the item's last write, or the one before, has this stamp.
pub(super) fn bears(item: &Item, stamp: &str) -> bool {
    ["etag", "prior_etag"].into_iter().filter_map(|name| item.get(name)?.as_s().ok()).any(|found| found == stamp)
}

fn names(names: &[String]) -> AttributeValue {
    AttributeValue::L(names.iter().cloned().map(AttributeValue::S).collect())
}

fn string(value: AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

/// A value's size as DynamoDB counts it, for the three types that are used
/// (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats").
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + size(entry)).sum::<usize>(),
        _ => 0,
    }
}
