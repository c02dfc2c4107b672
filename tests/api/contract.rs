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
/// status, the required headers, its media type, and the schema of its body. `headers.rs` checks what HEAD, OPTIONS and a 405
/// have, of which the document has only a sentence.
pub fn check(method: &str, path: &str, status: u64, headers: &BTreeMap<String, String>, body: &[u8]) {
    let line = format!("{method} {path:.200}, status {status}");
    let is_head = method == "HEAD";
    let template = template(path);
    if is_head || status == 204 {
        assert!(body.is_empty(), "{line}: with a body");
    }
    if method == "OPTIONS" && status == 204 {
        return assert!(template.is_some(), "{line}: the document does not have this path");
    }
    // OPTIONS of Swagger UI is 404 where it is turned off.
    let method = if is_head || method == "OPTIONS" { "GET" } else { method };
    let Some(operation) = template.and_then(|template| operation(template, method)) else {
        let expected = if template.is_none() { 404 } else { 405 };
        assert_eq!(status, expected, "{line}: the document does not have this path or method");
        return if !is_head {
            validate(&json!({"$ref": "#/components/schemas/Problem"}), &parse(body, &line), &line);
        };
    };
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
    let essence = essence(headers);
    let media = content.get(essence).unwrap_or_else(|| panic!("{line}: an undocumented media type, {essence}"));
    if essence.ends_with("json") && !is_head {
        validate(&media["schema"], &parse(body, &line), &line);
    }
}

fn parse(body: &[u8], line: &str) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A response's media type.
pub fn essence(headers: &BTreeMap<String, String>) -> &str {
    headers.get("content-type").and_then(|value| value.split(';').next()).unwrap_or_default()
}

/// The description of a method on a path of the document.
pub fn operation(template: &str, method: &str) -> Option<&'static Value> {
    let is_described = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
    DOCUMENT["paths"][template].get(method.to_lowercase()).filter(|_| is_described)
}

/// The path in the document that matches a request's path.
pub fn template(path: &str) -> Option<&'static str> {
    let is_path = |known: &str| match known.strip_suffix("/{id}") {
        // Everything after a collection is one id.
        Some(collection) => path.strip_prefix(collection).is_some_and(|id| id.len() > 1 && id.starts_with('/')),
        None if known.contains('{') => samples(known).iter().any(|file| path == file),
        None => path == known || known.strip_suffix('/').is_some_and(|known| !known.is_empty() && path == known),
    };
    DOCUMENT["paths"].as_object().unwrap().keys().map(String::as_str).find(|known| is_path(known))
}

/// The paths that a path of the document stands for: one for each value of its parameters, or for their example.
pub fn samples(template: &str) -> Vec<String> {
    let parameters = DOCUMENT["paths"][template]["parameters"].as_array().into_iter().flatten().map(resolve);
    parameters.fold(vec![template.to_owned()], |paths, parameter| {
        let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
        let listed = parameter["schema"]["enum"].as_array().map(Vec::as_slice);
        let values = listed.unwrap_or(std::slice::from_ref(&parameter["example"]));
        let filled = |path: &String| values.iter().map(|value| path.replace(&name, value.as_str().unwrap())).collect();
        paths.iter().flat_map(|path| -> Vec<String> { filled(path) }).collect()
    })
}

/// What a reference in the document refers to, or the value itself.
pub fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => DOCUMENT.pointer(pointer).expect("a reference leads somewhere"),
        None => value,
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
