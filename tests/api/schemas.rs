//! The schemas of the parameters accept exactly what the service accepts. `movies/schemas` does the same for movies and patches.

use movies::movie::MovieId;
use serde_json::{Value, json};

use crate::{
    contract::{DOCUMENT, validator},
    support::{Service, collection, missing, new, parsed, path_of, stored},
};

/// Whether a schema of the document allows this.
pub fn allows(schema: &Value, instance: &Value) -> bool {
    validator(schema).is_valid(instance)
}

/// Whether a parameter's schema allows a value.
pub fn parameter_allows(name: &str, value: &str) -> bool {
    let schema = &DOCUMENT["components"]["parameters"][name]["schema"];
    allows(schema, &value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number)))
}

#[tokio::test]
async fn the_schema_of_a_parameter_accepts_what_the_service_accepts() {
    let service = Service::seeded().await;
    let etag = service.get(&stored().path).await.etag().to_owned();
    let list = |query: &str| service.call("GET", &format!("{}?{query}", collection()));
    // An id of this length, which begins and ends like that of a movie.
    let first = stored().id.chars().next().unwrap().to_string();
    let id = |length: usize| format!("{}{}", first.repeat(length - stored().id.len()), stored().id);
    let key = |value: &str| service.call("DELETE", &missing().path).header("Idempotency-Key", value);
    let mut rows = vec![
        ("Limit", "1".to_owned(), list("limit=1")),
        ("Limit", "1000".to_owned(), list("limit=1000")),
        ("Limit", "0".to_owned(), list("limit=0")),
        ("Limit", "1001".to_owned(), list("limit=1001")),
        ("Limit", "x".to_owned(), list("limit=x")),
        ("Cursor", "a b".to_owned(), list("cursor=a+b")),
        ("Id", id(MovieId::MAX_BYTES), service.call("GET", &path_of(&id(MovieId::MAX_BYTES)))),
        ("Id", id(MovieId::MAX_BYTES + 1), service.call("GET", &path_of(&id(MovieId::MAX_BYTES + 1)))),
    ];
    for value in ["!", "~\"~\"", &"k".repeat(255), &"k".repeat(256), "a b", "é", ""] {
        rows.push(("IdempotencyKey", value.to_owned(), key(value)));
    }
    // The schema also accepts lists without the current ETag.
    for value in ["*", "{}", "W/\"a\", {}", "{},\"b,c\"", " , \"\" ,, {} , ", "\"a\",\t{}", "x", ""] {
        let value = value.replace("{}", &etag);
        rows.push(("IfMatch", value.clone(), service.call("GET", &stored().path).header("If-Match", &value)));
    }
    for (name, value, call) in rows {
        let status = call.send().await.status;
        assert_eq!(![400, 412].contains(&status), parameter_allows(name, &value), "{name} {value:.20}: {status}");
    }
}

#[tokio::test]
async fn a_page_has_the_default_limit_of_the_document_and_a_cursor_that_it_allows() {
    let service = Service::start().await;
    for n in 0..101 {
        service.put(parsed(&new(n).body)).await;
    }
    let page = service.get(collection()).await;
    let limit = &DOCUMENT["components"]["parameters"]["Limit"]["schema"];
    assert_eq!(page.json().as_object().unwrap().len(), 100);
    assert_eq!(limit["default"], 100);
    let next = page.next().unwrap();
    assert!(parameter_allows("Cursor", next.split_once("&cursor=").unwrap().1), "{next}");
    let list = &DOCUMENT["paths"][collection()]["get"]["responses"]["200"]["content"]["application/json"];
    assert_eq!(list["schema"]["maxProperties"], limit["maximum"]);
}
