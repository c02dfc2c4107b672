//! `Idempotency-Key`: a request that is sent again is not carried out again.

use serde_json::{Value, json};

use crate::support::{
    EventFormat, Service,
    keyed::{DARE, Write, assert_replayed, writes},
    movie,
};

#[tokio::test]
async fn the_same_request_writes_nothing_and_has_the_same_response() {
    for write in writes() {
        let service = Service::seeded().await;
        let row = format!("{write:?}");
        service.faults.take_calls();
        let first = write.send(&service, "key").await;
        assert_eq!(first.status, 200, "{row}: {first:?}");
        assert_eq!(service.faults.take_calls(), [&["GetItem"], write.calls].concat(), "{row}");
        let after = service.list_all("/ns_movies/").await;
        service.faults.take_calls();
        for _ in 0..2 {
            assert_replayed(&first, &write.send(&service, "key").await, &row);
        }
        assert_eq!(service.faults.take_calls(), ["GetItem", "GetItem"], "{row}");
        assert_eq!(service.list_all("/ns_movies/").await, after, "{row}");
        assert_replayed(&first, &write.send(&service.other_copy(), "key").await, &row);
        if let Some(etag) = first.headers.get("etag") {
            let path = if first.headers.contains_key("location") { first.location() } else { DARE.to_owned() };
            assert_eq!(service.get(&path).await.etag(), etag, "{row}");
        }
    }
}

#[tokio::test]
async fn a_keyed_write_does_what_it_does_without_a_key() {
    for write in writes() {
        let (with, without) = (Service::seeded().await, Service::seeded().await);
        let keyed = write.send(&with, "key").await;
        let call = without.call(write.method, write.path);
        let plain = if write.body.is_null() { call.send().await } else { call.json(&write.body).send().await };
        let names = |headers: &std::collections::BTreeMap<String, String>| headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!((keyed.status, &keyed.body), (plain.status, &plain.body), "{write:?}");
        assert_eq!(names(&keyed.headers), names(&plain.headers), "{write:?}");
        assert_eq!(with.list_all("/ns_movies/").await, without.list_all("/ns_movies/").await, "{write:?}");
    }
}

#[tokio::test]
async fn the_first_response_comes_back_whatever_happened_to_the_movie_since() {
    let others: [(&str, Value); 3] =
        [("PUT", json!({"description": "theirs"})), ("PUT", json!({"title": "Elsewhere"})), ("DELETE", json!(null))];
    for write in writes() {
        for (method, body) in &others {
            let service = Service::seeded().await;
            let row = format!("{write:?}, then {method} {body}");
            let first = write.send(&service, "key").await;
            let path = if first.headers.contains_key("location") { first.location() } else { DARE.to_owned() };
            let status = if write.method == "DELETE" { 404 } else { 200 };
            assert_eq!(service.call(method, &path).json(body).send().await.status, status, "{row}");
            if status == 404 {
                service.post(&movie("The Dare", 2020)).await;
            }
            let before = service.list_all("/ns_movies/").await;
            assert_replayed(&first, &write.send(&service, "key").await, &row);
            assert_eq!(service.list_all("/ns_movies/").await, before, "{row}");
        }
    }
}

#[tokio::test]
async fn another_request_with_the_same_key_is_422() {
    let service = Service::seeded().await;
    let etag = service.get(DARE).await.etag().to_owned();
    let first = Write { method: "PUT", path: DARE, body: json!({"cast": []}), calls: &[] };
    assert_eq!(first.call(&service, "key").header("If-Match", &etag).send().await.status, 200);
    let before = service.list_all("/ns_movies/").await;
    for (method, path, if_match, if_none_match, body) in [
        ("PATCH", DARE, Some(etag.as_str()), None, r#"{"cast":[]}"#),
        ("DELETE", DARE, Some(&etag), None, r#"{"cast":[]}"#),
        ("PUT", "/ns_movies/Don%27t%20Click-2020", Some(&etag), None, r#"{"cast":[]}"#),
        ("PUT", "/ns_movies/Nope-2020", Some(&etag), None, r#"{"cast":[]}"#),
        ("PUT", DARE, Some(&etag), None, r#"{"cast": []}"#),
        ("PUT", DARE, Some(&etag), None, r#"{"cast":["A"]}"#),
        ("PUT", DARE, Some(&etag), None, r#"{"title":"Other"}"#),
        ("PUT", DARE, Some("*"), None, r#"{"cast":[]}"#),
        ("PUT", DARE, None, None, r#"{"cast":[]}"#),
        ("PUT", DARE, None, Some(etag.as_str()), r#"{"cast":[]}"#),
        ("PUT", DARE, Some(&etag), Some("\"x\""), r#"{"cast":[]}"#),
        ("POST", "/ns_movies/", None, None, &movie("New", 1).to_string()),
    ] {
        let call = service.call(method, path).header("Idempotency-Key", "key").body(body);
        let call = if_match.into_iter().fold(call, |call, value| call.header("If-Match", value));
        let call = if_none_match.into_iter().fold(call, |call, value| call.header("If-None-Match", value));
        let response = call.send().await;
        let row = format!("{method} {path} {if_match:?} {if_none_match:?} {body}");
        assert_eq!(response.status, 422, "{row}: {response:?}");
        assert_eq!(response.json()["type"], "urn:problem-type:movies:idempotency-key-reused", "{row}");
    }
    assert_eq!(service.list_all("/ns_movies/").await, before);
    assert_eq!(first.send(&service, "another-key").await.status, 200);
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_ascii_characters_each_of_which_counts() {
    let service = Service::seeded().await;
    let longest = "k".repeat(255);
    for (n, key) in ["a", "A", "\"a\"", "\"", "\"a", r#""c\"\\d""#, r#"c"\d"#, "a,a", &longest].into_iter().enumerate()
    {
        let write = Write { method: "POST", path: "/ns_movies/", body: movie(&format!("New {n}"), 1), calls: &[] };
        let first = write.send(&service, key).await;
        assert_eq!(first.status, 200, "{key}: {first:?}");
        assert_replayed(&first, &write.send(&service, key).await, key);
    }
    let before = service.list_all("/ns_movies/").await;
    for write in writes() {
        for key in ["", "a b", "é", "a\u{7f}", "a, b", &"k".repeat(256)] {
            service.faults.take_calls();
            let response = write.send(&service, key).await;
            assert_eq!(response.status, 400, "{key}: {response:?}");
            assert!(response.json()["detail"].as_str().unwrap().contains("Idempotency-Key"), "{response:?}");
            assert_eq!(service.faults.take_calls(), [""; 0], "{key}");
        }
    }
    assert_eq!(service.list_all("/ns_movies/").await, before);
}

#[tokio::test]
async fn every_event_source_carries_a_key_and_the_preconditions() {
    for source in EventFormat::ALL {
        let service = Service::seeded().await;
        let etag = service.get(DARE).await.etag().to_owned();
        let send = || {
            let call = service.call_through(source, "PUT", DARE).header("Idempotency-Key", "key");
            call.header("If-Match", &etag).json(&json!({"cast": []})).send()
        };
        let first = send().await;
        assert_eq!(first.status, 200, "{source:?}: {first:?}");
        // Without the key, this would be 412.
        assert_replayed(&first, &send().await, &format!("{source:?}"));
        let through_another = service.call("PUT", DARE).header("Idempotency-Key", "key").header("If-Match", &etag);
        assert_replayed(&first, &through_another.json(&json!({"cast": []})).send().await, &format!("{source:?}"));
    }
}

#[tokio::test]
async fn a_rejected_request_is_not_remembered() {
    let service = Service::seeded().await;
    for (method, path, if_match, body, status) in [
        ("POST", "/ns_movies/", None, movie("The Dare", 2020), 409),
        ("POST", "/ns_movies/", Some("*"), movie("New", 2020), 412),
        ("POST", "/ns_movies/", None, json!({"title": 7}), 400),
        ("PUT", DARE, Some("\"stale\""), json!({"cast": []}), 412),
        ("PUT", DARE, None, json!({}), 400),
        ("PATCH", DARE, None, json!({"title": "Don't Click"}), 409),
        ("PATCH", "/ns_movies/Nope-1", None, json!({"cast": []}), 404),
        ("DELETE", "/ns_movies/Nope-1", None, json!(null), 404),
        ("DELETE", DARE, Some("\"stale\""), json!(null), 412),
    ] {
        let call = service.call(method, path).header("Idempotency-Key", "key").json(&body);
        let call = if_match.into_iter().fold(call, |call, value| call.header("If-Match", value));
        assert_eq!(call.send().await.status, status, "{method} {path} {body}");
        assert_eq!(service.record("key").await, None, "{method} {path} {body}");
    }
    // The same request can succeed later, and so can another request.
    let create = Write { method: "POST", path: "/ns_movies/", body: movie("The Dare", 2020), calls: &[] };
    assert_eq!(create.send(&service, "key").await.status, 409);
    assert_eq!(service.call("DELETE", DARE).send().await.status, 200);
    let first = create.send(&service, "key").await;
    assert_eq!(first.status, 200);
    assert_replayed(&first, &create.send(&service, "key").await, "after a 409");
}

#[tokio::test]
async fn without_a_table_a_request_with_a_key_is_rejected_first() {
    let mut service = Service::seeded().await;
    service.app.set("IDEMPOTENCY_TABLE_NAME", "");
    let before = service.list_all("/ns_movies/").await;
    service.faults.take_calls();
    for write in writes() {
        let response = write.send(&service, "key").await;
        assert_eq!(response.status, 400, "{write:?}: {response:?}");
        assert_eq!(service.faults.take_calls(), [""; 0], "{write:?}");
    }
    assert_eq!(service.list_all("/ns_movies/").await, before);
    assert_eq!(service.call("PUT", DARE).json(&json!({"cast": []})).send().await.status, 200);
}

#[tokio::test]
async fn a_read_ignores_a_key() {
    let service = Service::seeded().await;
    for (method, path) in [("GET", DARE), ("HEAD", DARE), ("GET", "/ns_movies/"), ("OPTIONS", DARE), ("GET", "/health")]
    {
        service.faults.take_calls();
        let response = service.call(method, path).header("Idempotency-Key", "not a key").send().await;
        assert!(response.status < 300, "{method} {path}: {response:?}");
        assert!(service.faults.take_calls().len() < 2, "{method} {path}");
    }
}

#[tokio::test]
async fn a_page_may_send_a_key_and_see_a_replay() {
    let service = Service::seeded().await;
    let write = &writes()[0];
    write.send(&service, "key").await;
    let exposed = write.send(&service, "key").await.headers["access-control-expose-headers"].clone();
    assert!(exposed.split(", ").any(|name| name == "Idempotency-Replayed"), "{exposed}");
    let preflight = service.call("OPTIONS", DARE).send().await;
    assert!(preflight.headers["access-control-allow-headers"].contains("Idempotency-Key"), "{preflight:?}");
}
