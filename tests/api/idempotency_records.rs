//! What is remembered for an `Idempotency-Key`, for how long, and what is too large for it.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{
    EventFormat, Item, Service, change, collection, item_of,
    keyed::{Write, assert_replayed, writes},
    large, merged, movies, new, partition_key, stored, string,
};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn put_record(service: &Service, record: Item) {
    service.dynamodb.put_item().table_name("keys").set_item(Some(record)).send().await.unwrap();
}

#[tokio::test]
async fn a_record_lasts_a_day() {
    for write in writes() {
        let service = Service::seeded().await;
        let first = write.send(&service, "key").await;
        let record = service.record("key").await.unwrap();
        let expires_at: u64 = record["expires_at"].as_n().unwrap().parse().unwrap();
        assert!((now() + 86_390..=now() + 86_400).contains(&expires_at), "{write:?}: {expires_at}");
        let response = record["response"].as_m().unwrap();
        assert_eq!(response["body"], string(&first.body), "{write:?}");
        let version = first.headers.get("etag").map(|etag| string(etag.trim_matches('"')));
        assert_eq!(response.get("etag"), version.as_ref(), "{write:?}");
    }
}

/// With the filter of `docs/operations.md`.
#[tokio::test]
async fn the_record_of_a_deleted_movie_is_found_by_its_content() {
    let service = Service::start().await;
    for n in [1, 2] {
        let create = Write { method: "POST", path: collection(), body: new(n).body, calls: &[] };
        assert_eq!(create.send(&service, &format!("key-{n}")).await.status, 200);
    }
    assert_eq!(service.call("DELETE", &new(1).path).send().await.status, 200);
    let scan = service.dynamodb.scan().table_name("keys").filter_expression("contains(#r.body, :text)");
    // The members of the body that the other one does not have.
    let (one, other) = (new(1).body, new(2).body);
    let (name, value) = one.as_object().unwrap().iter().find(|(name, value)| **value != other[*name]).unwrap();
    let text = format!("\"{name}\":{value}");
    let scan = scan.projection_expression("#k").expression_attribute_names("#k", "key");
    let scan = scan.expression_attribute_names("#r", "response");
    let found = scan.expression_attribute_values(":text", string(&text)).send().await.unwrap();
    assert_eq!(found.items(), [Item::from([("key".to_owned(), string(&partition_key("key-1")))])]);
}

#[tokio::test]
async fn an_expired_record_counts_as_absent_although_it_is_there() {
    for write in writes() {
        let service = Service::seeded().await;
        let mut etags = Vec::new();
        for round in ["first", "after it expired"] {
            if let Some(mut record) = service.record("key").await {
                record.insert("expires_at".to_owned(), AttributeValue::N(now().to_string()));
                put_record(&service, record).await;
            }
            service.empty().await;
            service.post(&stored().body).await;
            let first = write.send(&service, "key").await;
            assert_eq!(first.status, 200, "{write:?}, {round}: {first:?}");
            assert!(!first.headers.contains_key("idempotency-replayed"), "{write:?}, {round}: {first:?}");
            assert_replayed(&first, &write.send(&service, "key").await, &format!("{write:?}, {round}"));
            etags.push(first.headers.get("etag").cloned());
        }
        let expired = service.record("key").await.unwrap()["expires_at"].clone();
        assert!(expired.as_n().unwrap().parse::<u64>().unwrap() > now(), "{write:?}");
        etags.dedup();
        assert_eq!(etags.len(), if write.method == "DELETE" { 1 } else { 2 }, "{write:?}: each was carried out");
    }
}

#[tokio::test]
async fn another_request_may_use_an_expired_key() {
    let service = Service::seeded().await;
    assert_eq!(writes()[1].send(&service, "key").await.status, 200);
    assert_eq!(writes()[2].send(&service, "key").await.status, 422);
    let mut record = service.record("key").await.unwrap();
    record.insert("expires_at".to_owned(), AttributeValue::N((now() - 1).to_string()));
    put_record(&service, record).await;
    assert_eq!(writes()[2].send(&service, "key").await.status, 200);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_500_and_nothing_is_written() {
    let service = Service::seeded().await;
    let before = service.list_all(collection()).await;
    put_record(&service, Item::from([("key".to_owned(), string(&partition_key("key")))])).await;
    for write in writes() {
        assert_eq!(write.send(&service, "key").await.status, 500, "{write:?}");
    }
    assert_eq!(service.list_all(collection()).await, before);
}

/// A patch with as many quotes, each of which has two bytes in JSON.
fn quotes(count: usize) -> Value {
    let name = large(0).as_object().unwrap().keys().next().unwrap().clone();
    json!({name: "\"".repeat(count)})
}

#[tokio::test]
async fn a_response_that_is_too_large_to_remember_is_413_before_the_write() {
    let service = Service::seeded().await;
    let mut rows =
        vec![("POST", collection(), merged(&new(1).body, &quotes(210_000))), ("PUT", &stored().path, quotes(210_000))];
    let rename = |patch| ("PATCH", stored().path.as_str(), merged(&patch, &quotes(210_000)));
    rows.extend(movies::renames().into_iter().map(rename));
    for (method, path, body) in rows {
        let before = service.list_all(collection()).await;
        let write = Write { method, path, body, calls: &[] };
        let response = write.send(&service, "key").await;
        let row = format!("{method} {path}");
        assert_eq!(response.status, 413, "{row}: {response:?}");
        assert!(
            response.json()["detail"].as_str().unwrap().contains("The response exceeds 400 KB"),
            "{row}: {response:?}"
        );
        assert_eq!(service.list_all(collection()).await, before, "{row}");
        assert_eq!(service.record("key").await, None, "{row}");
    }
    let without_a_key = service.post(&merged(&new(1).body, &quotes(210_000))).await;
    assert_eq!(without_a_key.status, 200, "without a key it fits");
}

#[tokio::test]
async fn a_large_response_is_replayed_through_every_event_source() {
    let service = Service::seeded().await;
    let etag = service.get(&stored().path).await.etag().to_owned();
    // Each quote has four bytes in a reply. Without the key or the precondition, the repetition would be 412 or 422.
    let send = |source| {
        let call = service.call_through(source, "PUT", &stored().path).header("Idempotency-Key", "key");
        call.header("If-Match", &etag).json(&quotes(100_000)).send()
    };
    let first = send(EventFormat::Rest).await;
    assert_eq!(first.status, 200, "{:.300}", first.body);
    for source in EventFormat::ALL {
        assert_replayed(&first, &send(source).await, &format!("{source:?}"));
    }
}

#[tokio::test]
async fn an_item_of_another_writer_is_changed_once_too() {
    let mut rows = vec![("PUT", change()), ("DELETE", json!(null))];
    rows.extend(movies::renames().into_iter().map(|patch| ("PATCH", patch)));
    for (method, body) in rows {
        for has_condition in [false, true] {
            let service = Service::start().await;
            service.put_item(&item_of(&new(1))).await;
            let etag = service.get(&new(1).path).await.etag().to_owned();
            let send = || {
                let call = service.call(method, &new(1).path).header("Idempotency-Key", "key").json(&body);
                if has_condition { call.header("If-Match", &etag) } else { call }.send()
            };
            let first = send().await;
            let row = format!("{method} {body}, condition: {has_condition}");
            assert_eq!(first.status, 200, "{row}: {first:?}");
            let after = service.list_all(collection()).await;
            assert_replayed(&first, &send().await, &row);
            assert_eq!(service.list_all(collection()).await, after, "{row}");
        }
    }
}
