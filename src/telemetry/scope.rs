//! What is known of the request being answered, wherever in its task: its id, and what DynamoDB does for it.
//!
//! The SDK's interceptors and the store see calls, attempts and costs deep below the one who asks. They note them here, in
//! a value that belongs to the request's task ([`run`]); passing it through every call would tell each operation of a
//! thing that is none of its business. Outside of a request nothing is kept.

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

struct Scope {
    request_id: String,
    usage: Cell<Usage>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

/// Does `work` for a request, and tells what it has used.
pub async fn run<T>(request_id: &str, work: impl Future<Output = T>) -> (T, Usage) {
    let scope = Scope { request_id: request_id.to_owned(), usage: Cell::default() };
    SCOPE.scope(scope, async { (work.await, SCOPE.with(|scope| scope.usage.get())) }).await
}

/// The id of the request that this task answers, if it does.
pub(super) fn request_id() -> Option<String> {
    SCOPE.try_with(|scope| scope.request_id.clone()).ok()
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
    let _ = SCOPE.try_with(|scope| {
        let mut usage = scope.usage.get();
        add(&mut usage);
        scope.usage.set(usage);
    });
}
