//! Counts what DynamoDB does for a request: attempts, and units read and written.
//!
//! The SDK's interceptors and the store add calls, attempts and units to a value that belongs to the request's task
//! ([`run`]). So an operation does not have to pass a counter to the store. Nothing is counted outside of a request.

use std::cell::Cell;

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// The totals of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Calls of DynamoDB's API.
    pub calls: u32,
    /// Attempts at these calls. The attempts minus the calls are retries.
    pub attempts: u32,
    /// Read units that DynamoDB reports. A call whose condition fails also consumes units, but DynamoDB does not report
    /// them.
    pub read_units: f64,
    /// Write units that DynamoDB reports.
    pub write_units: f64,
}

tokio::task_local! {
    static USAGE: Cell<Usage>;
}

/// Does `work`, and also returns its usage.
pub async fn run<T>(work: impl Future<Output = T>) -> (T, Usage) {
    USAGE.scope(Cell::default(), async { (work.await, USAGE.with(Cell::get)) }).await
}

/// Counts a call.
pub(crate) fn call() {
    note(|usage| usage.calls += 1);
}

/// Counts an attempt at a call.
pub(crate) fn attempt() {
    note(|usage| usage.attempts += 1);
}

/// Adds the units of a read.
pub(crate) fn read<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    note(|usage| usage.read_units += units(consumed));
}

/// Adds the units of a write.
pub(crate) fn write<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    note(|usage| usage.write_units += units(consumed));
}

fn units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

fn note(add: impl FnOnce(&mut Usage)) {
    let _ = USAGE.try_with(|sums| {
        let mut usage = sums.get();
        add(&mut usage);
        sums.set(usage);
    });
}
