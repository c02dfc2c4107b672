//! Nothing is left of a field, a parameter, a rename or an index after it is gone: the document, the problems and the
//! template mention only what exists.

use std::{collections::BTreeSet, fs, path::Path};

use movies::{fields::Invalid, movie::Movie};
use serde_json::{Map, Value, json};

use crate::{contract::DOCUMENT, openapi::each_object};

/// The text of a file of the project.
fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The words that follow `mark` in a text, without duplicates.
fn words_after<'a>(text: &'a str, mark: &str) -> BTreeSet<&'a str> {
    let word = |rest: &'a str| rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).next().unwrap();
    text.split(mark).skip(1).map(word).collect()
}

#[test]
fn the_texts_of_the_document_quote_the_fields_that_they_mention() {
    // Quoted names are compared with the document, so a field that is gone is found only where it is quoted.
    let mut texts = 0;
    each_object(&DOCUMENT, &mut |object| {
        for text in ["description", "summary"].into_iter().filter_map(|name| object.get(name)?.as_str()) {
            let plain: String = text.split('`').step_by(2).collect();
            let plain = plain.to_lowercase();
            let named = plain.split(|c: char| !c.is_alphanumeric()).find(|word| Movie::FIELDS.contains(word));
            assert_eq!(named, None, "quote it with backticks: {text}");
            texts += 1;
        }
    });
    assert!(texts > 50, "{texts}");
}

#[test]
fn the_errors_in_the_examples_are_those_of_the_service() {
    let mut count = 0;
    each_object(&DOCUMENT, &mut |object| {
        let errors = object.get("errors").and_then(Value::as_array).into_iter().flatten();
        for error in errors.filter(|error| error.get("pointer").is_some_and(Value::is_string)) {
            let field = error["pointer"].as_str().unwrap().trim_start_matches('/');
            let body = json!(Map::from_iter([(field.to_owned(), Value::Null)])).to_string();
            let Err(Invalid::Fields(found)) = Movie::from_json(body.as_bytes()) else { panic!("{body}") };
            assert!(found.iter().any(|found| json!(found) == *error), "{error} is none of {found:?}");
            count += 1;
        }
    });
    assert!(count > 0);
}

#[test]
fn the_document_mentions_a_rename_only_if_a_change_can_have_a_location() {
    let change = DOCUMENT["components"]["responses"]["ChangedMovie"]["headers"].as_object().unwrap();
    each_object(&DOCUMENT, &mut |object| {
        for text in ["description", "summary"].into_iter().filter_map(|name| object.get(name)?.as_str()) {
            let is_about_renames = ["rename", "moves", "new id"].into_iter().any(|word| text.contains(word));
            assert!(!is_about_renames || change.contains_key("Location"), "{text}");
        }
    });
}

#[test]
fn the_problems_quote_names_that_the_document_has() {
    let source = file("src/problem.rs");
    let (variants, _) = source.split_once("\n}\n").unwrap();
    let texts: String = variants.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let quoted: BTreeSet<_> = texts.split('`').skip(1).step_by(2).filter(|name| !name.starts_with('{')).collect();
    assert!(quoted.contains("Idempotency-Key"), "{quoted:?}");
    let mut names = BTreeSet::new();
    each_object(&DOCUMENT, &mut |object| {
        names.extend(object.get("name").and_then(Value::as_str));
        names
            .extend(object.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| &**name));
    });
    assert_eq!(quoted.difference(&names).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn each_index_of_the_template_has_a_caller_and_each_key_is_an_attribute() {
    let template = file("template.yaml");
    let store: String = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"))
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .collect();
    let indexes = words_after(&template, "IndexName: ");
    for index in &indexes {
        assert!(store.contains(&format!("\"{index}\"")), "the store does not query the index {index}");
    }
    for mark in ["/index/", "GlobalSecondaryIndexName, Value: ", "\"GlobalSecondaryIndexName\", \""] {
        let mentioned = words_after(&template, mark);
        assert_eq!(mentioned, indexes, "after {mark}");
    }
    let attributes = words_after(&template, "AttributeName: ");
    let known: BTreeSet<_> = ["id", "key", "expires_at"].into_iter().chain(Movie::FIELDS.iter().copied()).collect();
    assert!(attributes.contains("id"), "{attributes:?}");
    assert_eq!(attributes.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "the movie has no such field");
}
