//! A movie as a DynamoDB item, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::{StoreError, Stored};
use crate::{
    movie::{ImageUrl, Movie, MovieId, MoviePatch, Title, Year},
    telemetry::{Level, log},
};

/// Attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// DynamoDB's limit for an item, names and values together, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The whole item of a movie that no other write has changed yet.
pub(super) fn from_stored(id: &MovieId, stored: &Stored) -> Result<Item, StoreError> {
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
pub(super) fn to_stored(mut item: Item) -> Result<Stored, StoreError> {
    read(&mut item).ok_or_else(|| {
        let id = item.get("id").and_then(|id| id.as_s().ok()).map_or(Value::Null, |id| json!(id));
        log(Level::Error, "an item in the table is not a movie", json!({"id": id}));
        StoreError::Corrupt
    })
}

fn read(item: &mut Item) -> Option<Stored> {
    let cast = match item.remove("cast")? {
        AttributeValue::L(names) => names.into_iter().map(string).collect::<Option<_>>()?,
        _ => return None,
    };
    let movie = Movie {
        title: Title::parse(item.get("title")?.as_s().ok()?)?,
        year: item.get("year")?.as_n().ok()?.parse::<Year>().ok()?,
        cast,
        image: ImageUrl::parse(item.get("image")?.as_s().ok()?)?,
        description: string(item.remove("description")?)?,
    };
    Some(Stored { movie, etag: string(item.remove("etag")?)? })
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
