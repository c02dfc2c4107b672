//! The schemas of the parameters accept exactly what the service accepts.

use serde_json::json;

use crate::{
    bodies::allows,
    contract::DOCUMENT,
    support::{Service, collection, missing, new, parsed, path_of, stored},
};

/// Whether a parameter's schema allows a value.
pub fn parameter_allows(name: &str, value: &str) -> bool {
    let schema = &DOCUMENT["components"]["parameters"][name]["schema"];
    allows(schema, &value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number)))
}

#[tokio::test]
async fn the_schema_of_a_parameter_accepts_what_the_service_accepts() {
    let service = Service::seeded().await;
    let list = |query: &str| service.call("GET", &format!("{}?{query}", collection()));
    // An id of this length, which ends like that of a movie.
    let id = |length: usize| format!("{}{}", "x".repeat(length - stored().id.len()), stored().id);
    let key = |value: &str| service.call("DELETE", &missing().path).header("Idempotency-Key", value);
    for (name, value, call) in [
        ("Limit", "1", list("limit=1")),
        ("Limit", "1000", list("limit=1000")),
        ("Limit", "0", list("limit=0")),
        ("Limit", "1001", list("limit=1001")),
        ("Limit", "x", list("limit=x")),
        ("Cursor", "a b", list("cursor=a+b")),
        ("Id", &id(2048), service.call("GET", &path_of(&id(2048)))),
        ("Id", &id(2049), service.call("GET", &path_of(&id(2049)))),
        ("IdempotencyKey", "!", key("!")),
        ("IdempotencyKey", "~\"~\"", key("~\"~\"")),
        ("IdempotencyKey", &"k".repeat(255), key(&"k".repeat(255))),
        ("IdempotencyKey", &"k".repeat(256), key(&"k".repeat(256))),
        ("IdempotencyKey", "a b", key("a b")),
        ("IdempotencyKey", "é", key("é")),
        ("IdempotencyKey", "", key("")),
    ] {
        let status = call.send().await.status;
        assert_eq!(status != 400, parameter_allows(name, value), "{name} {value:.20}: {status}");
    }
}

#[tokio::test]
async fn the_schema_of_a_precondition_accepts_every_list_with_the_current_etag() {
    let service = Service::seeded().await;
    let etag = service.get(&stored().path).await.etag().to_owned();
    for value in ["*", "{}", "W/\"a\", {}", "{},\"b,c\"", " , \"\" ,, {} , ", "\"a\",\t{}"]
        .map(|value| value.replace("{}", &etag))
    {
        let response = service.call("GET", &stored().path).header("If-Match", &value).send().await;
        assert_eq!(response.status, 200, "{value}");
        assert!(parameter_allows("IfMatch", &value), "{value}");
    }
}

#[tokio::test]
async fn a_page_has_the_default_limit_of_the_document_and_a_cursor_that_it_allows() {
    let service = Service::start().await;
    for n in 0..101 {
        service.put(parsed(&new(n).body)).await;
    }
    let limit = &DOCUMENT["components"]["parameters"]["Limit"]["schema"];
    let page = service.get(collection()).await;
    assert_eq!(page.json().as_object().unwrap().len(), 100);
    assert_eq!(limit["default"], 100);
    let next = page.next().unwrap();
    assert!(parameter_allows("Cursor", next.split_once("&cursor=").unwrap().1), "{next}");
    let rest = service.get(&next).await;
    assert_eq!((rest.json().as_object().unwrap().len(), rest.next()), (1, None));
    let list = &DOCUMENT["paths"][collection()]["get"]["responses"]["200"]["content"]["application/json"];
    assert_eq!(list["schema"]["maxProperties"], limit["maximum"]);
}
