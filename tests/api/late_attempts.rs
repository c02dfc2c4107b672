//! Attempts that DynamoDB carries out late: the service has sent the write again, and the client has its response.

use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Held, Service,
    keyed::{DARE, Write},
    movie,
};

/// A write, what another client does before the retry so that its condition is false, and what the other client does
/// afterwards so that the condition of the first attempt is true again.
struct Case {
    name: &'static str,
    write: (&'static str, &'static str, Value),
    before_the_retry: Vec<(&'static str, &'static str, Value)>,
    afterwards: (&'static str, &'static str, Value),
}

fn cases() -> [Case; 4] {
    let dare = || movie("The Dare", 2020);
    let new = || movie("New", 2000);
    let case = |name, write, before_the_retry, afterwards| Case { name, write, before_the_retry, afterwards };
    [
        case(
            "a delete of a movie that is gone",
            ("DELETE", DARE, json!(null)),
            vec![("DELETE", DARE, json!(null))],
            ("POST", "/ns_movies/", dare()),
        ),
        case(
            "a rename to an id that is taken",
            ("PATCH", DARE, json!({"title": "New", "year": 2000})),
            vec![("POST", "/ns_movies/", new())],
            ("DELETE", "/ns_movies/New-2000", json!(null)),
        ),
        case(
            "a create of a movie that exists",
            ("POST", "/ns_movies/", new()),
            vec![("POST", "/ns_movies/", new())],
            ("DELETE", "/ns_movies/New-2000", json!(null)),
        ),
        case(
            "an update of a movie that is gone",
            ("PUT", DARE, json!({"description": "mine"})),
            vec![("DELETE", DARE, json!(null))],
            ("POST", "/ns_movies/", dare()),
        ),
    ]
}

fn call<'a>(service: &'a Service, (method, path, body): (&str, &str, &Value)) -> Call<'a> {
    let call = service.call(method, path);
    if body.is_null() { call } else { call.json(body) }
}

async fn write(service: &Service, (method, path, body): &(&'static str, &'static str, Value)) {
    assert_eq!(call(service, (method, path, body)).send().await.status, 200, "{method} {path}");
}

#[tokio::test]
async fn a_refusal_is_not_final_while_an_earlier_attempt_may_arrive() {
    for key in [None, Some("key")] {
        for Case { name, write: (method, path, body), before_the_retry, afterwards } in cases() {
            let service = Service::seeded().await;
            let copy = service.other_copy();
            let held = Held::default();
            let other = Box::pin(async move {
                for other in before_the_retry {
                    write(&copy, &other).await;
                }
            });
            let reads = usize::from(key.is_some()) + usize::from(method == "PATCH" || key.is_some() && method == "PUT");
            let faults = (0..reads).map(|_| Fault::None).chain([Fault::Held(other, held.clone())]);
            service.faults.inject(faults);
            let request = call(&service, (method, path, &body));
            let request = if let Some(key) = key { request.header("Idempotency-Key", key) } else { request };
            let response = request.send().await;
            let row = format!("{name}, key: {key:?}");
            // A plan whose item has changed plans again, and so knows that its first attempt cannot happen any more.
            let plans_again = method == "PUT" && key.is_some();
            assert_eq!(response.status, if plans_again { 404 } else { 503 }, "{row}: {response:?}");

            // The response is true: now DynamoDB carries out the first attempt, if nothing prevents it.
            write(&service, &afterwards).await;
            let before = service.list_all("/ns_movies/").await;
            held.release().await;
            let happened = service.list_all("/ns_movies/").await != before;
            assert_eq!(happened, !plans_again, "{row}");
        }
    }
}

#[tokio::test]
async fn a_keyed_write_whose_first_attempt_arrives_late_happens_once() {
    let create = Write { method: "POST", path: "/ns_movies/", body: movie("New", 2000), calls: &[] };
    let service = Service::seeded().await;
    let held = Held::default();
    service.faults.inject([Fault::None, Fault::Held(Box::pin(async {}), held.clone())]);
    let first = create.send(&service, "key").await;
    assert_eq!(first.status, 200, "{first:?}");
    let changed = service.call("PUT", "/ns_movies/New-2000").json(&json!({"cast": []})).send().await;
    held.release().await;
    assert_eq!(service.get("/ns_movies/New-2000").await.etag(), changed.etag());
}
