//! Transactions, by whose token DynamoDB recognizes a retry for ten minutes. A write is one if nothing on the item could
//! tell that it has happened: a delete, a rename, and a write that is remembered in another table.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::AsyncSleep as _,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnConsumedCapacity::Total, TransactWriteItem},
};

use super::{StoreError, attempts::LostResponses, error::is_too_large, version};
use crate::telemetry::scope;

/// How often a transaction is sent that others on the same items cancel.
const ATTEMPTS: u32 = 4;

/// Why a transaction did not happen.
pub(super) enum Canceled {
    /// Some of its conditions are false; one reason for each action.
    Conditions(Vec<CancellationReason>),
    /// Something else.
    Other(StoreError),
}

/// Does all of these actions, or none.
///
/// While every response arrived, the outcome of each attempt is definite, and the next one is a transaction of its own. An
/// attempt without a response may still be carried out, so that the next one has its token.
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
                    return Err(Canceled::Conditions(reasons.to_vec()));
                }
                if reasons.iter().any(|reason| is_too_large(reason.code(), reason.message())) {
                    return Err(Canceled::Other(StoreError::TooLarge));
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

/// Waits before the next attempt, longer after each, and not as long as another writer that waits too.
pub(super) async fn pause(client: &Client, attempt: u32) {
    const SHORTEST: u64 = 25;
    const LONGEST: u64 = 100;
    let longest = (SHORTEST << attempt.saturating_sub(1).min(8)).min(LONGEST);
    if let Some(sleep) = client.config().sleep_impl() {
        sleep.sleep(Duration::from_millis(fastrand::u64(longest / 2..=longest))).await;
    }
}

/// Whether an action's condition is false.
pub(super) fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Whether an action met something that is over in a moment.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}
