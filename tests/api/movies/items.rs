//! A movie's item: another writer can store the cast as a set, and an id without a year has no item.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{Service, movies::item, string};

/// A set has no order, so this one has a single name.
#[tokio::test]
async fn a_set_of_names_is_a_cast() {
    let service = Service::start().await;
    let mut item = item("Row-1");
    item.insert("cast".to_owned(), AttributeValue::Ss(vec!["Ann".to_owned()]));
    service.put_item(&item).await;
    let path = "/ns_movies/Row-1";
    assert_eq!(service.get(path).await.json()["cast"], json!(["Ann"]));
    let changed = service.call("PUT", path).json(&json!({"description": "mine"})).send().await;
    assert_eq!((changed.status, &changed.json()["cast"]), (200, &json!(["Ann"])));
    assert_eq!(service.stored_item("Row-1").await.unwrap()["description"], string("mine"));
}

#[tokio::test]
async fn an_id_that_no_movie_can_have_is_404_without_a_call() {
    let service = Service::start().await;
    service.faults.take_calls();
    for id in ["no-id", "A-0", "A-x", "2020"] {
        assert_eq!(service.get(&format!("/ns_movies/{id}")).await.status, 404, "{id}");
        assert!(service.faults.take_calls().is_empty(), "{id}");
    }
}
