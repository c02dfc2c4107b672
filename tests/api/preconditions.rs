//! Preconditions of writes, alone and with every fault of a DynamoDB call.

use serde_json::{Value, json};

use crate::support::{Fault, Response, Service, movie};

const DARE: &str = "/ns_movies/The%20Dare-2020";

/// An update, a rename and a delete.
fn writes() -> [(&'static str, Value); 3] {
    [("PUT", json!({"description": "Changed."})), ("PATCH", json!({"title": "Renamed"})), ("DELETE", json!(null))]
}

/// Headers, with `CURRENT` for the movie's ETag, and whether the precondition is true.
const HEADERS: [(Option<&str>, Option<&str>, bool); 18] = [
    (None, None, true),
    (Some("*"), None, true),
    (Some("CURRENT"), None, true),
    (Some("\"other\", CURRENT"), None, true),
    (Some("\"other\""), None, false),
    (Some("\"\""), None, false),
    (Some("\"\", CURRENT"), None, true),
    (Some("W/CURRENT"), None, false),
    (None, Some("*"), false),
    (None, Some("CURRENT"), false),
    (None, Some("W/CURRENT"), false),
    (None, Some("\"other\", CURRENT"), false),
    (None, Some("\"other\""), true),
    (None, Some("\"\""), true),
    (Some("CURRENT"), Some("\"other\""), true),
    (Some("CURRENT"), Some("CURRENT"), false),
    (Some("\"other\""), Some("\"another\""), false),
    (Some("*"), Some("*"), false),
];

async fn send(
    service: &Service,
    method: &str,
    path: &str,
    body: &Value,
    (if_match, if_none_match): (Option<&str>, Option<&str>),
    etag: &str,
) -> Response {
    let mut call = service.call(method, path);
    for (name, value) in [("If-Match", if_match), ("If-None-Match", if_none_match)] {
        if let Some(value) = value {
            call = call.header(name, &value.replace("CURRENT", etag));
        }
    }
    if body.is_null() { call.send().await } else { call.json(body).send().await }
}

/// Tests every pair of headers with every fault.
async fn try_all((method, body): (&str, Value)) {
    for (if_match, if_none_match, holds) in HEADERS {
        let service = Service::seeded().await;
        let headers = (if_match, if_none_match);
        for fault in faults() {
            let name = format!("{method} If-Match {if_match:?} If-None-Match {if_none_match:?} {fault:?}");
            let before = service.list_all("/ns_movies/").await;
            let etag = service.get(DARE).await.etag().to_owned();
            let has_response = matches!(fault, Fault::None | Fault::Throttled);
            // A rename reads first.
            let is_rename = method == "PATCH";
            service.faults.inject(is_rename.then_some(Fault::None).into_iter().chain([fault]));
            let response = send(&service, method, DARE, &body, headers, &etag).await;
            service.faults.clear();
            let after = service.list_all("/ns_movies/").await;
            if holds {
                assert_eq!(response.status, 200, "{name}: {response:?}");
                assert_ne!(after, before, "{name}");
                restore(&service).await;
            } else {
                // After a lost response, a refusal is not final. The read of a rename shows the outcome before.
                let may_be_unknown = method != "PATCH" && !has_response;
                assert!(response.status == 412 || may_be_unknown && response.status == 503, "{name}: {response:?}");
                assert_eq!(after, before, "{name}");
            }
        }
        let response = send(&service, method, "/ns_movies/Nope-1", &body, headers, "x").await;
        assert_eq!(response.status, 404, "{method} If-Match {if_match:?} If-None-Match {if_none_match:?}");
    }
}

#[tokio::test]
async fn an_update_happens_if_its_precondition_holds_whatever_fault_comes_first() {
    try_all(writes()[0].clone()).await;
}

#[tokio::test]
async fn a_rename_happens_if_its_precondition_holds_whatever_fault_comes_first() {
    try_all(writes()[1].clone()).await;
}

#[tokio::test]
async fn a_delete_happens_if_its_precondition_holds_whatever_fault_comes_first() {
    try_all(writes()[2].clone()).await;
}

fn faults() -> [Fault; 7] {
    [
        Fault::None,
        Fault::ResponseLost,
        Fault::Reset,
        Fault::Throttled,
        Fault::ServerError,
        Fault::ServerErrorAfter,
        Fault::LateResponse,
    ]
}

/// Restores The Dare as in the seed, except for its ETag.
async fn restore(service: &Service) {
    service.call("DELETE", "/ns_movies/Renamed-2020").send().await;
    service.call("DELETE", DARE).send().await;
    assert_eq!(service.post(&movie("The Dare", 2020)).await.status, 200);
}

#[tokio::test]
async fn a_precondition_is_part_of_the_write_itself() {
    for (method, body) in writes() {
        let service = Service::seeded().await;
        service.faults.take_calls();
        let response = send(&service, method, DARE, &body, (Some("*"), Some("\"other\"")), "").await;
        assert_eq!(response.status, 200, "{method}");
        let calls: &[&str] = match method {
            "PUT" => &["UpdateItem"],
            "PATCH" => &["GetItem", "TransactWriteItems"],
            _ => &["TransactWriteItems"],
        };
        assert_eq!(service.faults.take_calls(), calls, "{method}");
    }
}

#[tokio::test]
async fn a_change_between_the_read_and_the_write_of_a_rename_meets_the_precondition() {
    for (if_none_match, status) in [("\"other\"", 200), ("CURRENT", 412)] {
        let service = Service::seeded().await;
        let copy = service.other_copy();
        let etag = copy.get(DARE).await.etag().to_owned();
        let meanwhile = Box::pin(async move {
            let change = json!({"cast": ["theirs"]});
            assert_eq!(copy.call("PUT", DARE).json(&change).send().await.status, 200, "{if_none_match}");
        });
        let is_current = if_none_match == "CURRENT";
        service.faults.inject([Fault::Meanwhile(meanwhile)]);
        let body = json!({"title": "Renamed"});
        let response =
            send(&service, "PATCH", DARE, &body, (is_current.then_some("CURRENT"), Some(if_none_match)), &etag).await;
        assert_eq!(response.status, status, "{if_none_match}");
    }
}
