//! Nothing is left of a field, a parameter, a rename or an index after it is gone: the document, the problems and the
//! template mention only what exists.

use std::{collections::BTreeSet, fs, path::Path};

use movies::movie::Movie;
use serde_json::Value;

use crate::{
    contract::DOCUMENT,
    openapi::each_object,
    support::{Service, collection},
};

/// The text of a file of the project.
fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The texts of the document in members with these names.
fn texts(members: &[&str]) -> Vec<&'static str> {
    let mut texts = Vec::new();
    each_object(&DOCUMENT, &mut |object| texts.extend(members.iter().filter_map(|name| object.get(*name)?.as_str())));
    texts
}

/// What a text can quote besides names of the document.
const LITERALS: [&str; 7] = ["*", "%2F", "-._~", "http", "https", "<…>; rel=\"next\"", "Allow"];

#[test]
fn the_document_and_the_problems_quote_names_that_exist() {
    let mut names = BTreeSet::from(LITERALS);
    each_object(&DOCUMENT, &mut |object| {
        names.extend(object.get("name").and_then(Value::as_str));
        for members in ["properties", "headers"] {
            names.extend(object.get(members).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| &**name));
        }
    });
    let source = file("src/problem.rs");
    let (problems, _) = source.split_once("\n}\n").unwrap();
    let problems = problems.lines().filter(|line| !line.trim_start().starts_with("//"));
    let texts = texts(&["description", "summary", "detail"]).into_iter().chain(problems);
    let quoted: BTreeSet<_> = texts.flat_map(|text| text.split('`').skip(1).step_by(2)).collect();
    assert!(quoted.len() > 12, "{quoted:?}");
    for name in quoted.into_iter().filter(|name| !name.starts_with('{')) {
        assert!(names.contains(name), "a text names `{name}`, which the document does not have");
    }
}

#[test]
fn the_texts_of_the_document_quote_the_fields_and_mention_a_rename_only_if_there_is_one() {
    let change = DOCUMENT["components"]["responses"]["ChangedMovie"]["headers"].as_object().unwrap();
    for text in texts(&["description", "summary"]) {
        // Quoted names are compared with the document, so a field that is gone is found only where it is quoted.
        let plain = text.split('`').step_by(2).collect::<String>().to_lowercase();
        let named = plain.split(|c: char| !c.is_alphanumeric()).find(|word| Movie::FIELDS.contains(word));
        assert_eq!(named, None, "quote it with backticks: {text}");
        let is_about_renames = ["rename", "moves", "new id"].into_iter().any(|word| text.contains(word));
        assert!(!is_about_renames || change.contains_key("Location"), "{text}");
    }
}

/// The service ignores an unknown parameter, but refuses one that is given twice.
#[tokio::test]
async fn each_parameter_of_a_listing_is_read() {
    let service = Service::start().await;
    let mut names = BTreeSet::new();
    each_object(&DOCUMENT, &mut |object| {
        names.extend(object.get("name").and_then(Value::as_str).filter(|_| object.get("in") == Some(&"query".into())));
    });
    assert!(names.contains("limit"), "{names:?}");
    for name in names {
        let twice = service.get(&format!("{}?{name}=1&{name}=1", collection())).await;
        assert_eq!(twice.status, 400, "the document has the parameter {name}, which the service does not read");
    }
}

/// The words that follow `mark` in a text, without duplicates.
fn words_after<'a>(text: &'a str, mark: &str) -> BTreeSet<&'a str> {
    let word = |rest: &'a str| rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).next().unwrap();
    text.split(mark).skip(1).map(word).collect()
}

#[test]
fn each_index_of_the_template_has_a_caller_and_each_key_is_an_attribute() {
    let (template, store) = (file("template.yaml"), file("src/store/movies.rs"));
    let indexes = words_after(&template, "IndexName: ");
    for index in &indexes {
        assert!(store.contains(&format!("\"{index}\"")), "the store does not query the index {index}");
    }
    for mark in ["/index/", "GlobalSecondaryIndexName, Value: ", "\"GlobalSecondaryIndexName\", \""] {
        assert_eq!(words_after(&template, mark), indexes, "after {mark}");
    }
    let attributes = words_after(&template, "AttributeName: ");
    let known: BTreeSet<_> = ["id", "key", "expires_at"].into_iter().chain(Movie::FIELDS.iter().copied()).collect();
    assert!(attributes.contains("id"), "{attributes:?}");
    assert_eq!(attributes.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "the movie has no such field");
}
