//! The OpenAPI document: it is served as it is, its routes are those of the service, HEAD is like GET, and what it says is true of itself.

use std::collections::BTreeSet;

use movies::route::{self, NoRoute, Route};
use serde_json::{Map, Value, json};

use crate::{
    contract::{DOCUMENT, operation, resolve, samples},
    headers::methods,
    schemas::allows,
    support::{Service, collection, missing, stored},
};

#[tokio::test]
async fn it_is_served_as_it_is() {
    let document = Service::start().await.get("/swagger.json").await.json();
    assert!(document == *DOCUMENT);
    // Relative to the document's own URL (OpenAPI 3.1, "Relative References in URLs").
    assert_eq!(document["servers"][0]["url"], ".");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
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
        let first = template.split('/').nth(1).unwrap();
        assert!(first.is_empty() || route::FIRST_SEGMENTS.contains(&first), "{template} could be a base path");
        let allow = methods(template);
        for path in samples(template) {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"] {
                let is_described = allow.split(", ").any(|known| known == method);
                match route::find(method, &path) {
                    Ok(Route::Options(found)) => assert_eq!((method, found), ("OPTIONS", &*allow), "{path}"),
                    Ok(found) => {
                        assert!(is_described, "{method} {path} is not described");
                        assert_eq!(place(found).map(|at| PATHS[at]), Some(template), "{method} {path}");
                    }
                    Err(NoRoute::MethodNotAllowed(found)) => {
                        assert_eq!((is_described, found), (false, &*allow), "{method} {path}");
                    }
                    Err(NoRoute::NotFound) => panic!("{path} is no path of the service"),
                }
            }
        }
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let service = Service::seeded().await;
    for path in [collection(), &stored().path, &missing().path, "/health", "/nowhere"] {
        let (get, head) = (service.get(path).await, service.call("HEAD", path).send().await);
        let mut expected = get.headers.clone();
        expected.insert("content-length".to_owned(), get.body.len().to_string());
        assert_eq!((head.status, head.headers, head.body.as_str()), (get.status, expected, ""), "{path}");
    }
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
pub fn each_object(value: &'static Value, found: &mut impl FnMut(&'static Map<String, Value>)) {
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
            assert!(allows(&schema, example), "{example}");
            count += 1;
        }
    });
    assert!(count >= 11, "{count} examples");
    let page = &DOCUMENT["paths"][collection()]["get"]["responses"]["200"]["content"]["application/json"]["example"];
    let id = DOCUMENT["components"]["parameters"]["Id"]["example"].as_str().unwrap();
    assert_eq!(*page, json!({id: DOCUMENT["components"]["schemas"]["Movie"]["examples"][0]}));
}

#[test]
fn its_components_are_used() {
    let text = DOCUMENT.to_string();
    for (kind, components) in DOCUMENT["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let is_scheme = kind == "securitySchemes";
            let used = if is_scheme { format!("{{\"{name}\":[]}}") } else { format!("\"#/components/{kind}/{name}\"") };
            assert!(text.contains(&used), "{kind}/{name} is not used");
        }
    }
}
