//! An entity as an item of its table: its own attributes, `id`, and the versions of the last two writes. Only reading is
//! specific to movies.

use std::{cell::Cell, collections::HashMap, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{
    Deserialize as _, Serialize,
    de::{IntoDeserializer, value::MapDeserializer},
};

use super::{
    Item, StoreError, VersionedMovie,
    expression::{Changes, Condition},
    size, version,
};
use crate::movie::{Movie, MovieId};

/// The DynamoDB types of the attributes that every movie has, in addition to the title and the year.
const TYPES: [(&str, &str); 3] = [("cast", "L"), ("image", "S"), ("description", "S")];

/// The item of an entity with these fields that replaces `current`. The new item keeps the other attributes of `current`.
pub(super) fn to_item(
    id: &str,
    entity: &impl Serialize,
    fields: &[&str],
    version: &str,
    current: Item,
) -> Result<Item, StoreError> {
    let prior = version::stored(&current).unwrap_or_default().to_owned();
    let mut item = current;
    item.retain(|name, _| !fields.contains(&name.as_str()));
    item.extend(serde_dynamo::to_item::<_, Item>(entity).map_err(not_written)?);
    // Reserves room for `prior_etag`, which a later update fills.
    let later = version.len().saturating_sub(prior.len());
    for (name, text) in [("id", id), ("etag", version), ("prior_etag", &prior)] {
        item.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
    }
    if size::of(&item) + later > size::MAX_ITEM_BYTES { Err(StoreError::TooLarge) } else { Ok(item) }
}

/// Parses an item. Logs an item that is not a movie, and treats it as absent.
pub(super) fn from_item(item: Item) -> Result<VersionedMovie, StoreError> {
    read(item).map(|(_, movie)| movie).map_err(|other| other.log(None))
}

/// The movie that a patch makes of an item, at `new_id`. The current item can have invalid fields, if the patch sets all
/// of them.
pub(super) fn patched(current: &Item, new_id: &MovieId, patch: &impl Serialize) -> Result<Movie, StoreError> {
    let mut item = current.clone();
    let Changes { set, remove } = changes(patch)?;
    item.extend(set);
    item.retain(|name, _| !remove.contains(name));
    item.insert("id".to_owned(), AttributeValue::S(new_id.as_str().to_owned()));
    read(item).map(|(_, found)| found.movie).map_err(|other| other.log(current.get("id")))
}

/// Adds to the condition of an update that the item at `id` is a movie. It does not cover the fields that the update
/// sets. It cannot show each invalid value: an image can begin like a URL, and a cast can contain other values.
pub(super) fn require_movie(condition: &mut Condition, id: &MovieId, changes: &Changes) {
    let year = AttributeValue::N(id.year().to_string());
    for (name, value) in [("title", AttributeValue::S(id.title().as_ref().to_owned())), ("year", year)] {
        if !changes.set.contains_key(name) {
            condition.and_equal(name, value);
        }
    }
    for (name, of_type) in TYPES.iter().filter(|(name, _)| !changes.set.contains_key(*name)) {
        condition.and_type(name, of_type);
    }
    if !changes.set.contains_key("image") {
        condition.and("begins_with(#image, :http)");
        condition.values.insert(":http".to_owned(), AttributeValue::S("http".to_owned()));
    }
}

/// Parses an item's id and movie. An item is a movie if all five fields are valid, and if its id is the title, a dash and
/// the year. Other attributes do not matter.
///
/// The item is parsed in one pass. [`serde_dynamo::from_item`] first copies it into another map. For a page of a
/// thousand items, that costs as much as everything in this function.
pub(super) fn read(mut item: Item) -> Result<(String, VersionedMovie), NotAMovie> {
    let version = version::take(&mut item);
    // A map has no order, so the id is taken before a field can turn out to be invalid.
    let id = item.remove("id").and_then(|id| if let AttributeValue::S(id) = id { Some(id) } else { None });
    let id = id.unwrap_or_default();
    let current = Cell::new("");
    // A set of binary values counts as absent, because serde would read its bytes as strings.
    let fields = item.into_iter().filter(|(_, value)| !value.is_bs()).filter_map(|(name, value)| {
        let field = Movie::FIELDS.iter().find(|field| **field == name)?;
        current.set(field);
        Some((*field, Attribute(value)))
    });
    match Movie::deserialize(MapDeserializer::new(fields)) {
        Ok(movie) if !movie.has_id(&id) => {
            Err(NotAMovie { id, reason: "id: must be the title, a dash and the year".into() })
        }
        Ok(movie) => Ok((id, VersionedMovie { movie, version })),
        Err(error) => Err(NotAMovie { id, reason: reason(current.get(), &error) }),
    }
}

/// The changes in a patch, which is a JSON Merge Patch: null removes a field.
pub(super) fn changes(patch: &impl Serialize) -> Result<Changes, StoreError> {
    let item: Item = serde_dynamo::to_item(patch).map_err(not_written)?;
    let (removed, set): (Item, Item) = item.into_iter().partition(|(_, value)| value.is_null());
    Ok(Changes { set, remove: removed.into_keys().collect() })
}

/// The attributes that a listing reads: all except `prior_etag`, which only writes use. An eighth attribute would make
/// the map of each item grow once more, and a page would cost an eighth more.
pub(super) fn projection(fields: &[&str]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| format!("#{field}")).collect();
    format!("id, etag, {}", fields.join(", "))
}

/// The names for the placeholders in [`projection`]. Some fields are reserved words of DynamoDB.
pub(super) fn projection_names(fields: &[&str]) -> HashMap<String, String> {
    fields.iter().map(|field| (format!("#{field}"), (*field).to_owned())).collect()
}

/// Why an item is not a movie.
#[derive(Debug)]
pub(super) struct NotAMovie {
    id: String,
    reason: String,
}

impl NotAMovie {
    /// Logs the item. `stored_id` replaces the id, if a patch has changed it.
    fn log(self, stored_id: Option<&AttributeValue>) -> StoreError {
        let id = stored_id.and_then(|id| id.as_s().ok()).unwrap_or(&self.id);
        tracing::error!(id, reason = self.reason, "an item in the table is not a movie");
        StoreError::NotFound
    }
}

impl fmt::Display for NotAMovie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' ({})", self.id, self.reason)
    }
}

/// The error's text, with the name of the field that was read last. The text for a missing field already contains the
/// name.
fn reason(field: &str, error: &serde_dynamo::Error) -> String {
    let error = error.to_string();
    if error.starts_with("missing field") { error } else { format!("{field}: {error}") }
}

/// A value that serde deserializes in the same way as `serde_dynamo`.
struct Attribute(AttributeValue);

impl IntoDeserializer<'_, serde_dynamo::Error> for Attribute {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0.into())
    }
}

/// Logs an error of serialization. It is a bug, because every value of a field can be serialized.
fn not_written(error: impl std::error::Error) -> StoreError {
    tracing::error!(cause = %error, "an entity cannot be written");
    StoreError::Corrupt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movie::MoviePatch;

    const MOVIE: &[u8] = br#"{"title":"A","year":1,"cast":["B",""],"image":"https://x.org/","description":"C"}"#;

    fn movie() -> Movie {
        Movie::from_json(MOVIE).unwrap()
    }

    fn item() -> Item {
        to_item("A-1", &movie(), Movie::FIELDS, "v1", Item::new()).unwrap()
    }

    /// The names of the movie's own attributes that a listing reads.
    fn fields() -> impl Iterator<Item = String> {
        item().into_keys().filter(|name| projection_names(Movie::FIELDS).contains_key(&format!("#{name}")))
    }

    fn string(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let (id, versioned) = read(item()).unwrap();
        assert_eq!((id.as_str(), versioned.version.as_str()), ("A-1", "v1"));
        assert_eq!(versioned.movie, movie());
        assert!(fields().count() + ["id", "etag", "prior_etag"].len() == item().len());
    }

    #[test]
    fn each_bad_attribute_is_named() {
        let binary = |bytes: &[u8]| AttributeValue::Bs(vec![bytes.to_vec().into()]);
        for (name, value, reason) in [
            ("title", string(" "), "title: must be a string that is not blank"),
            ("title", string("a"), "id: must be the title, a dash and the year"),
            ("year", AttributeValue::N("2".to_owned()), "id: must be the title, a dash and the year"),
            ("cast", binary(b"B"), "missing field `cast`"),
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
            // Each map has another order.
            for item in (0..20).map(|_| item.iter().map(|(name, value)| (name.clone(), value.clone())).collect()) {
                let found = read(item).unwrap_err();
                assert!(found.reason.starts_with(reason), "{name}: {}", found.reason);
                assert_eq!(found.id, "A-1", "{name}: the line names the item");
            }
        }
        for name in fields() {
            let mut item = item();
            item.remove(&name);
            assert_eq!(read(item).unwrap_err().to_string(), format!("'A-1' (missing field `{name}`)"));
        }
    }

    #[test]
    fn the_types_are_those_of_a_written_item() {
        let item = item();
        for (name, of_type) in TYPES {
            let is_of_type = match of_type {
                "S" => item[name].is_s(),
                "N" => item[name].is_n(),
                _ => item[name].is_l(),
            };
            assert!(is_of_type, "{name}");
        }
        assert_eq!(fields().count(), ["title", "year"].len() + TYPES.len());
    }

    #[test]
    fn an_item_with_five_valid_fields_is_a_movie_whatever_else_it_has_or_lacks() {
        let mut other = item();
        other.remove("prior_etag");
        other.remove("etag");
        other.insert("rank".to_owned(), AttributeValue::M(Item::from([("a".to_owned(), AttributeValue::Null(true))])));
        let (id, found) = read(other.clone()).unwrap();
        assert_eq!((id.as_str(), found.movie), ("A-1", movie()));
        assert!(version::is_derived(&found.version));
        for id in ["weird", "a-0x", "", " -1", "A-2", "a-1"] {
            other.insert("id".to_owned(), string(id));
            let found = read(other.clone()).unwrap_err().to_string();
            assert_eq!(found, format!("'{id}' (id: must be the title, a dash and the year)"));
        }
    }

    #[test]
    fn an_item_that_replaces_another_keeps_its_other_attributes() {
        let mut current = item();
        current.insert("rank".to_owned(), AttributeValue::N("7".to_owned()));
        current.insert("title".to_owned(), string("Old"));
        let new = to_item("A-1", &movie(), Movie::FIELDS, "v2", current).unwrap();
        let mut expected = item();
        expected.insert("rank".to_owned(), AttributeValue::N("7".to_owned()));
        expected.insert("etag".to_owned(), string("v2"));
        expected.insert("prior_etag".to_owned(), string("v1"));
        assert_eq!(new, expected);
    }

    #[test]
    fn a_patch_can_repair_an_item_that_is_not_a_movie() {
        let mut broken = item();
        broken.insert("cast".to_owned(), string("B"));
        broken.remove("image");
        for (patch, is_movie) in [
            (r#"{"cast":["B",""],"image":"https://x.org/"}"#, true),
            (r#"{"cast":["B",""]}"#, false),
            (r#"{"image":"https://x.org/"}"#, false),
        ] {
            let id = movie().id().unwrap();
            let patched = patched(&broken, &id, &MoviePatch::from_json(patch.as_bytes()).unwrap());
            assert_eq!(patched, if is_movie { Ok(movie()) } else { Err(StoreError::NotFound) }, "{patch}");
        }
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
