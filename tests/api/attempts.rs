//! The attempts at a transaction: their tokens, by which DynamoDB recognizes a retry, and the delays between them.

use crate::support::{
    Fault, Other, Service, change, other_change,
    requests::{KEY, Request},
    stored,
};

/// Each row has the faults of a delete, its status, and a number for the token of each attempt.
#[tokio::test]
async fn a_token_is_new_after_a_rejection_and_the_same_while_an_outcome_is_unknown() {
    use Fault::{Conflict, InProgress, LateResponse, Reset, ResponseLost, ServerError, Throttled};
    for (faults, status, tokens) in [
        (vec![], 200, &[0][..]),
        (vec![Conflict, Conflict, Conflict], 200, &[0, 1, 2, 3]),
        (vec![Conflict, Conflict, Conflict, Conflict], 503, &[0, 1, 2, 3]),
        (vec![LateResponse], 200, &[0, 0]),
        (vec![ServerError, Throttled], 200, &[0, 0, 0]),
        (vec![Reset, Conflict], 200, &[0, 0, 0]),
        (vec![Throttled, Conflict], 200, &[0, 0, 1]),
        (vec![Conflict, ResponseLost, InProgress], 200, &[0, 1, 1, 1]),
        (vec![ResponseLost, InProgress, InProgress, InProgress], 503, &[0, 0, 0, 0]),
    ] {
        let service = Service::seeded().await;
        let row = format!("{faults:?}");
        service.faults.inject(faults);
        let response = service.call("DELETE", &stored().path).send().await;
        assert_eq!(response.status, status, "{row}: {response:?}");
        let sent = service.faults.take_tokens();
        assert!(sent.iter().all(|token| (1..=36).contains(&token.len())), "{row}: {sent:?}");
        let mut known = sent.clone();
        known.dedup();
        let numbers = sent.iter().map(|token| known.iter().position(|one| one == token).unwrap());
        assert_eq!(numbers.collect::<Vec<_>>(), tokens, "{row}");
    }
}

/// Another client changes the movie after this client's read.
fn overtaken(service: &Service) -> Fault {
    let copy = service.other_copy();
    Fault::Meanwhile(Other::new(async move {
        assert_eq!(Request::new("PUT", &stored().path, other_change()).send(&copy).await.status, 200);
    }))
}

/// Each row has how often an update with a key is overtaken, then how often its transaction conflicts, and how many
/// milliseconds it waits.
#[tokio::test]
async fn a_write_waits_longer_after_each_conflict_and_each_time_but_the_first_it_is_overtaken() {
    for (overtakes, conflicts, milliseconds) in [
        (0, 0, 0..=0),
        (0, 1, 12..=25),
        (0, 2, 37..=75),
        (0, 3, 87..=175),
        (1, 0, 0..=0),
        (2, 0, 12..=25),
        (3, 0, 37..=75),
    ] {
        let service = Service::seeded().await;
        // It reads the key. Each plan is a read and a transaction.
        let mut faults = vec![Fault::None];
        faults.extend((0..overtakes).flat_map(|_| [overtaken(&service), Fault::None]));
        faults.push(Fault::None);
        faults.extend((0..conflicts).map(|_| Fault::Conflict));
        service.faults.inject(faults);
        service.faults.clock.take_passed();
        let update = Request::new("PUT", &stored().path, change());
        assert_eq!(update.send_with_key(&service, KEY.1).await.status, 200);
        let passed = service.faults.clock.take_passed().as_millis();
        assert!(milliseconds.contains(&passed), "{overtakes} {conflicts}: {passed} ms");
    }
}
