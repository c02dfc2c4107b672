//! Faults of DynamoDB calls: a response says what happened, or it is 503.

use std::{pin::Pin, time::Duration};

use serde_json::{Value, json};

use crate::support::{Fault, PATIENCE, Response, Service, movie, parsed};

const DARE: &str = "/ns_movies/The%20Dare-2020";
const CLICK: &str = "/ns_movies/Don%27t%20Click-2020";

/// Each kind of write that succeeds, and what is left after it.
fn writes() -> [(&'static str, &'static str, Value); 5] {
    [
        ("POST", "/ns_movies/", movie("New", 2000)),
        ("PUT", DARE, json!({"description": "Changed."})),
        ("PATCH", DARE, json!({"title": "Renamed"})),
        ("PATCH", DARE, json!({"year": 1})),
        ("DELETE", DARE, json!(null)),
    ]
}

async fn write(service: &Service, (method, path, body): (&str, &str, &Value)) -> Response {
    let call = service.call(method, path);
    if body.is_null() { call.send().await } else { call.json(body).send().await }
}

fn all_faults() -> [Fault; 6] {
    [
        Fault::ResponseLost,
        Fault::LateResponse,
        Fault::Reset,
        Fault::Throttled,
        Fault::ServerError,
        Fault::ServerErrorAfter,
    ]
}

#[tokio::test]
async fn a_write_that_succeeds_in_the_end_says_so_whatever_came_before() {
    for (method, path, body) in writes() {
        let expected = {
            let service = Service::seeded().await;
            assert_eq!(write(&service, (method, path, &body)).await.status, 200, "{method} {body:.30}");
            service.list_all("/ns_movies/").await
        };
        for fault in all_faults().into_iter().chain([Fault::Conflict]) {
            let name = format!("{method} {body:.30} {fault:?}");
            let service = Service::seeded().await;
            // A rename reads first.
            let is_rename = body.get("title").or(body.get("year")).is_some() && method == "PATCH";
            service.faults.inject(is_rename.then_some(Fault::None).into_iter().chain([fault]));
            let response = write(&service, (method, path, &body)).await;
            assert_eq!(response.status, 200, "{name}: {response:?}");
            assert_eq!(service.list_all("/ns_movies/").await, expected, "{name}");
            if response.headers.contains_key("location") {
                assert_eq!(service.get(&response.location()).await.etag(), response.etag(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_after_a_lost_response_is_true_or_503() {
    for (method, path, body, truth) in [
        ("POST", "/ns_movies/", movie("The Dare", 2020), 409),
        ("PUT", "/ns_movies/Nope-1", json!({"cast": []}), 404),
        ("PATCH", "/ns_movies/Nope-1", json!({"title": "x"}), 404),
        ("PATCH", DARE, json!({"title": "Don't Click"}), 409),
        ("DELETE", "/ns_movies/Nope-1", json!(null), 404),
    ] {
        for fault in all_faults() {
            let service = Service::seeded().await;
            let before = service.list_all("/ns_movies/").await;
            let name = format!("{method} {fault:?}");
            let has_response = matches!(fault, Fault::Throttled);
            service.faults.inject([fault]);
            let status = write(&service, (method, path, &body)).await.status;
            // A rename reads first, and a read that has no response is sent again.
            let exact = has_response || method == "PATCH";
            assert!(status == truth || (!exact && status == 503), "{name}: {status}");
            assert_eq!(service.list_all("/ns_movies/").await, before, "{name}");
        }
    }
}

/// What another client does.
type Other = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Builds a fault after which another client acts.
type FaultThen = fn(Other) -> Fault;

/// The two faults after which another client writes between a write and its retry.
const OVERTAKEN: [(&str, FaultThen); 2] = [("lost", Fault::ResponseLostThen), ("late", Fault::LateResponseThen)];

/// The writes of another client, one after the other.
fn others(service: &Service, writes: Vec<(&'static str, &'static str, Value)>) -> Other {
    let copy = service.other_copy();
    Box::pin(async move {
        for (method, path, body) in writes {
            assert_eq!(write(&copy, (method, path, &body)).await.status, 200);
        }
    })
}

/// Another client writes between a write and its retry.
async fn with_meanwhile(
    fault: FaultThen,
    method: &str,
    path: &str,
    body: Value,
    header: Option<&str>,
    writes: Vec<(&'static str, &'static str, Value)>,
) -> (Response, Service) {
    let service = Service::seeded().await;
    let etag = service.get(DARE).await.etag().to_owned();
    service.faults.inject([fault(others(&service, writes))]);
    let call = service.call(method, path).json(&body);
    let call = if header.is_some() { call.header("If-Match", &etag) } else { call };
    (call.send().await, service)
}

#[tokio::test]
async fn a_write_overtaken_before_its_retry_is_neither_rejected_nor_done_twice() {
    let change = json!({"description": "theirs"});
    for (name, fault) in OVERTAKEN {
        let other = vec![("PUT", "/ns_movies/New-2000", change.clone())];
        let (response, service) = with_meanwhile(fault, "POST", "/ns_movies/", movie("New", 2000), None, other).await;
        assert_eq!(response.status, 200, "{name}");
        assert_eq!(service.get("/ns_movies/New-2000").await.json()["description"], "theirs", "{name}");

        for header in [None, Some("If-Match")] {
            let mine = json!({"description": "mine", "cast": ["mine"]});
            let (response, service) =
                with_meanwhile(fault, "PUT", DARE, mine, header, vec![("PUT", DARE, change.clone())]).await;
            assert_eq!(response.status, 200, "{name} {header:?}");
            let movie = service.get(DARE).await;
            let stored = movie.json();
            assert_eq!(
                (&stored["description"], &stored["cast"]),
                (&json!("theirs"), &json!(["mine"])),
                "{name} {header:?}"
            );
            assert_eq!(response.etag(), movie.etag(), "{name} {header:?}");
        }
    }
}

#[tokio::test]
async fn what_became_of_an_update_that_two_writes_overtook_is_not_guessed() {
    for (name, fault) in OVERTAKEN {
        // After two other writes, the item has no version by which the update recognizes itself.
        let theirs = ["one", "two"].map(|text| ("PUT", DARE, json!({"description": text})));
        let mine = json!({"cast": ["mine"]});
        let (response, service) = with_meanwhile(fault, "PUT", DARE, mine, Some("If-Match"), theirs.into()).await;
        assert_eq!(response.status, 503, "{name}");
        assert_eq!(service.get(DARE).await.json()["cast"], json!(["mine"]), "{name}");
    }
}

#[tokio::test]
async fn what_became_of_a_write_that_was_undone_is_not_guessed() {
    for (name, fault) in OVERTAKEN {
        let undone = vec![("DELETE", DARE, json!(null))];
        let (response, service) = with_meanwhile(fault, "PUT", DARE, json!({"cast": []}), None, undone).await;
        assert_eq!(response.status, 503, "{name}");
        assert_eq!(service.get(DARE).await.status, 404, "{name}");

        // A delete knows its outcome, because DynamoDB remembers its token. The new movie with the same id stays.
        let again = vec![("POST", "/ns_movies/", movie("The Dare", 2020))];
        let (response, service) = with_meanwhile(fault, "DELETE", DARE, json!(null), None, again).await;
        assert_eq!(response.status, 200, "{name}");
        assert_eq!(service.get(DARE).await.json(), movie("The Dare", 2020), "{name}");
    }
}

/// A rename of The Dare. Another client acts between its read and its write.
async fn rename_with_meanwhile(header: bool, other: (&'static str, &'static str, Value)) -> (Response, Service) {
    let service = Service::seeded().await;
    let etag = service.get(DARE).await.etag().to_owned();
    service.faults.inject([Fault::Meanwhile(others(&service, vec![other]))]);
    let call = service.call("PUT", DARE).json(&json!({"title": "Renamed"}));
    let call = if header { call.header("If-Match", &etag) } else { call };
    (call.send().await, service)
}

#[tokio::test]
async fn a_rename_keeps_earlier_changes_of_other_clients() {
    let change = ("PUT", DARE, json!({"cast": ["theirs"]}));
    let (response, service) = rename_with_meanwhile(false, change.clone()).await;
    assert_eq!((response.status, &response.json()["cast"]), (200, &json!(["theirs"])));
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
    assert_eq!(rename_with_meanwhile(true, change).await.0.status, 412);
    assert_eq!(rename_with_meanwhile(false, ("DELETE", DARE, json!(null))).await.0.status, 404);
    assert_eq!(rename_with_meanwhile(false, ("PUT", DARE, json!({"title": "Elsewhere"}))).await.0.status, 404);
    assert_eq!(rename_with_meanwhile(false, ("POST", "/ns_movies/", movie("Renamed", 2020))).await.0.status, 409);
    assert_eq!(rename_with_meanwhile(false, ("DELETE", CLICK, json!(null))).await.0.status, 200);
}

#[tokio::test]
async fn a_rename_is_atomic() {
    for faults in [
        vec![Fault::None, Fault::ResponseLost, Fault::ResponseLost, Fault::ResponseLost, Fault::ResponseLost],
        vec![Fault::None, Fault::Reset, Fault::Reset, Fault::Reset, Fault::Reset],
        vec![Fault::Reset, Fault::Reset, Fault::Reset, Fault::Reset],
        // After a conflict, the outcome is known, and the next transaction has four attempts.
        vec![Fault::None, Fault::Conflict, Fault::ServerError, Fault::Throttled, Fault::Reset, Fault::Reset],
        vec![Fault::None, Fault::Conflict, Fault::Conflict, Fault::Conflict, Fault::Conflict],
    ] {
        let service = Service::seeded().await;
        let name = format!("{faults:?}");
        service.faults.inject(faults);
        let response = write(&service, ("PUT", DARE, &json!({"title": "Renamed"}))).await;
        assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "1"), "{name}");
        let movies = service.list_all("/ns_movies/").await;
        let places = ["The Dare-2020", "Renamed-2020"].iter().filter(|id| movies.contains_key(**id)).count();
        assert_eq!((movies.len(), places), (2, 1), "{name}");
    }
}

#[tokio::test]
async fn a_transaction_that_dynamodb_finds_too_large_is_413() {
    let service = Service::seeded().await;
    service.faults.inject([Fault::None, Fault::TooLarge]);
    assert_eq!(write(&service, ("PUT", DARE, &json!({"title": "Renamed"}))).await.status, 413);
    assert_eq!(service.faults.take_tokens().len(), 1);
}

#[tokio::test]
async fn reads_are_retried() {
    for fault in all_faults() {
        let service = Service::seeded().await;
        let name = format!("{fault:?}");
        service.faults.inject([fault]);
        assert_eq!(service.get(DARE).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_503_in_time() {
    for (method, path, body) in
        writes().into_iter().chain([("GET", DARE, json!(null)), ("GET", "/health", json!(null))])
    {
        let service = Service::seeded().await;
        service.faults.inject((0..10).map(|_| Fault::Hang));
        service.faults.clock.take_passed();
        let response = write(&service, (method, path, &body)).await;
        assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "1"), "{method}");
        let passed = service.faults.clock.take_passed();
        assert!((Duration::from_secs(1)..PATIENCE).contains(&passed), "{method} took {passed:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_503_at_once_and_says_nothing_of_itself() {
    let service = Service::seeded().await;
    for fault in [|| Fault::Reset, || Fault::Throttled, || Fault::ServerError] {
        for (method, path) in [("GET", "/ns_movies/"), ("GET", CLICK), ("GET", "/health"), ("DELETE", CLICK)] {
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
    assert_eq!(service.get(CLICK).await.status, 200);
}

#[tokio::test]
async fn each_operation_is_one_call() {
    let service = Service::seeded().await;
    service.faults.take_calls();
    for (method, path, body, calls) in [
        ("GET", "/ns_movies/", json!(null), &["Scan"][..]),
        ("GET", "/ns_movies/?year=2020", json!(null), &["Query"]),
        ("GET", CLICK, json!(null), &["GetItem"]),
        ("POST", "/ns_movies/", movie("New", 1), &["PutItem"]),
        ("PUT", CLICK, json!({"cast": []}), &["UpdateItem"]),
        ("PUT", CLICK, json!({"year": 1}), &["GetItem", "TransactWriteItems"]),
        ("DELETE", DARE, json!(null), &["TransactWriteItems"]),
        ("GET", "/health", json!(null), &["GetItem"]),
        ("GET", "/ns_movies/no-id", json!(null), &[]),
    ] {
        write(&service, (method, path, &body)).await;
        assert_eq!(service.faults.take_calls(), calls, "{method} {path}");
    }
}

#[tokio::test]
async fn a_movie_read_from_a_seed_is_the_movie_stored() {
    let service = Service::start().await;
    service.put(parsed(&movie("Seeded", 2000))).await;
    assert_eq!(service.get("/ns_movies/Seeded-2000").await.json(), movie("Seeded", 2000));
}
