//! Compares each response with the OpenAPI document. Every response in a test is checked here.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The document that the service serves.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../src/openapi.json")).expect("the document is JSON"));

/// Panics unless the document describes this response to `method` on `path` (decoded, without stage and base path): its
/// status, the required headers, its media type, and the schema of its body.
pub fn check(method: &str, path: &str, status: u64, headers: &BTreeMap<String, String>, body: &[u8]) {
    let line = format!("{method} {path:.200}, status {status}");
    let Some(template) = template(path) else {
        assert_eq!(status, 404, "{line}: the document does not have this path");
        return check_problem(body, method, &line);
    };
    let operation = &DOCUMENT["paths"][template][method.to_lowercase()];
    if operation.is_null() || method != method.to_uppercase() {
        assert_eq!(status, 405, "{line}: the document does not have this method");
        assert!(headers.contains_key("allow"), "{line}: without Allow");
        return check_problem(body, method, &line);
    }
    let response = resolve(&operation["responses"][status.to_string()]);
    assert!(!response.is_null(), "{line}: the document does not have this status");

    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let header = resolve(header);
        match headers.get(&name.to_lowercase()) {
            None => assert!(header["required"] != json!(true), "{line}: without {name}"),
            Some(value) => {
                let integer = Some(value).filter(|_| header["schema"]["type"] == "integer");
                let value = integer.map_or(json!(value), |value| json!(value.parse::<i64>().expect("an integer")));
                validate(&header["schema"], &value, &format!("{line}: {name}"));
            }
        }
    }

    let Some(content) = response["content"].as_object() else {
        assert!(body.is_empty(), "{line}: with a body that the document does not have");
        return;
    };
    let essence = headers.get("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
    let media = content.get(essence).unwrap_or_else(|| panic!("{line}: an undocumented media type, {essence}"));
    if essence.ends_with("json") {
        let body = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{line}: {error}"));
        validate(&media["schema"], &body, &line);
    }
}

/// The path in the document that matches a request's path.
pub fn template(path: &str) -> Option<&'static str> {
    let is_file = |known: &str| {
        let parameters = &DOCUMENT["paths"][known]["get"]["parameters"];
        let values = |at: usize| parameters[at]["schema"]["enum"].as_array().into_iter().flatten();
        let mut files = values(0).flat_map(|version| values(1).map(move |file| (version, file)));
        files.any(|(version, file)| {
            path == format!("/swagger-ui/{}/{}", version.as_str().unwrap(), file.as_str().unwrap())
        })
    };
    let is_path = |known: &str| match known.strip_suffix("/{id}") {
        // Everything after a collection is one id.
        Some(collection) => path.strip_prefix(collection).is_some_and(|id| id.len() > 1 && id.starts_with('/')),
        None if known.starts_with("/swagger-ui/") => is_file(known),
        None => path == known || known.strip_suffix('/').is_some_and(|known| !known.is_empty() && path == known),
    };
    DOCUMENT["paths"].as_object().unwrap().keys().map(String::as_str).find(|known| is_path(known))
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => DOCUMENT.pointer(pointer).expect("a reference leads somewhere"),
        None => value,
    }
}

fn check_problem(body: &[u8], method: &str, line: &str) {
    if method != "HEAD" {
        let problem = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{line}: {error}"));
        validate(&json!({"$ref": "#/components/schemas/Problem"}), &problem, line);
    }
}

fn validate(schema: &Value, instance: &Value, line: &str) {
    if let Err(error) = validator(schema).validate(instance) {
        panic!("{line}: {error} at {}", error.instance_path());
    }
}

/// The validator of a schema in the document.
pub fn validator(schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || {
        let mut whole = json!({"components": {"schemas": DOCUMENT["components"]["schemas"]}});
        whole.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
        Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema"))
    };
    validators.entry(schema.to_string()).or_insert_with(build).clone()
}
