//! Tests of the mapping between items and movies.

use super::*;
use crate::{movie::MoviePatch, telemetry::tests::logged};

const MOVIE: &[u8] = br#"{"title":"A","year":1,"cast":["B",""],"image":"https://x.org/","description":"C"}"#;

fn movie() -> Movie {
    Movie::from_json(MOVIE).unwrap()
}

fn item() -> Item {
    item_of(&id(), &movie(), "v1", Item::new()).unwrap()
}

/// The names of the movie's own attributes.
fn fields() -> impl Iterator<Item = String> {
    item().into_keys().filter(|name| Movie::FIELDS.contains(&name.as_str()))
}

fn id() -> MovieId {
    movie().id().unwrap()
}

#[test]
fn a_record_is_read_as_it_was_written() {
    assert_eq!(read("A-1", item()), Ok(VersionedMovie { movie: movie(), version: "v1".to_owned() }));
    assert!(fields().count() + ["id", "etag", "prior_etag"].len() == item().len());
}

#[test]
fn each_bad_attribute_is_named() {
    let binary = |bytes: &[u8]| AttributeValue::Bs(vec![bytes.to_vec().into()]);
    for (name, value, reason) in [
        ("title", string(" "), "title: must be a string that is not blank"),
        ("title", string("a"), "id: must be `title`, a dash and `year`"),
        ("year", AttributeValue::N("2".to_owned()), "id: must be `title`, a dash and `year`"),
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
        let found = read("A-1", item).unwrap_err();
        assert!(found.starts_with(reason), "{name}: {found}");
    }
    for name in fields() {
        let mut item = item();
        item.remove(&name);
        assert_eq!(read("A-1", item).unwrap_err(), format!("missing field `{name}`"));
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
fn an_item_that_replaces_another_keeps_its_other_attributes() {
    let mut current = item();
    current.insert("rank".to_owned(), AttributeValue::N("7".to_owned()));
    current.insert("title".to_owned(), string("Old"));
    let new = item_of(&id(), &movie(), "v2", current).unwrap();
    let mut expected = item();
    expected.insert("rank".to_owned(), AttributeValue::N("7".to_owned()));
    expected.insert("etag".to_owned(), string("v2"));
    expected.insert("prior_etag".to_owned(), string("v1"));
    assert_eq!(new, expected);
}

#[test]
fn a_patch_sets_what_it_names() {
    let patch = MoviePatch::from_json(br#"{"cast":[],"description":""}"#).unwrap();
    let Changes { set, remove } = changes_of(&patch).unwrap();
    assert_eq!(
        set,
        Item::from([("cast".to_owned(), AttributeValue::L(Vec::new())), ("description".to_owned(), string(""))])
    );
    assert!(remove.is_empty());
}

/// Each map has another order, so this repeats.
#[test]
fn one_line_names_the_items_of_a_page_that_are_not_movies() {
    let broken = |n: usize| {
        let id = ("id".to_owned(), string(&format!("Row {n}-1")));
        item().into_iter().filter(|(name, _)| name != "title").chain([id]).collect()
    };
    for (count, named) in [(0, 0), (1, 1), (12, MAX_NAMED)].repeat(10) {
        let items = (0..count).map(broken).collect();
        let lines = logged(|| assert!(movies_in(items).is_empty()));
        assert_eq!(lines.len(), count.min(1), "{lines:?}");
        for line in lines {
            let items = line["items"].as_str().unwrap();
            assert_eq!(items.matches("-1' (missing field `title`)").count(), named, "{line}");
            assert_eq!(line["count"], count, "{line}");
        }
    }
}
