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
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::types::ConsumedCapacity;
use lambda_runtime::Context;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tracing::{Level, enabled, info};

use super::{Settings, timestamp};

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
        let settings = Settings::get();
        if settings.json {
            let mut line = self.json(&settings.function, SystemTime::now());
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

/// The duration in milliseconds, rounded to a microsecond.
fn in_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn serialize_ms<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(in_ms(*duration))
}

tokio::task_local! {
    /// The SDK's interceptors and the store add to this value of the request's task, so that an operation does not have
    /// to pass a counter to the store.
    static USAGE: Cell<Usage>;
}

/// Does `work`, and also returns its usage.
pub async fn measure_usage<T>(work: impl Future<Output = T>) -> (T, Usage) {
    USAGE.scope(Cell::default(), async { (work.await, USAGE.with(Cell::get)) }).await
}

/// Counts a call.
pub(crate) fn count_call() {
    update_usage(|usage| usage.calls += 1);
}

/// Counts an attempt at a call.
pub(crate) fn count_attempt() {
    update_usage(|usage| usage.attempts += 1);
}

/// Adds the units of a read.
pub(crate) fn add_read_units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    update_usage(|usage| usage.read_units += units(consumed));
}

/// Adds the units of a write.
pub(crate) fn add_write_units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    update_usage(|usage| usage.write_units += units(consumed));
}

fn units<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

/// Nothing is counted outside of a request.
fn update_usage(update: impl FnOnce(&mut Usage)) {
    let _ = USAGE.try_with(|cell| {
        let mut usage = cell.get();
        update(&mut usage);
        cell.set(usage);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(header: &str) -> Context {
        let mut context = Context::default();
        (context.request_id, context.xray_trace_id) = ("r".to_owned(), Some(header.to_owned()));
        context
    }

    fn request(context: &Context, status: u16) -> RequestLog<'_> {
        RequestLog {
            message: "GET /prod/ns_movies/".to_owned(),
            context,
            cold_start: false,
            route: "read",
            status,
            duration: Duration::from_micros(1_234_567),
            usage: Usage { calls: 2, attempts: 2, read_units: 1.0, write_units: 8.0 },
        }
    }

    fn line(request: RequestLog<'_>) -> Value {
        let json = request.json("movies-dev", UNIX_EPOCH + Duration::from_millis(1_767_225_600_123));
        assert!(!json.contains(&b'\n'));
        serde_json::from_slice(&json).unwrap()
    }

    #[test]
    fn a_line_has_what_a_query_filters_by_and_says_what_its_metric_is() {
        let context = traced("Root=1-5759e988;Parent=53995c3f42cd8ad8;Sampled=1");
        let expected = json!({
            "timestamp": "2026-01-01T00:00:00.123Z", "level": "INFO",
            "message": "GET /prod/ns_movies/", "request_id": "r", "trace_id": "1-5759e988",
            "route": "read", "status": 200, "duration_ms": 1234.567, "cold_start": false,
            "attempts": 2, "read_units": 1.0, "write_units": 8.0,
            "_aws": {"Timestamp": 1_767_225_600_123_u64, "CloudWatchMetrics": [{
                "Namespace": "Movies", "Dimensions": [["Function", "Route", "Status"]],
                "Metrics": [{"Name": "Duration", "Unit": "Milliseconds"}],
            }]},
            "Function": "movies-dev", "Route": "read", "Status": "200", "Duration": 1234.567,
        });
        assert_eq!(line(request(&context, 200)), expected);
    }

    #[test]
    fn a_trace_header_without_a_root_is_left_out() {
        for header in ["", "Parent=1", "garbage;;="] {
            assert_eq!(line(request(&traced(header), 200)).get("trace_id"), None, "{header}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        for (text, bytes) in [("x", 1000), ("é\u{2028}\n\"", 1000), ("日本", 999)] {
            let message = text.repeat(1000);
            let line = line(RequestLog { message: message.clone(), ..request(&Context::default(), 200) });
            let cut = line["message"].as_str().unwrap();
            assert!(message.starts_with(cut) && (bytes - 4..=bytes).contains(&cut.len()), "{}: {cut}", cut.len());
        }
    }

    #[test]
    fn cold_starts_conflicts_and_retries_are_counted_when_there_are_any() {
        let context = Context::default();
        let retried = Usage { calls: 1, attempts: 3, ..Usage::default() };
        let names = ["ColdStarts", "Conflicts", "Retries"];
        let description = json!({
            "Namespace": "Movies", "Dimensions": [["Function"]],
            "Metrics": names.map(|name| json!({"Name": name, "Unit": "Count"})),
        });
        for (request, expected) in [
            (RequestLog { cold_start: true, ..request(&context, 200) }, [1, 0, 0]),
            (RequestLog { usage: retried, ..request(&context, 409) }, [0, 1, 2]),
            (request(&context, 412), [0, 1, 0]),
        ] {
            let line = line(request);
            assert_eq!(names.map(|name| line[name].as_u64().unwrap()), expected);
            assert_eq!(line["_aws"]["CloudWatchMetrics"][1], description);
        }
    }
}
