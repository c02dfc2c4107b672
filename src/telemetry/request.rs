//! The log line of a request, which also contains the metrics for CloudWatch, and what the request used of DynamoDB.
//!
//! The line has the embedded metric format (Amazon CloudWatch User Guide, "Specification: Embedded metric format"):
//! `_aws` says which members are metrics. The names of metrics and dimensions begin with a capital, those of other
//! members do not.
//!
//! | metric | dimensions | |
//! | --- | --- | --- |
//! | `Duration`, milliseconds; its sample count is the number of requests | `Function`, `Route`, `Status` | always |
//! | `ColdStarts`, `Conflicts` (409 and 412), `Retries` (of calls to DynamoDB) | `Function` | if one is not zero |
//!
//! Each combination of dimensions is a metric that costs money. So there are few routes and statuses, and a client
//! cannot add any.

use std::{
    cell::Cell,
    io::{self, Write as _},
    sync::{LazyLock, OnceLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{
    primitives::{DateTime, DateTimeFormat},
    types::ConsumedCapacity,
};
use lambda_runtime::Context;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tracing::{Level, enabled, info};

/// The maximum length of the message in a JSON line.
const MAX_MESSAGE_BYTES: usize = 1000;

/// Says which members of a line are metrics: first those that each line has, then the [`Counts`].
static METRICS: LazyLock<[Value; 2]> = LazyLock::new(|| {
    let count = |name: &str| json!({"Name": name, "Unit": "Count"});
    let counts = ["ColdStarts", "Conflicts", "Retries"].map(count);
    let duration = json!({"Name": "Duration", "Unit": "Milliseconds"});
    [
        json!({"Namespace": "Movies", "Dimensions": [["Function", "Route", "Status"]], "Metrics": [duration]}),
        json!({"Namespace": "Movies", "Dimensions": [["Function"]], "Metrics": counts}),
    ]
});

/// The function's name, if lines are JSON. It distinguishes the metrics of one stack from another's.
pub(super) static FUNCTION: OnceLock<String> = OnceLock::new();

/// A request and its response.
#[derive(Debug, Serialize)]
pub struct RequestLog<'a> {
    /// The method, and the path in the client's URL.
    pub message: String,
    /// What Lambda says about the invocation.
    #[serde(skip)]
    pub context: &'a Context,
    /// Whether this is the sandbox's first invocation.
    pub cold_start: bool,
    /// The operation, or `none`.
    pub route: &'static str,
    /// The response's status.
    pub status: u16,
    /// The response's `Location`, because the path of a create does not name the movie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<&'a str>,
    /// How long the request took inside the function.
    #[serde(rename = "duration_ms", serialize_with = "serialize_ms")]
    pub duration: Duration,
    /// The calls to DynamoDB, and what they consumed.
    #[serde(flatten)]
    pub usage: Usage,
}

/// What DynamoDB did for one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Calls of DynamoDB's API.
    #[serde(skip)]
    pub calls: u32,
    /// Attempts at these calls. The attempts minus the calls are retries.
    pub attempts: u32,
    /// How long the calls took, with all attempts and the pauses between them.
    #[serde(rename = "dynamodb_ms", serialize_with = "serialize_ms")]
    pub dynamodb: Duration,
    /// Read units that DynamoDB reports. A call whose condition fails also consumes units, but DynamoDB does not report
    /// them.
    pub read_units: f64,
    /// Write units that DynamoDB reports.
    pub write_units: f64,
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(flatten)]
    request: &'a RequestLog<'a>,
    #[serde(flatten)]
    metrics: Metrics<'a>,
    _aws: Metadata<'a>,
}

/// The dimensions and metrics that [`METRICS`] names.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics<'a> {
    function: &'a str,
    route: &'static str,
    status: String,
    #[serde(serialize_with = "serialize_ms")]
    duration: Duration,
    #[serde(flatten)]
    counts: Option<Counts>,
}

/// Metrics of few requests. A line in which all are zero leaves them out: with them, a million lines would cost 0.11 more.
#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Counts {
    cold_starts: u32,
    conflicts: u32,
    retries: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u128,
    cloud_watch_metrics: &'a [Value],
}

impl RequestLog<'_> {
    /// Writes the line.
    pub fn log(self) {
        if !enabled!(Level::INFO) {
            return;
        }
        if let Some(function) = FUNCTION.get() {
            let mut line = self.json(function, SystemTime::now());
            line.push(b'\n');
            // One write, so that lines do not mix. An error is ignored, because there is nowhere else to report it.
            let _ = io::stdout().write_all(&line);
        } else {
            let Self { message, route, status, usage, .. } = &self;
            let duration_ms = in_ms(self.duration);
            info!(target: "movies", status, route, duration_ms, attempts = usage.attempts, "{message}");
        }
    }

    fn json(mut self, function: &str, now: SystemTime) -> Vec<u8> {
        self.message.truncate(self.message.floor_char_boundary(MAX_MESSAGE_BYTES));
        let counts = Counts {
            cold_starts: u32::from(self.cold_start),
            conflicts: u32::from(matches!(self.status, 409 | 412)),
            retries: self.usage.attempts.saturating_sub(self.usage.calls),
        };
        let counts = Some(counts).filter(|counts| *counts != Counts::default());
        let line = Line {
            timestamp: timestamp(now),
            level: "INFO",
            request_id: &self.context.request_id,
            trace_id: trace_id(self.context),
            _aws: Metadata {
                timestamp: now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis(),
                cloud_watch_metrics: if counts.is_some() { &*METRICS } else { METRICS.split_at(1).0 },
            },
            metrics: Metrics {
                function,
                route: self.route,
                status: self.status.to_string(),
                duration: self.duration,
                counts,
            },
            request: &self,
        };
        serde_json::to_vec(&line).unwrap_or_default()
    }
}

/// The id of the X-Ray trace, from a header such as `Root=1-…;Parent=…;Sampled=1`.
fn trace_id(context: &Context) -> Option<&str> {
    context.xray_trace_id.as_deref()?.split(';').find_map(|field| field.strip_prefix("Root="))
}

/// The time in the format of RFC 3339. Lambda records a line without a timestamp as INFO, whatever its level is.
pub(super) fn timestamp(now: SystemTime) -> String {
    DateTime::from(now).fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

/// The duration in milliseconds, rounded to a microsecond.
fn in_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn serialize_ms<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(in_ms(*duration))
}

tokio::task_local! {
    /// What the request has used, and the start of the call that is in progress. The SDK's interceptors and the store
    /// change these values of the request's task, so that an operation does not have to pass a counter to the store.
    static USAGE: Cell<(Usage, Option<Instant>)>;
}

/// Does `work`, and also returns its usage.
pub async fn measure_usage<T>(work: impl Future<Output = T>) -> (T, Usage) {
    let measured = async {
        let result = work.await;
        // Nothing ends a call that is still in progress when the time budget of the request ends.
        end_call();
        (result, USAGE.with(Cell::get).0)
    };
    USAGE.scope(Cell::default(), measured).await
}

/// Counts a call, which begins now.
pub(crate) fn start_call() {
    update_usage(|usage, start| {
        usage.calls += 1;
        *start = Some(Instant::now());
    });
}

/// Adds the time of the call that is in progress, if there is one.
pub(crate) fn end_call() {
    update_usage(|usage, start| usage.dynamodb += start.take().map_or(Duration::ZERO, |start| start.elapsed()));
}

/// Counts an attempt at a call.
pub(crate) fn count_attempt() {
    update_usage(|usage, _| usage.attempts += 1);
}

/// Adds the units of a read.
pub(crate) fn add_read_units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    update_usage(|usage, _| usage.read_units += units(consumed));
}

/// Adds the units of a write.
pub(crate) fn add_write_units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    update_usage(|usage, _| usage.write_units += units(consumed));
}

fn units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

/// Nothing is counted outside of a request.
fn update_usage(update: impl FnOnce(&mut Usage, &mut Option<Instant>)) {
    let _ = USAGE.try_with(|cell| {
        let (mut usage, mut start) = cell.get();
        update(&mut usage, &mut start);
        cell.set((usage, start));
    });
}

#[cfg(test)]
mod tests;
