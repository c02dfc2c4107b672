//! `Idempotency-Key`: a request that is sent again is not carried out again.

use serde_json::json;

use crate::support::{
    Response, Service, change, collection, invalid,
    keyed::{Write, assert_replayed, writes},
    large, missing,
    movies::{renames, renames_to_stored_2},
    new, other_change, stored, stored_2,
};

/// Where the movie of a write is afterwards.
fn place_after(response: &Response) -> String {
    if response.headers.contains_key("location") { response.location() } else { stored().path.clone() }
}

#[tokio::test]
async fn the_same_request_writes_nothing_and_has_the_same_response() {
    for write in writes() {
        let service = Service::seeded().await;
        let row = format!("{write:?}");
        service.faults.take_calls();
        let first = write.send(&service, "key").await;
        assert_eq!(first.status, 200, "{row}: {first:?}");
        assert_eq!(service.faults.take_calls(), [&["GetItem"], write.calls].concat(), "{row}");
        let after = service.list_all(collection()).await;
        service.faults.take_calls();
        for _ in 0..2 {
            assert_replayed(&first, &write.send(&service, "key").await, &row);
        }
        assert_eq!(service.faults.take_calls(), ["GetItem", "GetItem"], "{row}");
        assert_eq!(service.list_all(collection()).await, after, "{row}");
        assert_replayed(&first, &write.send(&service.other_copy(), "key").await, &row);
        if let Some(etag) = first.headers.get("etag") {
            assert_eq!(service.get(&place_after(&first)).await.etag(), etag, "{row}");
        }
        // Without the key, the write does the same.
        let other = Service::seeded().await;
        let call = other.call(write.method, write.path);
        let plain = if write.body.is_null() { call } else { call.json(&write.body) }.send().await;
        assert_eq!((first.status, &first.body), (plain.status, &plain.body), "{row}");
        assert!(first.headers.keys().eq(plain.headers.keys()), "{row}: {plain:?}");
        assert_eq!(other.list_all(collection()).await, after, "{row}");
    }
}

#[tokio::test]
async fn the_first_response_comes_back_whatever_happened_to_the_movie_since() {
    let mut others = vec![("PUT", large(1)), ("DELETE", json!(null))];
    others.extend(renames().pop().map(|rename| ("PUT", rename)));
    for write in writes() {
        for (method, body) in &others {
            let service = Service::seeded().await;
            let row = format!("{write:?}, then {method} {body}");
            let first = write.send(&service, "key").await;
            let status = if write.method == "DELETE" { 404 } else { 200 };
            assert_eq!(service.call(method, &place_after(&first)).json(body).send().await.status, status, "{row}");
            if status == 404 {
                service.post(&stored().body).await;
            }
            let before = service.list_all(collection()).await;
            assert_replayed(&first, &write.send(&service, "key").await, &row);
            assert_eq!(service.list_all(collection()).await, before, "{row}");
        }
    }
}

#[tokio::test]
async fn another_request_with_the_same_key_is_422() {
    let service = Service::seeded().await;
    let path = stored().path.as_str();
    let etag = service.get(path).await.etag().to_owned();
    let first = Write { method: "PUT", path, body: change(), calls: &[] };
    assert_eq!(first.call(&service, "key").header("If-Match", &etag).send().await.status, 200);
    let before = service.list_all(collection()).await;
    let (same, spaced, current) = (change().to_string(), format!("{} ", change()), Some(etag.as_str()));
    for (method, path, if_match, if_none_match, body) in [
        ("PATCH", path, current, None, same.as_str()),
        ("DELETE", path, current, None, &same),
        ("PUT", &stored_2().path, current, None, &same),
        ("PUT", path, current, None, &spaced),
        ("PUT", path, current, None, &other_change().to_string()),
        ("PUT", path, Some("*"), None, &same),
        ("PUT", path, None, None, &same),
        ("PUT", path, None, current, &same),
        ("PUT", path, current, Some("\"x\""), &same),
        ("POST", collection(), None, None, &new(1).body.to_string()),
    ] {
        let call = service.call(method, path).header("Idempotency-Key", "key").body(body);
        let call = if_match.into_iter().fold(call, |call, value| call.header("If-Match", value));
        let call = if_none_match.into_iter().fold(call, |call, value| call.header("If-None-Match", value));
        let response = call.send().await;
        let row = format!("{method} {path} {if_match:?} {if_none_match:?} {body}");
        assert_eq!(response.status, 422, "{row}: {response:?}");
        assert_eq!(response.json()["type"], "urn:problem-type:movies:idempotency-key-reused", "{row}");
    }
    assert_eq!(service.list_all(collection()).await, before);
    assert_eq!(first.send(&service, "another-key").await.status, 200);
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_ascii_characters_each_of_which_counts() {
    let service = Service::seeded().await;
    let longest = "k".repeat(255);
    for (n, key) in ["a", "A", "\"a\"", "\"", "\"a", r#""c\"\\d""#, r#"c"\d"#, "a,a", &longest].into_iter().enumerate()
    {
        let write = Write { method: "POST", path: collection(), body: new(n).body, calls: &[] };
        let first = write.send(&service, key).await;
        assert_eq!(first.status, 200, "{key}: {first:?}");
        assert_replayed(&first, &write.send(&service, key).await, key);
    }
    let before = service.list_all(collection()).await;
    for write in writes() {
        for key in ["", "a b", "é", "a\u{7f}", "a, b", &"k".repeat(256)] {
            service.faults.take_calls();
            let response = write.send(&service, key).await;
            assert_eq!(response.status, 400, "{key}: {response:?}");
            assert!(response.json()["detail"].as_str().unwrap().contains("Idempotency-Key"), "{response:?}");
            assert_eq!(service.faults.take_calls(), [""; 0], "{key}");
        }
    }
    assert_eq!(service.list_all(collection()).await, before);
}

#[tokio::test]
async fn a_rejected_request_is_not_remembered() {
    let service = Service::seeded().await;
    let mut rows = vec![
        ("POST", collection(), None, stored().body.clone(), 409),
        ("POST", collection(), Some("*"), new(1).body, 412),
        ("POST", collection(), None, invalid().body.clone(), 400),
        ("PUT", &stored().path, Some("\"stale\""), change(), 412),
        ("PUT", &stored().path, None, json!({}), 400),
        ("PATCH", &missing().path, None, change(), 404),
        ("DELETE", &missing().path, None, json!(null), 404),
        ("DELETE", &stored().path, Some("\"stale\""), json!(null), 412),
    ];
    rows.extend(renames_to_stored_2().into_iter().map(|taken| ("PATCH", stored().path.as_str(), None, taken, 409)));
    for (method, path, if_match, body, status) in rows {
        let call = service.call(method, path).header("Idempotency-Key", "key").json(&body);
        let call = if_match.into_iter().fold(call, |call, value| call.header("If-Match", value));
        assert_eq!(call.send().await.status, status, "{method} {path} {body}");
        assert_eq!(service.record("key").await, None, "{method} {path} {body}");
    }
    // The same request can succeed later, and so can another request.
    let create = Write { method: "POST", path: collection(), body: stored().body.clone(), calls: &[] };
    assert_eq!(create.send(&service, "key").await.status, 409);
    assert_eq!(service.call("DELETE", &stored().path).send().await.status, 200);
    let first = create.send(&service, "key").await;
    assert_eq!(first.status, 200);
    assert_replayed(&first, &create.send(&service, "key").await, "after a 409");
}

#[tokio::test]
async fn without_a_table_a_request_with_a_key_is_rejected_first() {
    let mut service = Service::seeded().await;
    service.app.set("IDEMPOTENCY_TABLE_NAME", "");
    let before = service.list_all(collection()).await;
    service.faults.take_calls();
    for write in writes() {
        let response = write.send(&service, "key").await;
        assert_eq!(response.status, 400, "{write:?}: {response:?}");
        assert_eq!(service.faults.take_calls(), [""; 0], "{write:?}");
    }
    assert_eq!(service.list_all(collection()).await, before);
    assert_eq!(service.call("PUT", &stored().path).json(&change()).send().await.status, 200);
}

#[tokio::test]
async fn a_read_ignores_a_key() {
    let service = Service::seeded().await;
    let path = stored().path.as_str();
    for (method, path) in [("GET", path), ("HEAD", path), ("GET", collection()), ("OPTIONS", path), ("GET", "/health")]
    {
        service.faults.take_calls();
        let response = service.call(method, path).header("Idempotency-Key", "not a key").send().await;
        assert!(response.status < 300, "{method} {path}: {response:?}");
        assert!(service.faults.take_calls().len() < 2, "{method} {path}");
    }
}
