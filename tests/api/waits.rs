//! How long a write waits before it is tried again.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::support::{Fault, Service};

const DARE: &str = "/ns_movies/The%20Dare-2020";

/// Renames The Dare with these faults, and checks how many milliseconds the write waited. The write succeeds.
async fn assert_waits(service: &Service, faults: Vec<Fault>, milliseconds: RangeInclusive<u128>) {
    let name = format!("{faults:?}");
    service.faults.inject(faults);
    service.faults.clock.take_passed();
    let response = service.call("PUT", DARE).json(&json!({"title": "Renamed"})).send().await;
    assert_eq!(response.status, 200, "{name}: {response:?}");
    let passed = service.faults.clock.take_passed();
    assert!(milliseconds.contains(&passed.as_millis()), "{name} took {passed:?}");
}

#[tokio::test]
async fn a_transaction_waits_longer_after_each_conflict() {
    for (conflicts, milliseconds) in [(0, 0..=0), (1, 12..=25), (2, 37..=75), (3, 87..=175)] {
        let service = Service::seeded().await;
        let faults = [Fault::None].into_iter().chain((0..conflicts).map(|_| Fault::Conflict));
        assert_waits(&service, faults.collect(), milliseconds).await;
    }
}

/// Another client changes the movie after this client's read.
fn overtaken(service: &Service) -> Fault {
    let copy = service.other_copy();
    Fault::Meanwhile(Box::pin(async move {
        assert_eq!(copy.call("PUT", DARE).json(&json!({"cast": []})).send().await.status, 200);
    }))
}

#[tokio::test]
async fn a_write_that_is_overtaken_once_reads_again_at_once_and_waits_longer_each_time_after_that() {
    for (rounds, milliseconds) in [(1, 0..=0), (2, 12..=25), (3, 37..=75)] {
        let service = Service::seeded().await;
        // Each round is a read and a transaction.
        let faults = (0..rounds).flat_map(|_| [overtaken(&service), Fault::None]).collect();
        assert_waits(&service, faults, milliseconds).await;
    }
}
