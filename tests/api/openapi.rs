//! The OpenAPI document: it is served as it is, its routes are those of the service, and what it says is true of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::catch_unwind,
};

use movies::{
    problem::Problem,
    route::{self, Route},
};
use serde_json::{Value, json};

use crate::{
    contract::{self, DOCUMENT, files, methods, operation, resolve, validator},
    support::{Service, collection, merged, new},
};

#[tokio::test]
async fn it_says_what_the_contract_says() {
    let response = Service::start().await.get("/swagger.json").await;
    let document = response.json();
    assert_eq!(response.headers["content-type"], "application/json");
    assert!(document == *DOCUMENT, "the document is served as it is");
    // Relative to the document's own URL (OpenAPI 3.1, "Relative References in URLs").
    assert_eq!(document["servers"][0]["url"], ".");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["components"]["schemas"]["Movie"]["additionalProperties"], json!(false));
    let ids: Vec<_> = operations().map(|(_, _, operation)| operation["operationId"].to_string()).collect();
    assert_eq!(ids.len(), 10);
    assert_eq!(BTreeSet::from_iter(&ids).len(), ids.len(), "each operation has an id of its own");
}

/// Every operation, with its path and method.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let paths = DOCUMENT["paths"].as_object().unwrap().keys();
    paths.flat_map(move |path| {
        methods.into_iter().filter_map(|method| Some((&**path, method, operation(path, method)?)))
    })
}

/// The paths of the document.
const PATHS: [&str; 6] =
    ["/ns_movies/", "/ns_movies/{id}", "/health", "/swagger.json", "/", "/swagger-ui/{version}/{file}"];

/// The place of a route in [`PATHS`]. A new route does not compile until it has one.
fn place(route: Route<'_>) -> Option<usize> {
    Some(match route {
        Route::List | Route::Create => 0,
        Route::Read(_) | Route::Update(_) | Route::Delete(_) => 1,
        Route::Health => 2,
        Route::OpenApi => 3,
        Route::SwaggerUi => 4,
        Route::SwaggerUiFile(_) => 5,
        Route::Options(_) => return None,
    })
}

#[test]
fn its_routes_and_methods_are_those_of_the_service() {
    let described: BTreeSet<_> = DOCUMENT["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, BTreeSet::from(PATHS));
    for template in described {
        let samples = if template.contains("{id}") { vec!["/ns_movies/a/b-1".to_owned()] } else { files_or(template) };
        for (path, allow) in samples.iter().map(|path| (path, methods(template))) {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"] {
                match route::find(method, path) {
                    Ok(Route::Options(found)) => assert_eq!((method, found), ("OPTIONS", &*allow), "{path}"),
                    Ok(found) => {
                        assert!(allow.split(", ").any(|known| known == method), "{method} {path} is not described");
                        assert_eq!(place(found).map(|at| PATHS[at]), Some(template), "{method} {path}");
                    }
                    Err(Problem::MethodNotAllowed(found)) => {
                        assert!(!allow.split(", ").any(|known| known == method), "{method} {path} is no route");
                        assert_eq!(found, allow, "{method} {path}");
                    }
                    Err(problem) => panic!("{path} is no route: {problem}"),
                }
            }
        }
    }
}

fn files_or(template: &str) -> Vec<String> {
    if template.contains('{') { files(template) } else { vec![template.to_owned()] }
}

#[test]
fn its_links_lead_to_operations() {
    let mut count = 0;
    for (path, method, from) in operations() {
        for (status, response) in from["responses"].as_object().unwrap() {
            let response = resolve(response);
            for (name, link) in response["links"].as_object().into_iter().flatten() {
                let line = format!("{method} {path} {status}: {name}");
                let target = operations().find(|(_, _, to)| to["operationId"] == link["operationId"]);
                let (target, _, _) = target.unwrap_or_else(|| panic!("{line} leads nowhere"));
                let given = link["parameters"].as_object().unwrap();
                let taken = DOCUMENT["paths"][target]["parameters"].as_array().unwrap().iter().map(resolve);
                let taken: Vec<_> = taken.map(|parameter| parameter["name"].as_str().unwrap()).collect();
                assert_eq!(given.keys().collect::<Vec<_>>(), taken, "{line}: the parameters of {target}");
                for expression in given.values().flat_map(|value| value.as_str().unwrap().split('{').skip(1)) {
                    let pointer = expression.split_once('}').unwrap().0.strip_prefix("$response.body#/").unwrap();
                    let body = resolve(&response["content"]["application/json"]["schema"]);
                    assert!(body["properties"].get(pointer).is_some(), "{line}: the body has no {pointer}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 0, "no link has an expression");
}

/// Calls `found` with each object in the document.
pub fn each_object(value: &'static Value, found: &mut impl FnMut(&'static serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            found(members);
            members.values().for_each(|member| each_object(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| each_object(entry, found)),
        _ => {}
    }
}

#[test]
fn its_examples_are_valid() {
    let mut count = 0;
    each_object(&DOCUMENT, &mut |object| {
        let schema = object.get("schema").cloned().unwrap_or_else(|| json!(object));
        let several = object.get("examples").and_then(Value::as_array).into_iter().flatten();
        for example in object.get("example").into_iter().chain(several) {
            let error = validator(&schema).validate(example).err().map(|error| error.to_string());
            assert_eq!(error, None, "{example}");
            count += 1;
        }
    });
    assert!(count >= 11, "{count} examples");
}

#[test]
fn its_components_are_used() {
    let mut used: BTreeSet<String> = BTreeSet::new();
    each_object(&DOCUMENT, &mut |object| used.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned)));
    let schemes =
        DOCUMENT["security"].as_array().unwrap().iter().flat_map(|schemes| schemes.as_object().unwrap().keys());
    used.extend(schemes.map(|name| format!("#/components/securitySchemes/{name}")));
    for (kind, components) in DOCUMENT["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.remove(&reference), "{reference} is not used");
        }
    }
    assert_eq!(used, BTreeSet::new(), "every reference leads to a component");
}

#[test]
fn its_problems_have_the_types_of_the_service() {
    let types = [
        Problem::NotARequest,
        Problem::MissingBody,
        Problem::InvalidFields(Vec::new()),
        Problem::NoSuchMovie(String::new()),
        Problem::NoSuchPath,
        Problem::MethodNotAllowed("GET"),
        Problem::MovieExists(String::new()),
        Problem::PreconditionFailed,
        Problem::BodyTooLarge,
        Problem::UnsupportedType("application/json"),
        Problem::UnsupportedEncoding("application/json"),
        Problem::KeyReused,
        Problem::Internal,
        Problem::Unavailable,
    ]
    .map(|problem| {
        let json: Value = serde_json::from_slice(problem.into_response("/", "").body()).unwrap();
        json["type"].clone()
    });
    let types: Vec<_> = types.into_iter().chain([json!("about:blank")]).collect();
    assert_eq!(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"], json!(types));
}

/// What a text can quote besides names of the document.
const LITERALS: [&str; 7] = ["*", "%2F", "-._~", "http", "https", "<…>; rel=\"next\"", "Allow"];

#[test]
fn its_texts_quote_names_that_exist() {
    let mut names = BTreeSet::from(LITERALS);
    each_object(&DOCUMENT, &mut |object| {
        names.extend(object.get("name").and_then(Value::as_str));
        for members in ["properties", "headers"] {
            names.extend(object.get(members).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| &**name));
        }
    });
    let mut quoted = BTreeSet::new();
    each_object(&DOCUMENT, &mut |object| {
        let texts = ["description", "summary", "detail"].into_iter().filter_map(|name| object.get(name)?.as_str());
        quoted.extend(texts.flat_map(|text| text.split('`').skip(1).step_by(2)));
    });
    assert!(quoted.len() > 12, "{quoted:?}");
    for name in quoted {
        assert!(names.contains(name), "a text names `{name}`, which the document does not have");
    }
}

#[test]
fn a_response_that_is_not_in_the_document_is_found() {
    let headers = BTreeMap::from([
        ("content-type".to_owned(), "application/json".to_owned()),
        ("etag".to_owned(), "\"x\"".to_owned()),
    ]);
    let allow = |methods: &str| BTreeMap::from([("allow".to_owned(), methods.to_owned())]);
    let problem = json!({
        "type": "urn:problem-type:movies:method-not-allowed", "title": "t", "status": 405, "detail": "d",
        "instance": "/", "request_id": "r",
    });
    let example = new(1);
    let (path, body) = (example.path.as_str(), example.body.to_string());
    let name = example.body.as_object().unwrap().keys().next().unwrap();
    contract::check("GET", path, 200, &headers, body.as_bytes());
    contract::check("HEAD", path, 200, &headers, b"");
    contract::check("OPTIONS", "/health", 204, &allow("GET, HEAD, OPTIONS"), b"");
    contract::check("POST", "/health", 405, &allow("GET, HEAD, OPTIONS"), problem.to_string().as_bytes());
    for (method, path, status, headers, body) in [
        ("GET", path, 418, &headers, body.clone()),
        ("GET", path, 200, &BTreeMap::new(), body.clone()),
        ("GET", path, 200, &headers, merged(&example.body, &json!({name: null})).to_string()),
        ("GET", path, 200, &headers, merged(&example.body, &json!({"etag": 1})).to_string()),
        ("GET", path, 200, &headers, "{}".to_owned()),
        ("HEAD", path, 200, &headers, body.clone()),
        ("HEAD", path, 200, &BTreeMap::new(), String::new()),
        ("DELETE", path, 200, &headers, body.clone()),
        ("BREW", path, 200, &headers, body.clone()),
        ("GET", "/elsewhere", 200, &headers, body.clone()),
        ("OPTIONS", "/health", 204, &allow("GET, OPTIONS"), String::new()),
        ("OPTIONS", collection(), 204, &allow("GET, HEAD, OPTIONS"), String::new()),
        ("POST", "/health", 405, &allow("GET, HEAD, POST, OPTIONS"), problem.to_string()),
    ] {
        let found = catch_unwind(|| contract::check(method, path, status, headers, body.as_bytes()));
        assert!(found.is_err(), "{method} {path} {status} {body}");
    }
}
