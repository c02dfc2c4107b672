//! Which attempts at a transaction have the same token, by which DynamoDB recognizes a retry.

use serde_json::json;

use crate::support::{Fault, Service};

const DARE: &str = "/ns_movies/The%20Dare-2020";

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
        let response = service.call("DELETE", DARE).json(&json!(null)).send().await;
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
