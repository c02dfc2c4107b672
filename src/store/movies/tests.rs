//! Tests of the mapping between items and movies.

use serde_json::json;

use super::*;
use crate::{
    movie::{MoviePatch, tests::example},
    telemetry::tests::logged,
};

fn item() -> Item {
    item_of(&id(), &example(), "v1", Item::new()).unwrap()
}

/// The names of the movie's own attributes.
fn fields() -> impl Iterator<Item = String> {
    item().into_keys().filter(|name| Movie::FIELDS.contains(&name.as_str()))
}

/// The fields without which an item is not a movie.
fn required() -> impl Iterator<Item = String> {
    fields().filter(|name| read(id().as_str(), without(name)).is_err())
}

fn without(name: &str) -> Item {
    item().into_iter().filter(|(other, _)| other != name).collect()
}

fn changed_item(name: &str, value: AttributeValue) -> Item {
    item().into_iter().chain([(name.to_owned(), value)]).collect()
}

fn id() -> MovieId {
    example().id().unwrap()
}

#[test]
fn a_record_is_read_as_it_was_written() {
    assert_eq!(read(id().as_str(), item()), Ok(VersionedMovie { movie: example(), version: "v1".to_owned() }));
    assert!(fields().count() + ["id", "etag", "prior_etag"].len() == item().len());
}

#[test]
fn each_bad_attribute_is_named() {
    for (name, value, reason) in [
        ("title", string(" "), "must be a string that is not blank"),
        ("year", AttributeValue::N("0".to_owned()), "must be an integer from 1 to 9999"),
        ("year", AttributeValue::N("1.5".to_owned()), "Failed to parse"),
        ("cast", AttributeValue::L(vec![AttributeValue::Null(true)]), "Expected string"),
        ("image", string("javascript:x"), "must be an absolute http"),
    ] {
        let found = read(id().as_str(), changed_item(name, value)).unwrap_err();
        assert!(found.starts_with(&format!("{name}: {reason}")), "{name}: {found}");
    }
    let binary = AttributeValue::Bs(vec![b"B".to_vec().into()]);
    for name in required() {
        let missing = format!("missing field `{name}`");
        assert_eq!(read(id().as_str(), without(&name)).unwrap_err(), missing);
        assert_eq!(read(id().as_str(), changed_item(&name, binary.clone())).unwrap_err(), missing);
    }
    for name in fields() {
        let found = read(id().as_str(), changed_item(&name, AttributeValue::Bool(true))).unwrap_err();
        assert!(found.starts_with(&format!("{name}: ")), "{found}");
    }
    assert_eq!(read("other", item()).unwrap_err(), format!("id: must be {}", MovieId::DESCRIPTION));
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
        assert!(is_of_type && required().any(|required| required == name), "{name}");
    }
    for name in required().filter(|name| TYPES.iter().all(|(typed, _)| typed != name)) {
        assert!(MovieId::FORM.contains(&format!("{{{name}}}")), "{name} is neither typed nor in the id");
    }
}

#[test]
fn an_item_that_replaces_another_keeps_its_other_attributes() {
    let mut current = changed_item(Movie::FIELDS[0], string("Old"));
    current.insert("rank".to_owned(), AttributeValue::N("7".to_owned()));
    let new = item_of(&id(), &example(), "v2", current).unwrap();
    let mut expected = item();
    expected.insert("rank".to_owned(), AttributeValue::N("7".to_owned()));
    expected.insert("etag".to_owned(), string("v2"));
    expected.insert("prior_etag".to_owned(), string("v1"));
    assert_eq!(new, expected);
}

#[test]
fn a_patch_sets_what_it_names() {
    for name in fields() {
        let patch = json!({&name: json!(example())[&name]});
        let patch = MoviePatch::from_json(patch.to_string().as_bytes()).unwrap();
        let Changes { set, remove } = changes_of(&patch).unwrap();
        assert_eq!(set, Item::from([(name.clone(), item()[&name].clone())]));
        assert!(remove.is_empty(), "{name}");
    }
}

/// Each map has another order, so this repeats.
#[test]
fn one_line_names_the_items_of_a_page_that_are_not_movies() {
    let broken = |n: usize| {
        let id = ("id".to_owned(), string(&format!("Row {n}")));
        without(Movie::FIELDS[0]).into_iter().chain([id]).collect()
    };
    for (count, named) in [(0, 0), (1, 1), (12, MAX_NAMED)].repeat(10) {
        let items = (0..count).map(broken).collect();
        let lines = logged(|| assert!(movies_in(items).is_empty()));
        assert_eq!(lines.len(), count.min(1), "{lines:?}");
        for line in lines {
            let items = line["items"].as_str().unwrap();
            let named_items = items.matches(&format!("' (missing field `{}`)", Movie::FIELDS[0])).count();
            assert_eq!(named_items, named, "{line}");
            assert_eq!(line["count"], count, "{line}");
        }
    }
}
