//! Compares each request body with the OpenAPI document: the document and the service must agree on what a movie and a
//! patch are. Every request of a test is checked here. `schemas` does the same for random movies and patches.

use std::panic::catch_unwind;

use serde_json::{Value, json};

use crate::contract;

/// Whether a schema of the document allows this.
pub fn allows(schema: &Value, instance: &Value) -> bool {
    contract::validator(schema).is_valid(instance)
}

/// Whether the service rejects a field by a rule that the schema does not express. These rules are: a title has a
/// character that is not Unicode white space, title and year fit into an id, an image is a URL with a host, and a field
/// is given once.
pub fn is_beyond_the_schema(pointer: &str, detail: &str, body: &Value) -> bool {
    let text = |name: &str| body[name].as_str();
    match pointer {
        "/title" if text("title").is_some_and(|title| title.trim().is_empty()) => true,
        "/title" if detail.starts_with("is too long: title, dash and year are at most") => true,
        "/image" => text("image").is_some(),
        _ => detail == "is given more than once",
    }
}

/// Panics if the service rejects a body that the document allows, or accepts one that the document does not allow.
pub fn check(method: &str, path: &str, body: &[u8], status: u64, response: &[u8]) {
    let Some(template) = contract::template(path) else { return };
    let Some(operation) = contract::operation(template, method) else { return };
    let schema = &contract::resolve(&operation["requestBody"])["content"]["application/json"]["schema"];
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    if schema.is_null() {
        return;
    }
    let problem: Value = serde_json::from_slice(response).unwrap_or_default();
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let beyond = |error: &Value| {
        is_beyond_the_schema(error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap(), &body)
    };
    let line = format!("{method} {path:.200} with {:.200} gets {status}", body.to_string());
    if allows(schema, &body) {
        let is_refused = problem["type"] == "urn:problem-type:movies:bad-body" || !errors.iter().all(beyond);
        assert!(!is_refused, "{line}, although the document allows this body: {problem}");
    } else {
        assert!(
            (400..500).contains(&status) && ![409, 412].contains(&status),
            "{line}: the document forbids this body"
        );
    }
}

#[test]
fn a_disagreement_with_the_document_about_a_body_is_detected() {
    let movie = r#"{"title":"A","year":1,"cast":[],"image":"https://x.org/","description":""}"#;
    let refused = |pointer: &str, detail: &str| {
        json!({"type": "urn:problem-type:movies:bad-fields", "errors": [{"pointer": pointer, "detail": detail}]})
            .to_string()
    };
    let judge = |body: &str, status, response: &str| {
        check("POST", "/ns_movies/", body.as_bytes(), status, response.as_bytes());
    };
    judge(movie, 200, movie);
    judge(movie, 409, "{}");
    judge(&movie.replace(":1,", ":0,"), 400, &refused("/year", "must be"));
    judge(movie, 400, &refused("/title", "is too long: title, dash and year are at most 2048 bytes"));
    judge(&movie.replace("\"A\"", "\"\u{2003}\""), 400, &refused("/title", "must be"));
    for (body, status, response) in [
        (movie.to_owned(), 400, refused("/year", "must be")),
        (movie.to_owned(), 400, refused("/title", "must be")),
        (movie.to_owned(), 400, r#"{"type":"urn:problem-type:movies:bad-body"}"#.to_owned()),
        (movie.replace(":1,", ":0,"), 200, movie.to_owned()),
        (movie.replace(":1,", ":0,"), 409, "{}".to_owned()),
        ("[]".to_owned(), 200, movie.to_owned()),
    ] {
        let found = catch_unwind(|| judge(&body, status, &response));
        assert!(found.is_err(), "{body} {status} {response}");
    }
}
