//! What the SDK's attempts at one call tell: how many there were, which answers were lost, and what is worth another.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{FinalizerInterceptorContextRef, InterceptorContext},
        retry::{ClassifyRetry, RetryAction},
    },
    error::BoxError,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
};
use tracing::debug;

use super::StoreError;
use crate::telemetry::scope;

/// Counts every attempt, for the request's log line.
#[derive(Debug)]
pub(super) struct Meter;

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        scope::attempt();
        let status = context.response().map(|response| response.status().as_u16());
        debug!(status, "an attempt at a call of DynamoDB ended");
        Ok(())
    }
}

/// Notices an attempt of one call that may have been carried out although no answer says so: the connection broke, the
/// time ran out, or the service reported a fault of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct LostResponses(Arc<AtomicBool>);

impl LostResponses {
    /// The refusal, if every attempt before it was answered; else what it refuses may be the call's own work.
    pub(super) fn unless(&self, refusal: StoreError) -> StoreError {
        if self.0.load(Ordering::Relaxed) { StoreError::Unavailable } else { refusal }
    }
}

impl Intercept for LostResponses {
    fn name(&self) -> &'static str {
        "LostResponses"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let succeeded = matches!(context.output_or_error(), Some(Ok(_)));
        let refused = context.response().is_some_and(|response| response.status().is_client_error());
        if !succeeded && !refused {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Calls for another attempt when a write met a transaction on the same item: nothing was written, and a moment later
/// the transaction is over. The SDK by itself gives up.
#[derive(Debug)]
pub(super) struct Contention;

impl ClassifyRetry for Contention {
    fn name(&self) -> &'static str {
        "Contention"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = match context.output_or_error() {
            Some(Err(error)) => error.as_operation_error(),
            _ => None,
        };
        let Some(error) = error else { return RetryAction::NoActionIndicated };
        let put = error.downcast_ref().is_some_and(PutItemError::is_transaction_conflict_exception);
        let update = error.downcast_ref().is_some_and(UpdateItemError::is_transaction_conflict_exception);
        let transaction = error.downcast_ref().is_some_and(|error: &TransactWriteItemsError| match error {
            TransactWriteItemsError::TransactionCanceledException(canceled) => {
                let mut codes = canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
                codes.any(|code| {
                    matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
                })
            }
            _ => false,
        });
        if put || update || transaction { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }
}
