//! `Idempotency-Key` with faults of DynamoDB calls, and with other requests at the same time.

use std::pin::Pin;

use serde_json::{Value, json};

use crate::support::{
    Fault, Response, Service,
    keyed::{DARE, Write, assert_replayed, assert_same, writes},
    movie,
};

/// What another client does.
type Other = Pin<Box<dyn Future<Output = ()> + Send>>;

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

#[tokio::test]
async fn one_fault_changes_neither_the_response_nor_the_replay() {
    for write in writes() {
        let expected = {
            let service = Service::seeded().await;
            assert_eq!(write.send(&service, "key").await.status, 200);
            service.list_all("/ns_movies/").await
        };
        for fault in faults() {
            // The fault occurs at each of the calls. The first call reads the key.
            for calls_before in 0..=write.calls.len() {
                let service = Service::seeded().await;
                let row = format!("{write:?}: {:?} at call {calls_before}", fault());
                service.faults.inject(after(calls_before, [fault()]));
                let first = write.send(&service, "key").await;
                assert_eq!(first.status, 200, "{row}: {first:?}");
                assert_eq!(service.list_all("/ns_movies/").await, expected, "{row}");
                service.faults.inject([fault()]);
                assert_replayed(&first, &write.send(&service, "key").await, &row);
                service.faults.clear();
                assert_eq!(service.list_all("/ns_movies/").await, expected, "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_write_whose_response_was_lost_is_found_by_its_key() {
    for write in writes() {
        for fault in [|| Fault::ResponseLost, || Fault::ServerErrorAfter] {
            let service = Service::seeded().await;
            let row = format!("{write:?}, {:?}", fault());
            service.faults.inject(after(write.calls.len(), (0..4).map(|_| fault())));
            let first = write.send(&service, "key").await;
            assert_eq!(first.status, 200, "{row}: {first:?}");
            // The service finds the record of its own write. It cannot tell it from that of an identical request.
            assert_eq!(first.headers.get("idempotency-replayed").map(String::as_str), Some("true"), "{row}");
            assert_same(&first, &write.send(&service, "key").await, &row);
        }
    }
}

#[tokio::test]
async fn what_is_503_happens_once_when_it_is_sent_again() {
    for write in writes() {
        let reads = write.calls.len();
        for (name, happened, faults) in [
            ("nothing arrived", false, after(reads, (0..8).map(|_| Fault::Reset))),
            ("no key is read", false, (0..4).map(|_| Fault::Reset).collect()),
            (
                "no response arrives any more",
                true,
                after(reads, [Fault::ResponseLost].into_iter().chain((0..12).map(|_| Fault::Reset))),
            ),
            ("it hangs", false, after(reads, (0..10).map(|_| Fault::Hang))),
        ] {
            let service = Service::seeded().await;
            let row = format!("{write:?}: {name}");
            let before = service.list_all("/ns_movies/").await;
            service.faults.inject(faults);
            let unknown = write.send(&service, "key").await;
            service.faults.clear();
            assert_eq!(unknown.status, 503, "{row}: {unknown:?}");
            assert_eq!(service.list_all("/ns_movies/").await != before, happened, "{row}");
            let second = write.send(&service, "key").await;
            assert_eq!(second.status, 200, "{row}: {second:?}");
            assert_eq!(second.headers.contains_key("idempotency-replayed"), happened, "{row}");
            let third = write.send(&service, "key").await;
            assert_same(&second, &third, &row);
            assert!(third.headers.contains_key("idempotency-replayed"), "{row}");
        }
    }
}

/// Sends the same request from another copy of the function.
fn twin(service: &Service, write: &Write) -> Other {
    let (copy, write) = (service.other_copy(), write.clone());
    Box::pin(async move { assert_eq!(write.send(&copy, "key").await.status, 200) })
}

#[tokio::test]
async fn an_identical_request_between_any_two_calls_results_in_one_write_and_one_replay() {
    for write in writes() {
        for calls_before in 0..write.calls.len() {
            let service = Service::seeded().await;
            let row = format!("{write:?}: after call {calls_before}");
            service.faults.inject(after(calls_before, [Fault::Meanwhile(twin(&service, &write))]));
            let second = write.send(&service, "key").await;
            assert!(second.headers.contains_key("idempotency-replayed"), "{row}: {second:?}");
            let third = write.send(&service, "key").await;
            assert_same(&second, &third, &row);
            if let Some(etag) = third.headers.get("etag") {
                let path = if third.headers.contains_key("location") { third.location() } else { DARE.to_owned() };
                assert_eq!(service.get(&path).await.etag(), etag, "{row}: one write");
            }
        }
    }
}

#[tokio::test]
async fn only_one_of_many_identical_requests_writes() {
    for write in writes() {
        let service = Service::seeded().await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (copy, write) = (service.other_copy(), write.clone());
            tasks.spawn(async move { write.send(&copy, "key").await });
        }
        let responses: Vec<Response> = tasks.join_all().await;
        let is_replay = |response: &&Response| response.headers.contains_key("idempotency-replayed");
        assert_eq!(responses.iter().filter(is_replay).count(), 7, "{write:?}: {responses:?}");
        for response in &responses {
            assert_eq!(response.status, 200, "{write:?}: {response:?}");
            assert_same(&responses[0], response, &format!("{write:?}"));
        }
    }
}

#[tokio::test]
async fn a_rejection_is_correct_under_every_fault() {
    // After this many calls, the call is the transaction. If its response is lost, a refusal is not final.
    for (method, path, body, status, reads) in [
        ("POST", "/ns_movies/", movie("The Dare", 2020), 409, 1),
        ("PUT", "/ns_movies/Nope-1", json!({"cast": []}), 404, 3),
        ("PATCH", DARE, json!({"title": "Don't Click"}), 409, 2),
        ("DELETE", "/ns_movies/Nope-1", json!(null), 404, 1),
    ] {
        for fault in faults() {
            for calls_before in 0..3 {
                let service = Service::seeded().await;
                let before = service.list_all("/ns_movies/").await;
                let write = Write { method, path, body: body.clone(), calls: &[] };
                let row = format!("{write:?}: {:?} at call {calls_before}", fault());
                let has_response = matches!(fault(), Fault::Throttled | Fault::Conflict | Fault::NoServer);
                let expected = if calls_before == reads && !has_response { 503 } else { status };
                service.faults.inject(after(calls_before, [fault()]));
                assert_eq!(write.send(&service, "key").await.status, expected, "{row}");
                service.faults.clear();
                assert_eq!(service.list_all("/ns_movies/").await, before, "{row}");
                assert_eq!(service.record("key").await, None, "{row}");
            }
        }
    }
}

/// Writes of other clients, one after the other.
fn others(service: &Service, writes: Vec<(&'static str, Value)>) -> Other {
    let copy = service.other_copy();
    Box::pin(async move {
        for (method, body) in writes {
            assert_eq!(copy.call(method, DARE).json(&body).send().await.status, 200, "{method} {body}");
        }
    })
}

#[tokio::test]
async fn an_update_overtaken_twice_before_its_retry_happens_once() {
    let theirs = vec![("PUT", json!({"description": "theirs"})), ("PUT", json!({"image": "https://theirs.org/"}))];
    for fault in [Fault::ResponseLostThen, Fault::LateResponseThen] {
        let service = Service::seeded().await;
        let mine = Write { method: "PUT", path: DARE, body: json!({"description": "mine"}), calls: &[] };
        service.faults.inject(after(2, [fault(others(&service, theirs.clone()))]));
        let first = mine.send(&service, "key").await;
        assert_eq!((first.status, &first.json()["description"]), (200, &json!("mine")));
        assert_eq!(service.get(DARE).await.json()["description"], "theirs");
        assert_replayed(&first, &mine.send(&service, "key").await, "overtaken");
    }
}

#[tokio::test]
async fn a_create_whose_movie_is_deleted_before_its_retry_happens_once() {
    let service = Service::start().await;
    let create = Write { method: "POST", path: "/ns_movies/", body: movie("The Dare", 2020), calls: &[] };
    let deleted = others(&service, vec![("DELETE", json!(null))]);
    service.faults.inject(after(1, [Fault::ResponseLostThen(deleted)]));
    let first = create.send(&service, "key").await;
    assert_eq!((first.status, service.get(DARE).await.status), (200, 404));
    assert_replayed(&first, &create.send(&service, "key").await, "deleted");
}

#[tokio::test]
async fn an_update_keeps_earlier_changes_of_other_clients() {
    for (if_match, status) in [(false, 200), (true, 412)] {
        let service = Service::seeded().await;
        let etag = service.get(DARE).await.etag().to_owned();
        let theirs = others(&service, vec![("PUT", json!({"description": "theirs"}))]);
        service.faults.inject(after(1, [Fault::Meanwhile(theirs)]));
        let call = service.call("PUT", DARE).header("Idempotency-Key", "key").json(&json!({"cast": ["mine"]}));
        let call = if if_match { call.header("If-Match", &etag) } else { call };
        assert_eq!(call.send().await.status, status);
        let movie = service.get(DARE).await.json();
        let is_mine = movie["cast"] == json!(["mine"]);
        assert_eq!((movie["description"].as_str(), is_mine), (Some("theirs"), !if_match));
        assert_eq!(service.record("key").await.is_some(), !if_match);
    }
}
