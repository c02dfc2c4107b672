//! The calls, attempts and units of each operation, as the emulator counts them. `docs/cost.md` calculates with these
//! units.

use std::time::{Duration, Instant};

use lambda_runtime::Context;
use movies::{
    api,
    event::Event,
    telemetry::{self, Usage},
};
use serde_json::Value;

use crate::support::{
    Call, Fault, Service, change, collection, large, merged,
    movies::{filters, renames},
    new,
    requests::{KEY, Request, changes, writes},
    stored,
};

/// The response's status, the route's name, and the usage.
async fn usage(service: &Service, call: Call<'_>) -> (u16, &'static str, Usage) {
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

/// The units that the index takes for an item under 1 KB.
fn index() -> f64 {
    if filters().len() > 1 { 1.0 } else { 0.0 }
}

#[tokio::test]
async fn the_time_of_a_call_ends_with_the_call() {
    let service = Service::start().await;
    let work = async {
        let start = Instant::now();
        service.app.store.ping().await.unwrap();
        let took = start.elapsed();
        tokio::time::sleep(Duration::from_millis(5)).await;
        took
    };
    let (took, usage) = telemetry::measure_usage(work).await;
    assert!(usage.dynamodb <= took, "{usage:?}, {took:?}");
}

#[tokio::test]
async fn each_operation_costs_what_the_sums_say() {
    let service = Service::start().await;
    let call = async |method, path: &str, body: Option<Value>| {
        let request = Request::new(method, path, body.unwrap_or_default());
        let (status, route, usage) = usage(&service, request.call(&service)).await;
        assert!(status < 300, "{method} {path}: {status}");
        (route, usage)
    };
    // An item under 1 KB takes one unit, or two in a transaction, and one for the index.
    assert_eq!(call("POST", collection(), Some(new(1).body)).await, ("create", used(1, 0.0, 1.0 + index())));
    assert_eq!(call("GET", &new(1).path, None).await, ("read", used(1, 1.0, 0.0)));
    assert_eq!(call("PUT", &new(1).path, Some(change())).await, ("update", used(1, 0.0, 1.0 + index())));
    for (filter, units) in filters().iter().zip([1.0, 0.5]) {
        let path = format!("{}?limit=10{filter}", collection());
        assert_eq!(call("GET", &path, None).await, ("list", used(1, units, 0.0)), "{filter}");
    }
    assert_eq!(call("GET", "/health", None).await, ("health", used(1, 0.5, 0.0)));
    assert_eq!(call("GET", "/swagger.json", None).await, ("openapi", used(0, 0.0, 0.0)));
    assert_eq!(call("DELETE", &new(1).path, None).await, ("delete", used(1, 0.0, 2.0 + index())));
    for patch in renames() {
        call("POST", collection(), Some(new(1).body)).await;
        let rename = call("PATCH", &new(1).path, Some(patch)).await;
        assert_eq!(rename, ("update", used(2, 1.0, 4.0 + 2.0 * index())), "a read, and two writes in a transaction");
    }

    // A write takes a unit for each KB, a consistent read one for each 4 KB.
    let ten_kilobytes = merged(&new(2).body, &large(10 * 1024 - 400));
    assert_eq!(call("POST", collection(), Some(ten_kilobytes)).await, ("create", used(1, 0.0, 10.0 * (1.0 + index()))));
    assert_eq!(call("GET", &new(2).path, None).await, ("read", used(1, 3.0, 0.0)));
}

#[tokio::test]
async fn a_key_costs_a_read_and_a_record_and_a_replay_a_read() {
    for write in writes() {
        let service = Service::seeded().await;
        let items = if renames().contains(&write.body) { 2.0 } else { 1.0 };
        // A change first reads the movie. The last call writes the items and the record.
        let reads = if matches!(write.method, "PUT" | "PATCH") { 2 } else { 1 };
        let expected = used(reads + 1, reads.into(), 2.0 * items + items * index() + 2.0);
        for expected in [expected, used(1, 1.0, 0.0)] {
            let call = write.call(&service).header(KEY.0, KEY.1);
            let (status, _, usage) = usage(&service, call).await;
            assert_eq!((status, usage), (200, expected), "{write:?}");
        }
    }
}

#[tokio::test]
async fn a_page_costs_a_unit_for_each_4_kb_and_half_of_it_by_the_index() {
    let service = Service::start().await;
    for number in 0..101 {
        assert_eq!(service.post(&merged(&new(number).body, &large(860))).await.status, 200);
    }
    for (filter, units) in filters().iter().zip([24.0..=26.0, 12.0..=13.0]) {
        // The service reads one movie more than the page has, to find out whether there is another page.
        let page = service.call("GET", &format!("{}?limit=100{filter}", collection()));
        let (_, _, page) = usage(&service, page).await;
        assert!(units.contains(&page.read_units), "{filter}: {page:?}");
    }
}

#[tokio::test]
async fn a_write_whose_precondition_is_false_is_one_call() {
    let service = Service::seeded().await;
    for write in changes().into_iter().filter(|write| !renames().contains(&write.body)) {
        let (status, _, usage) = usage(&service, write.call(&service).header("If-Match", "\"stale\"")).await;
        assert_eq!((status, usage.calls), (412, 1), "{write:?}");
    }
}

#[tokio::test]
async fn a_retry_is_counted() {
    let service = Service::seeded().await;
    service.faults.inject([Fault::Throttled, Fault::Reset]);
    let (status, _, usage) = usage(&service, service.call("GET", &stored().path)).await;
    assert_eq!((status, usage), (200, Usage { attempts: 3, ..used(1, 1.0, 0.0) }));
}
