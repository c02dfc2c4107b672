//! Items of other writers. Those that are not movies do not affect movies, and clients can delete or repair them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use movies::movie::MovieId;
use serde_json::json;

use crate::{
    contract::DOCUMENT,
    support::{
        Item, Service, change, collection, item_of, merged,
        movies::{filters, renames},
        new, other_change, path_of, stored, string,
    },
};

/// A set has no order, so this one has a single name.
#[tokio::test]
async fn a_set_of_names_is_a_cast() {
    let service = Service::start().await;
    let (new, mut item) = (new(1), item_of(&new(1)));
    item.insert("cast".to_owned(), AttributeValue::Ss(vec!["Ann".to_owned()]));
    service.put_item(&item).await;
    assert_eq!(service.get(&new.path).await.json()["cast"], json!(["Ann"]));
    let changed = service.call("PUT", &new.path).json(&change()).send().await;
    assert_eq!((changed.status, &changed.json()["cast"]), (200, &json!(["Ann"])));
}

/// A field, and the value that another writer stores, if any.
type Broken = (&'static str, Option<AttributeValue>);

/// For each required field: no value, a value of a type that no field has, and the value of another movie if it is in
/// the id. Then values of the wrong kind for one field.
fn broken() -> Vec<Broken> {
    let mut broken = Vec::new();
    for name in DOCUMENT["components"]["schemas"]["Movie"]["required"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        broken.push((name, None));
        // DynamoDB refuses an item whose key of an index has another type.
        if name != "year" {
            broken.push((name, Some(AttributeValue::B(b"\xff".to_vec().into()))));
        }
        if MovieId::FORM.contains(&format!("{{{name}}}")) {
            broken.push((name, Some(item_of(stored())[name].clone())));
        }
    }
    broken.extend([
        ("cast", Some(string("Ann"))),
        ("cast", Some(AttributeValue::Bs(vec![b"Ann".to_vec().into()]))),
        ("image", Some(string("nope"))),
    ]);
    broken
}

/// Values of the right type that the condition of an update cannot show.
fn hidden() -> Vec<Broken> {
    vec![("cast", Some(AttributeValue::L(vec![AttributeValue::Null(true)])))]
}

/// Every broken item: with a version of this service, because then a condition must show what is broken, and some without.
fn items() -> Vec<(String, &'static str, Item)> {
    let with_version = broken().into_iter().map(|broken| (broken, true));
    let without = broken().into_iter().step_by(3).chain(hidden()).map(|broken| (broken, false));
    let items = with_version.chain(without).map(|((field, value), has_version)| {
        let name = format!("{field} {value:?}, version: {has_version}");
        let mut item = item_of(&new(1));
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
    for new in (100..106).map(new) {
        service.post(&new.body).await;
        expected.insert(new.id, new.body);
    }
    for (n, (_, field, broken)) in items().into_iter().enumerate() {
        let mut item = item_of(&new(n));
        item.remove(field);
        item.extend(broken.into_iter().filter(|(name, _)| *name == field || name.ends_with("etag")));
        service.put_item(&item).await;
    }
    // Movies, except for the id.
    for id in ["weird", " -1", "x-02020"].map(str::to_owned).into_iter().chain([new(1).id.to_lowercase(), new(2).id]) {
        let mut item = item_of(&new(1));
        item.insert("id".to_owned(), string(&id));
        service.put_item(&item).await;
        assert_eq!(service.get(&path_of(&id)).await.status, 404, "{id}");
    }
    for filter in filters() {
        for limit in [1, 2, 100] {
            let path = format!("{}?limit={limit}{filter}", collection());
            assert_eq!(service.list_all(&path).await, expected, "{path}");
        }
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
    for (name, field, item) in items() {
        service.put_item(&item).await;
        let null = json!(null);
        let patches = renames().into_iter().chain([change(), other_change()]);
        let patches: Vec<_> = patches.filter(|patch| patch.get(field).is_none()).collect();
        assert!(patches.iter().any(|patch| *patch == change() || *patch == other_change()), "{field}");
        let puts = patches.iter().flat_map(|patch| HEADERS.map(|header| ("PUT", patch, header)));
        let others = [("GET", &null), ("HEAD", &null), ("PATCH", patches.last().unwrap())];
        let others = others.map(|(method, body)| (method, body, HEADERS[0]));
        for (method, body, (header, value)) in others.into_iter().chain(puts) {
            let response = service.call(method, &new(1).path).json(body).header(header, value).send().await;
            let row = format!("{name}, {method} {body}, {header}: {value}");
            assert_eq!(response.status, 404, "{row}: {response:?}");
            assert_eq!(service.stored_item(&new(1).id).await.as_ref(), Some(&item), "{row}");
            assert_eq!(service.record("key").await, None, "{row}");
        }
    }
}

#[tokio::test]
async fn it_becomes_a_movie_when_its_bad_field_or_all_are_set() {
    let service = Service::start().await;
    for (row, (name, field, mut item)) in items().into_iter().enumerate() {
        item.insert("rank".to_owned(), string("kept"));
        let (all, bad) = (new(1).body, json!({field: new(1).body[field]}));
        let renamed = renames().into_iter().map(|rename| merged(&all, &rename));
        for (n, body) in [bad, all.clone()].into_iter().chain(renamed).enumerate() {
            service.put_item(&item).await;
            // The first one, with a key.
            let call = service.call("PUT", &new(1).path).json(&body);
            let call = if n == 0 { call.header("Idempotency-Key", &format!("key-{row}")) } else { call };
            let response = call.send().await;
            assert_eq!((response.status, response.json()), (200, merged(&all, &body)), "{name}, {body}");
            let listed: Vec<_> = service.list_all(collection()).await.into_keys().collect();
            let [id] = &listed[..] else { panic!("{name}, {body}: {listed:?}") };
            let read = service.get(&path_of(id)).await;
            assert_eq!((read.json(), read.etag()), (response.json(), response.etag()), "{name}, {body}");
            assert_eq!(service.stored_item(id).await.unwrap()["rank"], string("kept"), "{name}, {body}");
            let is_moved = response.headers.contains_key("location");
            assert_eq!(service.stored_item(&new(1).id).await.is_none(), is_moved, "{name}, {body}");
            assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200, "{name}");
        }
    }
}

#[tokio::test]
async fn it_can_be_deleted_and_a_create_does_not_replace_it() {
    let service = Service::start().await;
    for (name, _, item) in items() {
        service.put_item(&item).await;
        assert_eq!(service.post(&new(1).body).await.status, 409, "{name}");
        for condition in ["\"stale\"", "\"content.x\""] {
            let call = service.call("DELETE", &new(1).path).header("If-Match", condition);
            assert_eq!(call.send().await.status, 412, "{name}, {condition:?}");
        }
        assert_eq!(service.stored_item(&new(1).id).await.as_ref(), Some(&item), "{name}");
        assert_eq!(service.call("DELETE", &new(1).path).send().await.status, 200, "{name}");
        assert_eq!(service.stored_item(&new(1).id).await, None, "{name}");
    }
}
