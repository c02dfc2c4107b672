//! Faults of DynamoDB calls: which status a request has, and what is stored. That what happens is never guessed is what
//! `tests/histories/` checks.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    Fault, Other, PATIENCE, Response, Service, change, collection, missing,
    movies::{renames, renames_to_stored_2},
    new,
    requests::{Header, KEY, Request, assert_replayed, changes, reads, with, writes},
    stored,
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

/// Sends a request to a seeded service. Returns the response and the calls.
async fn send(service: &Service, request: &Request, headers: &[Header], faults: Vec<Fault>) -> (Response, Vec<String>) {
    let etag = service.get(&stored().path).await.etag().to_owned();
    service.faults.take_calls();
    service.faults.inject(faults);
    let response = with(request.call(service), headers, &etag).send().await;
    service.faults.clear();
    (response, service.faults.take_calls())
}

#[tokio::test]
async fn a_request_succeeds_whichever_of_its_calls_has_a_fault() {
    const TRUE: &[Header] = &[("If-Match", "\"CURRENT\""), ("If-None-Match", "\"other\"")];
    let plain = reads().into_iter().chain(writes()).map(|request| (request, &[][..]));
    let conditional = changes().into_iter().map(|request| (request, TRUE));
    let keyed = writes().into_iter().map(|request| (request, &[KEY][..]));
    for (request, headers) in plain.chain(conditional).chain(keyed) {
        let service = Service::seeded().await;
        let (response, calls) = send(&service, &request, headers, vec![]).await;
        assert_eq!(response.status, 200, "{request:?} {headers:?}: {response:?}");
        let expected = service.list_all(collection()).await;
        for (fault, call) in faults().into_iter().flat_map(|fault| (0..calls.len()).map(move |call| (fault, call))) {
            let service = Service::seeded().await;
            let row = format!("{request:?} {headers:?}: {:?} at call {call}", fault());
            let (response, _) = send(&service, &request, headers, after(call, [fault()])).await;
            assert_eq!(response.status, 200, "{row}: {response:?}");
            assert_eq!(service.list_all(collection()).await, expected, "{row}");
            if let Some(etag) = response.headers.get("etag") {
                let is_elsewhere = response.headers.contains_key("location");
                let place = if is_elsewhere { response.location() } else { request.path.clone() };
                assert_eq!(service.get(&place).await.etag(), etag, "{row}");
            }
            if headers == [KEY] {
                service.faults.inject([fault()]);
                assert_replayed(&response, &request.send_with_key(&service, KEY.1).await, &row);
                assert_eq!(service.list_all(collection()).await, expected, "{row}");
            }
        }
    }
}

/// Each kind of refusal: the request, a precondition, and the status.
fn refusals() -> Vec<(Request, Vec<Header>, u64)> {
    let path = stored().path.as_str();
    let stale = || vec![("If-Match", "\"stale\"")];
    let mut refusals = vec![
        (Request::new("POST", collection(), stored().body.clone()), vec![], 409),
        (Request::new("PUT", &missing().path, change()), vec![], 404),
        (Request::new("PUT", path, change()), stale(), 412),
        (Request::new("PUT", path, change()), vec![("If-None-Match", "W/\"CURRENT\"")], 412),
        (Request::new("DELETE", &missing().path, json!(null)), vec![], 404),
        (Request::new("DELETE", path, json!(null)), stale(), 412),
    ];
    refusals.extend(renames().into_iter().map(|patch| (Request::new("PATCH", path, patch), stale(), 412)));
    refusals.extend(renames_to_stored_2().into_iter().map(|patch| (Request::new("PATCH", path, patch), vec![], 409)));
    refusals
}

/// DynamoDB may carry out later an attempt that had no response, so a refusal of the next attempt is not final.
#[tokio::test]
async fn a_refusal_is_503_only_if_an_attempt_to_write_had_no_response() {
    let keyed = refusals().into_iter().map(|(write, headers, status)| (write, [headers, vec![KEY]].concat(), status));
    for (write, headers, status) in refusals().into_iter().chain(keyed) {
        let service = Service::seeded().await;
        let before = service.list_all(collection()).await;
        let (response, calls) = send(&service, &write, &headers, vec![]).await;
        assert_eq!(response.status, status, "{write:?} {headers:?}: {response:?}");
        for fault in faults() {
            for (call, name) in calls.iter().enumerate() {
                let is_known = matches!(fault(), Fault::Throttled | Fault::Conflict | Fault::NoServer);
                let expected = if name == "GetItem" || is_known { status } else { 503 };
                let (response, _) = send(&service, &write, &headers, after(call, [fault()])).await;
                let row = format!("{write:?} {headers:?}: {:?} at call {call}", fault());
                assert_eq!(response.status, expected, "{row}: {response:?}");
                assert_eq!(service.list_all(collection()).await, before, "{row}");
                assert_eq!(service.record(KEY.1).await, None, "{row}: it is remembered");
            }
        }
    }
}

/// Each kind of write, and what another client does after it. A second time, the write would undo it.
fn overtaken() -> Vec<[Request; 2]> {
    let overtaken = writes().into_iter().map(|write| {
        let mut theirs = new(2).body;
        theirs.as_object_mut().unwrap().retain(|name, _| write.body.get(name).is_some());
        let other = match write.method {
            "POST" => Request::new("PUT", &new(1).path, change()),
            "DELETE" => Request::new("POST", collection(), stored().body.clone()),
            _ if renames().contains(&write.body) => Request::new("POST", collection(), stored().body.clone()),
            _ => Request::new("PUT", &stored().path, theirs),
        };
        [write, other]
    });
    overtaken.collect()
}

#[tokio::test]
async fn a_write_whose_response_was_lost_is_a_success_although_another_client_acted_since() {
    for [write, other] in overtaken() {
        for headers in [&[][..], &[KEY]] {
            let service = Service::seeded().await;
            let (_, calls) = send(&service, &write, headers, vec![]).await;
            assert_eq!(other.send(&service).await.status, 200, "{other:?}");
            let expected = service.list_all(collection()).await;
            let service = Service::seeded().await;
            let (copy, others) = (service.other_copy(), other.clone());
            let acts = Other::new(async move { assert_eq!(others.send(&copy).await.status, 200, "{others:?}") });
            let faults = after(calls.len() - 1, [Fault::ResponseLostThen(acts)]);
            let (response, _) = send(&service, &write, headers, faults).await;
            let row = format!("{write:?} {headers:?}, then {other:?}");
            assert_eq!(response.status, 200, "{row}: {response:?}");
            assert_eq!(service.list_all(collection()).await, expected, "{row}");
        }
    }
}

#[tokio::test]
async fn a_write_whose_responses_are_all_lost_is_found_by_its_key() {
    for write in writes() {
        let service = Service::seeded().await;
        let (_, calls) = send(&Service::seeded().await, &write, &[KEY], vec![]).await;
        let lost = after(calls.len() - 1, (0..4).map(|_| Fault::ResponseLost));
        let (first, _) = send(&service, &write, &[KEY], lost).await;
        assert_eq!(first.status, 200, "{write:?}: {first:?}");
        // The service finds the record of its own write. It cannot tell it from that of an identical request.
        assert_eq!(first.headers["idempotency-replayed"], "true", "{write:?}");
        let again = write.send_with_key(&service, KEY.1).await;
        assert_eq!((again.status, &again.headers, &again.body), (200, &first.headers, &first.body), "{write:?}");
    }
}

#[tokio::test]
async fn a_transaction_that_dynamodb_finds_too_large_is_413() {
    let service = Service::seeded().await;
    let write = Request::new("PUT", &stored().path, change());
    let (response, calls) = send(&service, &write, &[KEY], after(2, [Fault::TooLarge])).await;
    assert_eq!(response.status, 413);
    assert_eq!(calls.iter().filter(|call| *call == "TransactWriteItems").count(), 1);
}

#[tokio::test]
async fn a_store_that_fails_each_call_is_503_in_time() {
    const SECOND: Duration = Duration::from_secs(1);
    let faults: [(fn() -> Fault, _); 4] = [
        (|| Fault::Hang, SECOND..PATIENCE),
        (|| Fault::Reset, Duration::ZERO..SECOND),
        (|| Fault::Throttled, Duration::ZERO..SECOND),
        (|| Fault::ServerError, Duration::ZERO..SECOND),
    ];
    for (fault, duration) in faults {
        for request in reads().into_iter().chain(writes()) {
            let service = Service::seeded().await;
            service.faults.inject((0..10).map(|_| fault()));
            service.faults.clock.take_passed();
            let row = format!("{request:?}, {:?}", fault());
            assert_eq!(request.send(&service).await.status, 503, "{row}");
            let passed = service.faults.clock.take_passed();
            assert!(duration.contains(&passed), "{row} took {passed:?}");
        }
    }
}
