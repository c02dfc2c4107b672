//! Counts what DynamoDB does for a request: attempts, and units read and written.
//!
//! The SDK's interceptors and the store see calls, attempts and costs far below the code that handles the request. They
//! add them up here, in a value that belongs to the request's task ([`run`]), so that the operations in between do not
//! have to pass it on. Outside of a request nothing is kept.

use std::cell::Cell;

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// The sums of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Calls of DynamoDB's API.
    pub calls: u32,
    /// Attempts at these calls; what is more than the calls are retries.
    pub attempts: u32,
    /// Read units that DynamoDB says it has counted; of a refused condition it says none, but counts it.
    pub read_units: f64,
    /// Write units, likewise.
    pub write_units: f64,
}

tokio::task_local! {
    static USAGE: Cell<Usage>;
}

/// Does `work`, and returns what it has used too.
pub async fn run<T>(work: impl Future<Output = T>) -> (T, Usage) {
    USAGE.scope(Cell::default(), async { (work.await, USAGE.with(Cell::get)) }).await
}

/// Notes that a call begins.
pub(crate) fn call() {
    note(|usage| usage.calls += 1);
}

/// Notes an attempt at a call.
pub(crate) fn attempt() {
    note(|usage| usage.attempts += 1);
}

/// Notes what a read has cost.
pub(crate) fn read<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    note(|usage| usage.read_units += units(consumed));
}

/// Notes what a write has cost.
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
