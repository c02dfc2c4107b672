//! Observes the SDK's calls and their attempts: counts and times them, detects lost responses, and retries conflicts.

use std::{
    error::Error,
    iter,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
            BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef, InterceptorContext,
        },
        retry::{ClassifyRetry, RetryAction},
    },
    error::BoxError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
};

use hyper_util::client::legacy;

use super::StoreError;
use crate::telemetry;

/// Counts calls and attempts, and measures the time of calls, for the request's log line.
#[derive(Debug)]
pub(super) struct UsageCounter;

impl Intercept for UsageCounter {
    fn name(&self) -> &'static str {
        "UsageCounter"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        telemetry::start_call();
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        telemetry::end_call();
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        telemetry::count_attempt();
        Ok(())
    }
}

/// Detects attempts at one call whose outcome is unknown: the connection broke, the attempt timed out, or DynamoDB
/// reported a server error.
///
/// A response counts as lost from the moment when the attempt is sent, until a response shows the outcome. So this type
/// does not need to know all ways in which an attempt can end without a response.
#[derive(Clone, Debug, Default)]
pub(super) struct LostResponses(Arc<AtomicU32>);

impl LostResponses {
    /// Whether the outcome of an attempt is unknown.
    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Returns `error` if every attempt had a response. Otherwise the outcome is unknown: an earlier attempt may have
    /// succeeded and caused the error, or DynamoDB may still carry it out.
    pub(super) fn or_unknown(&self, error: StoreError) -> StoreError {
        if self.any() { StoreError::Unavailable } else { error }
    }
}

impl Intercept for LostResponses {
    fn name(&self) -> &'static str {
        "LostResponses"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.output_or_error().is_ok() || context.response().status().is_client_error() {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if never_connected(context) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether an attempt failed before it had a connection.
fn never_connected(context: &FinalizerInterceptorContextRef<'_>) -> bool {
    let Some(Err(error)) = context.output_or_error() else { return false };
    let first = error.as_connector_error().map(|error| error as &(dyn Error + 'static));
    iter::successors(first, |error| (*error).source())
        .any(|error| error.downcast_ref().is_some_and(legacy::Error::is_connect))
}

/// Retries a put or an update that conflicted with a transaction on the same item. Nothing was written, and the
/// transaction ends within moments. By default, the SDK does not retry it.
#[derive(Debug)]
pub(super) struct ConflictRetry;

impl ClassifyRetry for ConflictRetry {
    fn name(&self) -> &'static str {
        "ConflictRetry"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = match context.output_or_error() {
            Some(Err(error)) => error.as_operation_error(),
            _ => None,
        };
        let Some(error) = error else { return RetryAction::NoActionIndicated };
        let put = error.downcast_ref().is_some_and(PutItemError::is_transaction_conflict_exception);
        let update = error.downcast_ref().is_some_and(UpdateItemError::is_transaction_conflict_exception);
        if put || update { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }
}
