//! The attempts at a transaction: their tokens, by which DynamoDB recognizes a retry, and the delays between them.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::support::{Fault, Other, Service, change, other_change, stored};

/// Each row has the faults of a delete, its status, and a number for the token of each attempt.
#[tokio::test]
async fn a_token_is_new_after_a_rejection_and_the_same_while_an_outcome_is_unknown() {
    use Fault::{Conflict, InProgress, LateResponse, Reset, ResponseLost, ServerError, Throttled};
    for (faults, status, tokens) in [
        (vec![], 200, &[0][..]),
        (vec![Conflict], 200, &[0, 1]),
        (vec![Conflict, Conflict, Conflict], 200, &[0, 1, 2, 3]),
        (vec![Conflict, Conflict, Conflict, Conflict], 503, &[0, 1, 2, 3]),
        (vec![ResponseLost], 200, &[0, 0]),
        (vec![LateResponse], 200, &[0, 0]),
        (vec![ServerError, Throttled], 200, &[0, 0, 0]),
        (vec![Reset, Conflict], 200, &[0, 0, 0]),
        (vec![Throttled, Conflict], 200, &[0, 0, 1]),
        (vec![Conflict, ResponseLost, InProgress], 200, &[0, 1, 1, 1]),
        (vec![ResponseLost, InProgress, InProgress], 200, &[0, 0, 0, 0]),
        (vec![ResponseLost, InProgress, InProgress, InProgress], 503, &[0, 0, 0, 0]),
    ] {
        let service = Service::seeded().await;
        let row = format!("{faults:?}");
        service.faults.inject(faults);
        let response = service.call("DELETE", &stored().path).json(&json!(null)).send().await;
        assert_eq!(response.status, status, "{row}: {response:?}");
        let sent = service.faults.take_tokens();
        let mut known: Vec<&String> = Vec::new();
        let numbers = sent.iter().map(|token| {
            assert!((1..=36).contains(&token.len()), "{row}: {token}");
            known.iter().position(|one| *one == token).unwrap_or_else(|| {
                known.push(token);
                known.len() - 1
            })
        });
        assert_eq!(numbers.collect::<Vec<_>>(), tokens, "{row}");
    }
}

/// Sends an update with a key, which is the read of the key, a read and a transaction. Checks how many milliseconds it
/// waited.
async fn assert_waits(service: &Service, faults: Vec<Fault>, milliseconds: RangeInclusive<u128>) {
    let row = format!("{faults:?}");
    service.faults.inject([Fault::None].into_iter().chain(faults));
    service.faults.clock.take_passed();
    let update = service.call("PUT", &stored().path).header("Idempotency-Key", "key").json(&change());
    let response = update.send().await;
    assert_eq!(response.status, 200, "{row}: {response:?}");
    let passed = service.faults.clock.take_passed();
    assert!(milliseconds.contains(&passed.as_millis()), "{row} took {passed:?}");
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
    Fault::Meanwhile(Other::new(async move {
        assert_eq!(copy.call("PUT", &stored().path).json(&other_change()).send().await.status, 200);
    }))
}

#[tokio::test]
async fn a_write_that_is_overtaken_once_reads_again_at_once_and_waits_longer_each_time_after_that() {
    for (rounds, milliseconds) in [(1, 0..=0), (2, 12..=25), (3, 37..=75)] {
        let service = Service::seeded().await;
        let faults = (0..rounds).flat_map(|_| [overtaken(&service), Fault::None]).collect();
        assert_waits(&service, faults, milliseconds).await;
    }
}
