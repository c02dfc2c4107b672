//! Faults of DynamoDB calls: which status a request has, and what is stored. That what happens is never guessed is what
//! `tests/histories/` checks.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    Fault, PATIENCE, Response, Service, change, collection,
    keyed::{Write, assert_replayed, assert_same, writes},
    missing,
    movies::{renames, renames_to_stored_2},
    new, stored, stored_2,
};

fn faults() -> [fn() -> Fault; 8] {
    [
        || Fault::ResponseLost,
        || Fault::LateResponse,
        || Fault::Reset,
        || Fault::NoServer,
        || Fault::Throttled,
        || Fault::ServerError,
        || Fault::ServerErrorAfter,
        || Fault::Conflict,
    ]
}

fn after(calls: usize, faults: impl IntoIterator<Item = Fault>) -> Vec<Fault> {
    (0..calls).map(|_| Fault::None).chain(faults).collect()
}

/// A header. In its value, `CURRENT` stands for the ETag of the stored movie.
type Header = (&'static str, &'static str);

const KEY: Header = ("Idempotency-Key", "key");

/// Sends a write to a seeded service. Returns the response and the calls.
async fn send(
    service: &Service,
    write: &Write,
    headers: &[Header],
    faults: impl IntoIterator<Item = Fault>,
) -> (Response, Vec<String>) {
    let etag = service.get(&stored().path).await.etag().to_owned();
    service.faults.take_calls();
    service.faults.inject(faults);
    let mut call = service.call(write.method, write.path);
    for (name, value) in headers {
        call = call.header(name, &value.replace("CURRENT", &etag));
    }
    let call = if write.body.is_null() { call } else { call.json(&write.body) };
    let response = call.send().await;
    service.faults.clear();
    (response, service.faults.take_calls())
}

/// The path of the movie that the response to a write shows.
fn path_of(write: &Write, response: &Response) -> String {
    if response.headers.contains_key("location") { response.location() } else { write.path.to_owned() }
}

/// Sends a write with each fault of each of its calls, and checks that it has the same outcome as without a fault.
async fn assert_succeeds(write: &Write, headers: &[Header]) {
    let service = Service::seeded().await;
    let (response, calls) = send(&service, write, headers, []).await;
    assert_eq!(response.status, 200, "{write:?} {headers:?}: {response:?}");
    let expected = service.list_all(collection()).await;
    for fault in faults() {
        for call in 0..calls.len() {
            let service = Service::seeded().await;
            let row = format!("{write:?} {headers:?}: {:?} at call {call}", fault());
            let (response, _) = send(&service, write, headers, after(call, [fault()])).await;
            assert_eq!(response.status, 200, "{row}: {response:?}");
            assert_eq!(service.list_all(collection()).await, expected, "{row}");
            if let Some(etag) = response.headers.get("etag") {
                assert_eq!(service.get(&path_of(write, &response)).await.etag(), etag, "{row}");
            }
            if headers.contains(&KEY) {
                service.faults.inject([fault()]);
                assert_replayed(&response, &write.send(&service, KEY.1).await, &row);
                assert_eq!(service.list_all(collection()).await, expected, "{row}");
            }
        }
    }
}

/// One write of each kind: [`writes`] has two updates, and perhaps several renames.
fn kinds() -> Vec<Write> {
    let is_first = |write: &Write| write.method != "PATCH" || renames().first() == Some(&write.body);
    writes().into_iter().filter(is_first).collect()
}

#[tokio::test]
async fn a_write_succeeds_whichever_of_its_calls_has_a_fault() {
    for write in kinds() {
        assert_succeeds(&write, &[]).await;
    }
}

#[tokio::test]
async fn a_write_with_a_true_precondition_succeeds_whichever_of_its_calls_has_a_fault() {
    for write in kinds().iter().filter(|write| write.method != "POST") {
        assert_succeeds(write, &[("If-Match", "CURRENT"), ("If-None-Match", "\"other\"")]).await;
    }
}

#[tokio::test]
async fn a_write_with_a_key_succeeds_whichever_of_its_calls_has_a_fault() {
    for write in kinds() {
        assert_succeeds(&write, &[KEY]).await;
    }
}

/// Each kind of refusal: the request, a precondition, and the status.
fn refusals() -> Vec<(Write, Vec<Header>, u64)> {
    let write = |method, path, body| Write { method, path, body, calls: &[] };
    let path = stored().path.as_str();
    let stale = || vec![("If-Match", "\"stale\"")];
    let mut refusals = vec![
        (write("POST", collection(), stored().body.clone()), vec![], 409),
        (write("PUT", &missing().path, change()), vec![], 404),
        (write("PUT", path, change()), stale(), 412),
        (write("PUT", path, change()), vec![("If-None-Match", "W/CURRENT")], 412),
        (write("DELETE", &missing().path, json!(null)), vec![], 404),
        (write("DELETE", path, json!(null)), stale(), 412),
    ];
    refusals.extend(renames().into_iter().map(|patch| (write("PATCH", path, patch), stale(), 412)));
    refusals.extend(renames_to_stored_2().into_iter().map(|patch| (write("PATCH", path, patch), vec![], 409)));
    refusals
}

/// DynamoDB may carry out later an attempt that had no response, so a refusal of the next attempt is not final.
#[tokio::test]
async fn a_refusal_is_503_only_if_an_attempt_to_write_had_no_response() {
    let plain = refusals();
    let with_key =
        refusals().into_iter().map(|(write, headers, status)| (write, [headers, vec![KEY]].concat(), status));
    for (write, headers, status) in plain.into_iter().chain(with_key) {
        let service = Service::seeded().await;
        let before = service.list_all(collection()).await;
        let (response, calls) = send(&service, &write, &headers, []).await;
        assert_eq!(response.status, status, "{write:?} {headers:?}: {response:?}");
        for fault in faults() {
            for (call, name) in calls.iter().enumerate() {
                let is_known = matches!(fault(), Fault::Throttled | Fault::Conflict | Fault::NoServer);
                let expected = if name == "GetItem" || is_known { status } else { 503 };
                let (response, _) = send(&service, &write, &headers, after(call, [fault()])).await;
                let row = format!("{write:?} {headers:?}: {:?} at call {call}", fault());
                assert_eq!(response.status, expected, "{row}: {response:?}");
                assert_eq!(service.list_all(collection()).await, before, "{row}");
                assert_eq!(service.record(KEY.1).await, None, "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_write_whose_responses_are_all_lost_is_found_by_its_key() {
    for write in writes() {
        for fault in [|| Fault::ResponseLost, || Fault::ServerErrorAfter] {
            let service = Service::seeded().await;
            let row = format!("{write:?}, {:?}", fault());
            let first = send(&service, &write, &[KEY], after(write.calls.len(), [fault(), fault(), fault(), fault()]));
            let (first, _) = first.await;
            assert_eq!(first.status, 200, "{row}: {first:?}");
            // The service finds the record of its own write. It cannot tell it from that of an identical request.
            assert_eq!(first.headers.get("idempotency-replayed").map(String::as_str), Some("true"), "{row}");
            assert_same(&first, &write.send(&service, KEY.1).await, &row);
        }
    }
}

#[tokio::test]
async fn a_transaction_that_dynamodb_finds_too_large_is_413() {
    let service = Service::seeded().await;
    let write = Write { method: "PUT", path: &stored().path, body: change(), calls: &[] };
    let (response, calls) = send(&service, &write, &[KEY], after(2, [Fault::TooLarge])).await;
    assert_eq!(response.status, 413);
    assert_eq!(calls.iter().filter(|call| *call == "TransactWriteItems").count(), 1);
}

/// The paths of reads. The health check is one, too.
fn reads() -> [&'static str; 3] {
    [&stored().path, collection(), "/health"]
}

#[tokio::test]
async fn a_read_is_retried() {
    let service = Service::seeded().await;
    // A read cannot conflict.
    for fault in faults().into_iter().filter(|fault| !matches!(fault(), Fault::Conflict)) {
        for path in reads() {
            service.faults.inject([fault()]);
            assert_eq!(service.get(path).await.status, 200, "{path} {:?}", fault());
        }
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_503_in_time() {
    let mut requests: Vec<_> = writes().into_iter().map(|write| (write.method, write.path, write.body)).collect();
    requests.extend(reads().map(|path| ("GET", path, json!(null))));
    for (method, path, body) in requests {
        let service = Service::seeded().await;
        service.faults.inject((0..10).map(|_| Fault::Hang));
        service.faults.clock.take_passed();
        let call = service.call(method, path);
        let response = if body.is_null() { call.send().await } else { call.json(&body).send().await };
        assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "1"), "{method} {path}");
        let passed = service.faults.clock.take_passed();
        assert!((Duration::from_secs(1)..PATIENCE).contains(&passed), "{method} {path} took {passed:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_503_at_once_and_says_nothing_of_itself() {
    let service = Service::seeded().await;
    for fault in [|| Fault::Reset, || Fault::Throttled, || Fault::ServerError] {
        for (method, path) in reads().map(|path| ("GET", path)).into_iter().chain([("DELETE", stored().path.as_str())])
        {
            service.faults.inject((0..10).map(|_| fault()));
            service.faults.clock.take_passed();
            let response = service.call(method, path).send().await;
            assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "1"), "{method} {path}");
            let passed = service.faults.clock.take_passed();
            assert!(passed < Duration::from_secs(1), "{method} {path} took {passed:?}");
            for secret in ["dynamo", "aws", "sdk", "exception", "throttl", "reset", "injected", "127.0.0.1"] {
                assert!(!response.body.to_lowercase().contains(secret), "{secret} in {}", response.body);
            }
        }
    }
    service.faults.clear();
    assert_eq!(service.get(&stored().path).await.status, 200);
}

#[tokio::test]
async fn each_operation_is_one_call_and_a_precondition_is_part_of_it() {
    let service = Service::seeded().await;
    let renames = renames()
        .into_iter()
        .map(|patch| ("PUT", stored_2().path.as_str(), patch, &["GetItem", "TransactWriteItems"][..]));
    for (method, path, body, calls) in [
        ("GET", collection(), json!(null), &["Scan"][..]),
        ("GET", &stored().path, json!(null), &["GetItem"]),
        ("POST", collection(), new(1).body, &["PutItem"]),
        ("PUT", &stored().path, change(), &["UpdateItem"]),
        ("DELETE", &stored().path, json!(null), &["TransactWriteItems"]),
        ("GET", "/health", json!(null), &["GetItem"]),
    ]
    .into_iter()
    .chain(renames.take(1))
    {
        service.faults.take_calls();
        let call = service.call(method, path);
        let call = if matches!(method, "PUT" | "DELETE") { call.header("If-Match", "*") } else { call };
        let response = if body.is_null() { call.send().await } else { call.json(&body).send().await };
        assert_eq!(response.status, 200, "{method} {path}: {response:?}");
        assert_eq!(service.faults.take_calls(), calls, "{method} {path}");
    }
}
