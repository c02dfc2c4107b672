//! Sends transactions. For ten minutes, DynamoDB recognizes a retry by the transaction's token.
//!
//! A write is a transaction if the item alone cannot show that the write has happened: a delete, a rename, and a write
//! that is remembered in another table.

use std::{ops::RangeInclusive, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::AsyncSleep as _,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnConsumedCapacity::Total, TransactWriteItem},
};

use super::{StoreError, attempts::LostResponses, error::is_too_large, version};
use crate::telemetry::scope;

/// How often a transaction is sent if it is canceled for a temporary reason.
const ATTEMPTS: u32 = 4;

/// Why a transaction did not happen.
pub(super) enum Canceled {
    /// Some of its conditions are false. There is one reason for each action. If a response was lost, DynamoDB may still
    /// carry out an earlier attempt.
    Conditions(Vec<CancellationReason>, LostResponses),
    /// Something else.
    Other(StoreError),
}

/// Carries out all of these actions in one transaction.
///
/// If all responses so far have arrived, every earlier attempt was certainly canceled, so the next attempt is a new
/// transaction. If a response was lost, DynamoDB may still carry out that attempt, so the next attempt has the same
/// token.
pub(super) async fn transact(
    client: &Client,
    operation: &str,
    actions: Vec<TransactWriteItem>,
) -> Result<(), Canceled> {
    let lost = LostResponses::default();
    let mut token = version::new().map_err(Canceled::Other)?;
    let mut attempt = 0;
    loop {
        let call = client
            .transact_write_items()
            .set_transact_items(Some(actions.clone()))
            .client_request_token(&token)
            .return_consumed_capacity(Total);
        let error = match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(written) => {
                scope::write(written.consumed_capacity());
                return Ok(());
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let reasons = canceled.cancellation_reasons();
                if reasons.iter().any(condition_failed) {
                    return Err(Canceled::Conditions(reasons.to_vec(), lost));
                }
                if reasons.iter().any(|reason| is_too_large(reason.code(), reason.message())) {
                    return Err(Canceled::Other(lost.or_unknown(StoreError::TooLarge)));
                }
                attempt = if reasons.iter().any(is_passing) { attempt + 1 } else { ATTEMPTS };
                if !lost.any() {
                    token = version::new().map_err(Canceled::Other)?;
                }
            }
            _ => attempt = ATTEMPTS,
        }
        if attempt >= ATTEMPTS {
            return Err(Canceled::Other(StoreError::from_sdk(operation, &error)));
        }
        pause(client, attempt).await;
    }
}

/// Waits before the next attempt, longer after each attempt. The duration is random, because two writers that wait
/// equally long would conflict again.
pub(super) async fn pause(client: &Client, attempt: u32) {
    if let Some(sleep) = client.config().sleep_impl() {
        sleep.sleep(Duration::from_millis(fastrand::u64(milliseconds(attempt)))).await;
    }
}

/// The shortest and the longest pause after this attempt, in milliseconds.
fn milliseconds(attempt: u32) -> RangeInclusive<u64> {
    const FIRST: u64 = 25;
    const LONGEST: u64 = 100;
    let longest = (FIRST << attempt.saturating_sub(1).min(8)).min(LONGEST);
    longest / 2..=longest
}

/// Whether an action's condition is false.
pub(super) fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Whether an action was canceled for a reason that ends within moments.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_after_each_attempt_up_to_a_tenth_of_a_second() {
        let pauses = [1, 2, 3, 4, 5, u32::MAX].map(milliseconds);
        assert_eq!(pauses, [12..=25, 25..=50, 50..=100, 50..=100, 50..=100, 50..=100]);
    }

    #[test]
    fn the_reasons_that_end_within_moments_are_known() {
        for (code, expected) in [
            ("TransactionConflict", true),
            ("ThrottlingError", true),
            ("ProvisionedThroughputExceeded", true),
            ("ConditionalCheckFailed", false),
            ("ItemCollectionSizeLimitExceeded", false),
            ("ValidationError", false),
            ("None", false),
        ] {
            assert_eq!(is_passing(&CancellationReason::builder().code(code).build()), expected, "{code}");
        }
    }
}
