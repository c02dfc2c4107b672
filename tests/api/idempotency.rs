//! `Idempotency-Key`: a request that is sent again is not carried out again. That the first response comes back whatever
//! happened to the movie since is what `tests/histories/` checks.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{
    EventFormat, Item, Response, Service, change, collection, invalid, large, large_field, merged, new, other_change,
    partition_key, path_of,
    requests::{Header, KEY, Request, assert_replayed, reads, with, writes},
    send_event, stored, stored_2, string,
};

#[tokio::test]
async fn the_same_request_writes_nothing_and_has_the_same_response() {
    for write in writes() {
        let service = Service::seeded().await;
        let row = format!("{write:?}");
        let first = write.send_with_key(&service, "key").await;
        assert_eq!(first.status, 200, "{row}: {first:?}");
        let after = service.list_all(collection()).await;
        service.faults.take_calls();
        for _ in 0..2 {
            assert_replayed(&first, &write.send_with_key(&service, "key").await, &row);
        }
        assert_eq!(service.faults.take_calls(), ["GetItem", "GetItem"], "{row}: it reads only the key");
        assert_eq!(service.list_all(collection()).await, after, "{row}");
        // Without the key, the write does the same.
        let other = Service::seeded().await;
        let plain = write.send(&other).await;
        assert_eq!((first.status, &first.body), (plain.status, &plain.body), "{row}");
        assert!(first.headers.keys().eq(plain.headers.keys()), "{row}: {plain:?}");
        assert_eq!(other.list_all(collection()).await, after, "{row}");
    }
}

#[tokio::test]
async fn another_request_with_the_same_key_is_422() {
    let service = Service::seeded().await;
    let path = stored().path.as_str();
    let etag = service.get(path).await.etag().to_owned();
    let current: &[Header] = &[("If-Match", "\"CURRENT\"")];
    let first = Request::new("PUT", path, change());
    let send = async |request: &Request, headers| {
        with(request.call(&service), headers, &etag).header(KEY.0, KEY.1).send().await
    };
    assert_eq!(send(&first, current).await.status, 200);
    let before = service.list_all(collection()).await;
    for (request, headers) in [
        (Request::new("PATCH", path, change()), current),
        (Request::new("PUT", &stored_2().path, change()), current),
        (Request::new("PUT", path, other_change()), current),
        (first.clone(), &[("If-Match", "*")]),
        (first.clone(), &[("If-None-Match", "\"CURRENT\"")]),
        (first.clone(), &[("If-Match", "\"CURRENT\""), ("If-None-Match", "\"x\"")]),
        (first.clone(), &[]),
        // Without the key, this one would be 412.
        (Request::new("POST", collection(), new(1).body), current),
    ] {
        let response = send(&request, headers).await;
        assert_eq!(response.status, 422, "{request:?} {headers:?}: {response:?}");
    }
    assert_eq!(service.list_all(collection()).await, before);
    assert_eq!(first.send_with_key(&service, "another-key").await.status, 200);
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_ascii_characters_each_of_which_counts() {
    let service = Service::seeded().await;
    for (n, key) in ["a", "A", "\"a\"", "a,a", &"k".repeat(255)].into_iter().enumerate() {
        let write = Request::new("POST", collection(), new(n).body);
        let first = write.send_with_key(&service, key).await;
        assert_eq!(first.status, 200, "{key}: {first:?}");
        assert_replayed(&first, &write.send_with_key(&service, key).await, key);
    }
    service.faults.take_calls();
    for write in writes() {
        for key in ["", "a b", "é", "a\u{7f}", &"k".repeat(256)] {
            assert_eq!(write.send_with_key(&service, key).await.status, 400, "{write:?} {key}");
        }
    }
    assert_eq!(service.faults.take_calls(), [""; 0]);
}

#[tokio::test]
async fn without_a_table_a_request_with_a_key_is_rejected_first() {
    let mut service = Service::seeded().await;
    service.app.set("IDEMPOTENCY_TABLE_NAME", "");
    let before = service.list_all(collection()).await;
    for write in writes() {
        assert_eq!(write.send_with_key(&service, "key").await.status, 400, "{write:?}");
    }
    assert_eq!(service.list_all(collection()).await, before);
    assert_eq!(writes()[1].send(&service).await.status, 200);
}

#[tokio::test]
async fn a_read_ignores_a_key() {
    let service = Service::seeded().await;
    for read in reads() {
        assert_eq!(read.send_with_key(&service, "not a key").await.status, 200, "{read:?}");
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn put_record(service: &Service, record: Item) {
    service.dynamodb.put_item().table_name("keys").set_item(Some(record)).send().await.unwrap();
}

#[tokio::test]
async fn a_record_lasts_a_day_and_then_counts_as_absent_although_it_is_there() {
    let service = Service::seeded().await;
    let [same, other] = [change(), other_change()].map(|body| Request::new("PUT", &stored().path, body));
    let first = same.send_with_key(&service, "key").await;
    let mut record = service.record("key").await.unwrap();
    let expires_at: u64 = record["expires_at"].as_n().unwrap().parse().unwrap();
    assert!((now() + 86_390..=now() + 86_400).contains(&expires_at), "{expires_at}");
    // The filter in `docs/operations.md` finds the records of a movie by this text.
    assert_eq!(record["response"].as_m().unwrap()["body"], string(&first.body));
    for (request, expires_at) in [(same, now()), (other, now() - 1)] {
        record.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
        put_record(&service, record.clone()).await;
        let again = request.send_with_key(&service, "key").await;
        assert_eq!(again.status, 200, "{request:?}: {again:?}");
        // It is carried out, and has replaced the record.
        assert_replayed(&again, &request.send_with_key(&service, "key").await, "{request:?}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_500_and_nothing_is_written() {
    let service = Service::seeded().await;
    let before = service.list_all(collection()).await;
    put_record(&service, Item::from([("key".to_owned(), string(&partition_key("key")))])).await;
    for write in writes() {
        assert_eq!(write.send_with_key(&service, "key").await.status, 500, "{write:?}");
    }
    assert_eq!(service.list_all(collection()).await, before);
}

#[tokio::test]
async fn a_response_that_is_too_large_to_remember_is_413_before_the_write() {
    let service = Service::seeded().await;
    let before = service.list_all(collection()).await;
    // In JSON, each quote has two bytes.
    let update = Request::new("PUT", &stored().path, json!({large_field(): "\"".repeat(210_000)}));
    let response = update.send_with_key(&service, "key").await;
    assert_eq!(response.status, 413, "{response:?}");
    assert!(response.body.contains("The response exceeds 400 KB"), "{response:?}");
    assert_eq!(service.list_all(collection()).await, before);
    assert_eq!(service.record("key").await, None);
    assert_eq!(update.send(&service).await.status, 200, "without a key, it fits");
}

/// Sends a request with these members of `requestContext`.
async fn send_as(service: &Service, source: EventFormat, context: &Value, body: &Value) -> Response {
    let call = service.call_through(source, "PUT", &stored().path).header(KEY.0, KEY.1).json(body);
    let mut event = call.event();
    event["requestContext"].as_object_mut().unwrap().extend(context.as_object().unwrap().clone());
    send_event(&service.app, event.to_string().as_bytes()).await
}

/// The unit tests have every form of a context.
#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    let role = |name: &str, session: &str| json!({"identity": {"userArn": format!("arn:aws:sts::123456789012:assumed-role/{name}/{session}")}});
    let token =
        |sub: &str| json!({"authorizer": {"jwt": {"claims": {"iss": "https://issuer.example.org/", "sub": sub}}}});
    // A caller, the same caller in another request, and another caller. A context of any shape belongs to a request.
    for (source, caller, same, other) in [
        (EventFormat::Rest, role("A", "1"), role("A", "2"), role("B", "1")),
        (EventFormat::Http, token("1"), token("1"), json!({"authorizer": [7]})),
    ] {
        let service = Service::seeded().await;
        let send = async |context, body: &Value| send_as(&service, source, context, body).await;
        let row = format!("{source:?} {caller} {other}");
        let first = send(&caller, &change()).await;
        assert_eq!(first.status, 200, "{row}: {first:?}");
        assert_replayed(&first, &send(&same, &change()).await, &row);
        assert_eq!(send(&same, &other_change()).await.status, 422, "{row}");
        // The other caller's request is another one.
        let others = send(&other, &change()).await;
        assert_eq!((others.status, others.headers.get("idempotency-replayed")), (200, None), "{row}");
        assert_eq!(send(&other, &other_change()).await.status, 422, "{row}: the key of the other caller");
        assert_replayed(&first, &send(&caller, &change()).await, &row);
    }
}

#[tokio::test]
async fn two_keys_are_400_where_the_event_shows_them_apart() {
    let service = Service::seeded().await;
    for source in [EventFormat::Rest, EventFormat::HttpVersion1, EventFormat::AlbMulti] {
        for keys in [json!(["a", "a"]), json!(["a", ""]), json!(["", ""])] {
            let call = service.call_through(source, "PUT", &stored().path).header(KEY.0, KEY.1);
            let mut event = call.json(&change()).event();
            event["multiValueHeaders"][KEY.0] = keys.clone();
            let response = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(response.status, 400, "{source:?} {keys}: {response:?}");
        }
    }
    // Two headers, one for each spelling of the name.
    let call = service.call("PUT", &stored().path).header("Idempotency-Key", "a").header("idempotency-key", "a");
    assert_eq!(call.json(&change()).send().await.status, 400);
}

#[tokio::test]
async fn an_invalid_request_needs_no_key() {
    let service = Service::seeded().await;
    service.dynamodb.delete_table().table_name("keys").send().await.unwrap();
    let many = vec!["\"x\""; 101].join(",");
    let (json, text) = (("Content-Type", "application/json"), ("Content-Type", "text/plain"));
    let (all, one, long_id) = (collection(), stored().path.as_str(), path_of(&"x".repeat(2_049)));
    let (new, change, invalid) = (new(1).body, change().to_string(), invalid().body.to_string());
    let whole = merged(&new, &large(410_000)).to_string();
    // A patch that is as large as an item can be, and one that is larger.
    let [largest, too_large] = [0, 1].map(|more| large(409_600 - large_field().len() + more));
    for (method, path, header, body, status) in [
        ("POST", all, json, invalid.as_str(), 400),
        ("POST", all, text, &new.to_string(), 415),
        ("POST", all, json, &whole, 413),
        ("POST", all, ("If-Match", "*"), &whole, 413),
        ("PUT", one, json, &invalid, 400),
        ("PUT", one, text, &change, 415),
        ("PATCH", one, json, &too_large.to_string(), 413),
        ("PUT", one, ("If-Match", &many), &change, 400),
        ("PATCH", &long_id, json, &change, 400),
        ("DELETE", &long_id, json, "", 400),
        ("DELETE", one, ("If-None-Match", &many), "", 400),
    ] {
        service.faults.take_calls();
        let call = service.call(method, path).header(KEY.0, KEY.1).header(header.0, header.1).body(body);
        let response = call.send().await;
        let row = format!("{method} {path:.40} {header:.40?} {body:.40}");
        assert_eq!(response.status, status, "{row}: {:.300}", response.body);
        assert_eq!(service.faults.take_calls(), [""; 0], "{row}");
    }
    for write in writes().into_iter().chain([Request::new("PATCH", one, largest)]) {
        assert_eq!(
            write.send_with_key(&service, KEY.1).await.status,
            503,
            "{write:?}: a valid request needs the table"
        );
    }
}
