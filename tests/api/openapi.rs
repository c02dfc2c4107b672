//! The OpenAPI document: it is served as it is, and wrong responses fail the check against it.

use std::{collections::BTreeMap, panic::catch_unwind};

use serde_json::{Value, json};

use crate::{
    contract::{self, DOCUMENT},
    support::{Service, send_event},
};

#[tokio::test]
async fn its_server_is_where_the_service_is() {
    // Relative to the document's own URL (OpenAPI 3.1, "Relative References in URLs").
    let mut service = Service::start().await;
    service.app.set("BASE_PATH", "/v1");
    for event in [
        json!({"httpMethod": "GET", "path": "/swagger.json", "requestContext": {"path": "/swagger.json"}}),
        json!({"httpMethod": "GET", "path": "/swagger.json", "requestContext": {"path": "/prod/swagger.json"}}),
        json!({"httpMethod": "GET", "path": "/v1/swagger.json", "requestContext": {"path": "/v1/swagger.json"}}),
        json!({"rawPath": "/dev/swagger.json", "requestContext": {"stage": "dev", "http": {"method": "GET"}}}),
    ] {
        let response = send_event(&service.app, event.to_string().as_bytes()).await;
        assert_eq!(response.status, 200, "{event}");
        assert_eq!(response.json()["servers"][0]["url"], ".", "{event}");
        assert!(response.json() == *DOCUMENT, "the document is served as it is: {event}");
    }
}

#[tokio::test]
async fn it_says_what_the_contract_says() {
    let response = Service::start().await.get("/swagger.json").await;
    let document = response.json();
    assert_eq!(response.headers["content-type"], "application/json");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let movie = &document["components"]["schemas"]["Movie"];
    assert_eq!(movie["title"], "Movie Data");
    assert_eq!(movie["additionalProperties"], json!(false));
    assert_eq!(movie["required"], json!(["title", "year", "cast", "image", "description"]));
    assert_eq!(movie["properties"]["year"]["maximum"], 9999);
    let mut ids: Vec<_> = operations(&document).map(|operation| operation["operationId"].to_string()).collect();
    let count = ids.len();
    assert!(count > 20);
    ids.sort();
    ids.dedup();
    assert_eq!(count, ids.len(), "each operation has an id of its own");
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let items = document["paths"].as_object().unwrap().values();
    items
        .flat_map(|item| item.as_object().unwrap().iter())
        .filter(|(key, _)| *key != "parameters")
        .map(|(_, value)| value)
}

#[test]
fn a_response_that_is_not_in_the_document_is_found() {
    let headers = BTreeMap::from([
        ("content-type".to_owned(), "application/json".to_owned()),
        ("etag".to_owned(), "\"x\"".to_owned()),
    ]);
    let movie = r#"{"title":"A","year":1,"cast":[],"image":"https://x.org/","description":""}"#;
    contract::check("GET", "/ns_movies/A-1", 200, &headers, movie.as_bytes());
    for (method, path, status, headers, body) in [
        ("GET", "/ns_movies/A-1", 418, &headers, movie.to_owned()),
        ("GET", "/ns_movies/A-1", 200, &BTreeMap::new(), movie.to_owned()),
        ("GET", "/ns_movies/A-1", 200, &headers, movie.replace(":1,", ":0,")),
        ("GET", "/ns_movies/A-1", 200, &headers, movie.replace("https:", "javascript:")),
        ("GET", "/ns_movies/A-1", 200, &headers, movie.replace("\"A\"", "\" \"")),
        ("GET", "/ns_movies/A-1", 200, &headers, movie.replace('{', "{\"etag\":1,")),
        ("DELETE", "/ns_movies/A-1", 200, &headers, movie.to_owned()),
        ("BREW", "/ns_movies/A-1", 200, &headers, movie.to_owned()),
        ("GET", "/elsewhere", 200, &headers, movie.to_owned()),
    ] {
        let found = catch_unwind(|| contract::check(method, path, status, headers, body.as_bytes()));
        assert!(found.is_err(), "{method} {path} {status} {body}");
    }
}
