//! Compares each request body with the OpenAPI document: the document and the service must agree on what a movie and a
//! patch are. Every request of a test is checked here. `movies/schemas` does the same for random movies and patches.

use std::panic::catch_unwind;

use serde_json::{Value, json};

use crate::{
    contract,
    support::{collection, movies::is_beyond_the_schema, new},
};

/// Whether a schema of the document allows this.
pub fn allows(schema: &Value, instance: &Value) -> bool {
    contract::validator(schema).is_valid(instance)
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
    let valid = new(1).body;
    let (name, _) = valid.as_object().unwrap().iter().next().unwrap();
    let mut invalid = valid.clone();
    invalid[name] = Value::Null;
    let refused = |detail: &str| {
        let errors = json!([{"pointer": format!("/{name}"), "detail": detail}]);
        json!({"type": "urn:problem-type:movies:bad-fields", "errors": errors})
    };
    let bad_body = json!({"type": "urn:problem-type:movies:bad-body"});
    let judge = |body: &Value, status, response: &Value| {
        check("POST", collection(), body.to_string().as_bytes(), status, response.to_string().as_bytes());
    };
    judge(&valid, 200, &valid);
    judge(&valid, 409, &json!({}));
    judge(&valid, 400, &refused("is given more than once"));
    judge(&invalid, 400, &refused("must be"));
    for (body, status, response) in [
        (&valid, 400, &refused("must be")),
        (&valid, 400, &bad_body),
        (&invalid, 200, &valid),
        (&invalid, 409, &json!({})),
        (&json!([]), 200, &valid),
    ] {
        let found = catch_unwind(|| judge(body, status, response));
        assert!(found.is_err(), "{body} {status} {response}");
    }
}
