//! Items of other writers. Those that are not movies do not affect movies, and clients can delete or repair them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{
    Item, Service,
    movies::{item, movie},
    path_of, string,
};

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
}

/// A field, and the value that another writer stores, if any.
type Broken = (&'static str, Option<AttributeValue>);

/// A value of another type, and a value that is not valid or not that of the id, for each field.
fn broken() -> Vec<Broken> {
    vec![
        ("title", None),
        ("title", Some(AttributeValue::N("1".to_owned()))),
        ("title", Some(string("Row, edited"))),
        ("year", None),
        ("year", Some(AttributeValue::N("2".to_owned()))),
        ("cast", None),
        ("cast", Some(string("Ann"))),
        ("cast", Some(AttributeValue::Bs(vec![b"Ann".to_vec().into()]))),
        ("image", None),
        ("image", Some(AttributeValue::Null(true))),
        ("image", Some(string("nope"))),
        ("description", None),
        ("description", Some(AttributeValue::Bool(true))),
    ]
}

/// A cast with a value that is not a string. The condition of an update cannot show it.
fn mixed_cast() -> Broken {
    ("cast", Some(AttributeValue::L(vec![AttributeValue::Null(true)])))
}

/// Every broken item: with a version of this service, because then a condition must show what is broken, and some without.
fn items() -> Vec<(String, &'static str, Item)> {
    let with_version = broken().into_iter().map(|broken| (broken, true));
    let without = broken().into_iter().step_by(3).chain([mixed_cast()]).map(|broken| (broken, false));
    let items = with_version.chain(without).map(|((field, value), has_version)| {
        let name = format!("{field} {value:?}, version: {has_version}");
        let mut item = item("Row-1");
        item.remove(field);
        item.extend(value.map(|value| (field.to_owned(), value)));
        if has_version {
            item.insert("etag".to_owned(), string("v2"));
            item.insert("prior_etag".to_owned(), string("v1"));
        }
        (name, field, item)
    });
    items.collect()
}

#[tokio::test]
async fn an_item_that_is_not_a_movie_is_left_out_and_hides_no_other() {
    let service = Service::start().await;
    let mut expected = BTreeMap::new();
    for n in 0..6 {
        service.post(&movie(&format!("Movie {n}"), 1)).await;
        expected.insert(format!("Movie {n}-1"), movie(&format!("Movie {n}"), 1));
    }
    for (n, (_, field, mut broken)) in items().into_iter().enumerate() {
        if field != "title" {
            broken.insert("title".to_owned(), string(&format!("Row {n}")));
        }
        let id = ("id".to_owned(), string(&format!("Row {n}-1")));
        service.put_item(&broken.into_iter().chain([id]).collect()).await;
    }
    // Movies, except for the id.
    for id in ["weird", " -1", "x-02020", "row-1", "Row-2"] {
        service.put_item(&item(id)).await;
        assert_eq!(service.get(&path_of(id)).await.status, 404, "{id}");
    }
    for path in ["/ns_movies/", "/ns_movies/?limit=2", "/ns_movies/?year=1", "/ns_movies/?year=1&limit=1"] {
        assert_eq!(service.list_all(path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_change_that_would_leave_it_not_a_movie_is_404_and_stores_nothing() {
    const HEADERS: [(&str, &str); 5] = [
        ("Accept", "*/*"),
        ("If-Match", "*"),
        ("If-Match", "\"stale\""),
        ("If-Match", "\"content.x\""),
        ("Idempotency-Key", "key"),
    ];
    let service = Service::start().await;
    for ((name, field, item), (header, value)) in items().into_iter().zip(HEADERS.into_iter().cycle()) {
        service.put_item(&item).await;
        let other = if field == "description" { json!({"cast": []}) } else { json!({"description": "x"}) };
        // A rename that does not set the broken field.
        let rename = if field == "title" { json!({"year": 3}) } else { json!({"title": "Renamed"}) };
        let null = json!(null);
        for (method, body) in [("GET", &null), ("HEAD", &null), ("PUT", &other), ("PATCH", &other), ("PUT", &rename)] {
            let response = service.call(method, "/ns_movies/Row-1").json(body).header(header, value).send().await;
            let row = format!("{name}, {method} {body}, {header}: {value}");
            assert_eq!(response.status, 404, "{row}: {response:?}");
            assert_eq!(service.stored_item("Row-1").await.as_ref(), Some(&item), "{row}");
            assert_eq!(service.record("key").await, None, "{row}");
        }
    }
}

#[tokio::test]
async fn it_becomes_a_movie_when_its_bad_field_or_all_five_are_set() {
    let service = Service::start().await;
    for (row, (name, field, mut item)) in items().into_iter().enumerate() {
        item.insert("rank".to_owned(), string("kept"));
        // All five fields, also with another title; the bad one, with a key.
        for (n, (sent, id)) in [(movie("Row", 1), "Row-1"), (movie("Other", 1), "Other-1"), (movie("Row", 1), "Row-1")]
            .into_iter()
            .enumerate()
        {
            service.put_item(&item).await;
            let body = if n == 2 { json!({field: sent[field]}) } else { sent.clone() };
            let call = service.call("PUT", "/ns_movies/Row-1").json(&body);
            let call = if n == 2 { call.header("Idempotency-Key", &format!("key-{row}")) } else { call };
            let response = call.send().await;
            assert_eq!((response.status, response.json()), (200, sent.clone()), "{name}, {body}");
            let read = service.get(&path_of(id)).await;
            assert_eq!((read.json(), read.etag()), (sent, response.etag()), "{name}, {body}");
            assert_eq!(service.stored_item(id).await.unwrap()["rank"], string("kept"), "{name}, {body}");
            assert_eq!(service.stored_item("Row-1").await.is_some(), id == "Row-1", "{name}, {body}");
            assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200, "{name}");
        }
    }
}

#[tokio::test]
async fn it_can_be_deleted_and_a_create_does_not_replace_it() {
    let service = Service::start().await;
    for (name, _, item) in items() {
        service.put_item(&item).await;
        assert_eq!(service.post(&movie("Row", 1)).await.status, 409, "{name}");
        for condition in ["\"stale\"", "\"content.x\""] {
            let call = service.call("DELETE", "/ns_movies/Row-1").header("If-Match", condition);
            assert_eq!(call.send().await.status, 412, "{name}, {condition:?}");
        }
        assert_eq!(service.stored_item("Row-1").await.as_ref(), Some(&item), "{name}");
        assert_eq!(service.call("DELETE", "/ns_movies/Row-1").send().await.status, 200, "{name}");
        assert_eq!(service.stored_item("Row-1").await, None, "{name}");
    }
}
