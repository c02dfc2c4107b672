//! The calls, attempts and units of each operation, as the emulator counts them. `docs/cost.md` calculates with these
//! units.

use std::time::Duration;

use lambda_runtime::Context;
use movies::{
    api,
    event::Event,
    telemetry::{self, Usage},
};
use serde_json::{Value, json};

use crate::support::{Call, Fault, Service, keyed::writes, movie, path_of};

/// The response's status, the route's name, and the usage.
async fn usage(service: &Service, method: &str, path: &str, body: Option<&Value>) -> (u16, &'static str, Usage) {
    let call = service.call(method, path);
    usage_of(service, if let Some(body) = body { call.json(body) } else { call }).await
}

async fn usage_of(service: &Service, call: Call<'_>) -> (u16, &'static str, Usage) {
    let Event::Http(_, request) = Event::from_bytes(call.event().to_string().as_bytes()) else { panic!("no request") };
    let context = Context::default();
    let operation = Box::pin(api::handle(&service.app, *request, &context));
    let ((route, response), usage) = telemetry::measure_usage(operation).await;
    // The time differs from run to run, but calls take some of it.
    assert_eq!(usage.dynamodb.is_zero(), usage.calls == 0, "{usage:?}");
    (response.status().as_u16(), route, Usage { dynamodb: Duration::ZERO, ..usage })
}

fn used(calls: u32, read_units: f64, write_units: f64) -> Usage {
    Usage { calls, attempts: calls, read_units, write_units, ..Usage::default() }
}

/// A movie whose item has almost `kilobytes`.
fn large(title: &str, kilobytes: usize) -> Value {
    let mut movie = movie(title, 2000);
    movie["description"] = json!("x".repeat(kilobytes * 1024 - 400));
    movie
}

#[tokio::test]
async fn each_operation_costs_what_the_sums_say() {
    let service = Service::start().await;
    let call = async |method, path: &str, body: Option<Value>| {
        let (status, route, usage) = usage(&service, method, path, body.as_ref()).await;
        assert!(status < 300, "{method} {path}: {status}");
        (route, usage)
    };
    // An item under 1 KB takes one unit, or two in a transaction, and one for the index.
    assert_eq!(call("POST", "/ns_movies/", Some(movie("Small", 2000))).await, ("create", used(1, 0.0, 2.0)));
    assert_eq!(call("GET", &path_of("Small-2000"), None).await, ("read", used(1, 1.0, 0.0)));
    let patch = json!({"description": "Other."});
    assert_eq!(call("PUT", &path_of("Small-2000"), Some(patch)).await, ("update", used(1, 0.0, 2.0)));
    assert_eq!(call("GET", "/ns_movies/", None).await, ("list", used(1, 1.0, 0.0)));
    assert_eq!(call("GET", "/ns_movies/?year=2000", None).await, ("list", used(1, 0.5, 0.0)));
    assert_eq!(call("GET", "/health", None).await, ("health", used(1, 0.5, 0.0)));
    assert_eq!(call("GET", "/swagger.json", None).await, ("openapi", used(0, 0.0, 0.0)));
    let rename = call("PATCH", &path_of("Small-2000"), Some(json!({"title": "Renamed"}))).await;
    assert_eq!(rename, ("update", used(2, 1.0, 6.0)), "a read, and two writes in a transaction");
    assert_eq!(call("DELETE", &path_of("Renamed-2000"), None).await, ("delete", used(1, 0.0, 3.0)));

    // A write takes a unit for each KB, a consistent read one for each 4 KB.
    assert_eq!(call("POST", "/ns_movies/", Some(large("Large", 10))).await, ("create", used(1, 0.0, 20.0)));
    assert_eq!(call("GET", &path_of("Large-2000"), None).await, ("read", used(1, 3.0, 0.0)));
}

#[tokio::test]
async fn a_key_costs_a_read_and_a_record_and_a_replay_a_read() {
    let sums = [used(2, 1.0, 5.0), used(3, 2.0, 5.0), used(3, 2.0, 5.0), used(2, 1.0, 5.0)];
    // The last writes move a movie.
    for (write, expected) in writes().iter().zip(sums.into_iter().chain(std::iter::repeat(used(3, 2.0, 8.0)))) {
        let service = Service::seeded().await;
        let (status, _, first) = usage_of(&service, write.call(&service, "key")).await;
        assert_eq!((status, first), (200, expected), "{write:?}");
        let (status, _, replay) = usage_of(&service, write.call(&service, "key")).await;
        assert_eq!((status, replay), (200, used(1, 1.0, 0.0)), "{write:?}");
    }
}

#[tokio::test]
async fn a_page_costs_a_unit_for_each_4_kb_and_half_of_it_by_year() {
    let service = Service::start().await;
    for number in 0..101 {
        let mut movie = movie(&format!("Page {number:03}"), 2000);
        movie["description"] = json!("x".repeat(860));
        assert_eq!(service.post(&movie).await.status, 200);
    }
    let (_, _, all) = usage(&service, "GET", "/ns_movies/", None).await;
    // The service reads one movie more than the page has, to find out whether there is another page.
    assert!((24.0..=26.0).contains(&all.read_units), "{all:?}");
    let (_, _, year) = usage(&service, "GET", "/ns_movies/?year=2000", None).await;
    assert!((12.0..=13.0).contains(&year.read_units), "{year:?}");
}

#[tokio::test]
async fn a_write_whose_precondition_is_false_is_one_call() {
    let service = Service::seeded().await;
    for (method, body) in [("PUT", json!({"cast": []})), ("DELETE", json!(null))] {
        let call = service.call(method, &path_of("The Dare-2020")).header("If-Match", "\"stale\"").json(&body);
        let (status, _, usage) = usage_of(&service, call).await;
        assert_eq!((status, usage.calls), (412, 1), "{method}");
    }
}

#[tokio::test]
async fn a_retry_is_counted() {
    let service = Service::seeded().await;
    service.faults.inject([Fault::Throttled, Fault::Reset]);
    let (status, _, usage) = usage(&service, "GET", "/ns_movies/The%20Dare-2020", None).await;
    assert_eq!((status, usage), (200, Usage { attempts: 3, ..used(1, 1.0, 0.0) }));
}

#[tokio::test]
async fn a_request_without_a_route_has_the_route_none() {
    let service = Service::start().await;
    for (method, path) in [("GET", "/elsewhere"), ("BREW", "/ns_movies/")] {
        assert_eq!(usage(&service, method, path, None).await.1, "none", "{method} {path}");
    }
}
