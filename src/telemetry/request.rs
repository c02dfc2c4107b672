//! The log line of a request, which also contains the metrics for CloudWatch.
//!
//! The line has the embedded metric format (Amazon CloudWatch User Guide, "Specification: Embedded metric format"):
//! `_aws` says which members are metrics. The names of metrics and dimensions begin with a capital, those of other
//! members do not.
//!
//! | metric | dimensions | |
//! | --- | --- | --- |
//! | `Duration`, milliseconds; its sample count is the number of requests | `Function`, `Route`, `Status` | always |
//! | `ColdStarts`, `Conflicts` (409 and 412), `Retries` (of calls to DynamoDB) | `Function` | if it is not zero |
//!
//! Each combination of dimensions is a metric that costs money. So there are few routes and statuses, and a client
//! cannot add any.

use std::{
    io::{self, Write as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lambda_runtime::Context;
use serde::Serialize;
use tracing::{Level, enabled, info};

use super::{Settings, scope::Usage, timestamp};

/// The maximum length of the message, which is the request's method and path.
const MAX_MESSAGE_CHARS: usize = 1000;

/// The initial capacity of a line.
const USUAL_BYTES: usize = 1024;

const NAMESPACE: &str = "Movies";

/// A request and its response.
#[derive(Debug)]
pub struct RequestLog<'a> {
    /// The method, and the path in the client's URL.
    pub message: String,
    /// What Lambda says about the invocation.
    pub context: &'a Context,
    /// Whether this is the sandbox's first invocation.
    pub cold_start: bool,
    /// The operation, or `none`.
    pub route: &'static str,
    /// The response's status.
    pub status: u16,
    /// How long the request took inside the function.
    pub duration: Duration,
    /// The calls to DynamoDB, and what they consumed.
    pub usage: Usage,
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    message: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    route: &'static str,
    status: u16,
    duration_ms: f64,
    cold_start: bool,
    attempts: u32,
    read_units: f64,
    write_units: f64,
    _aws: Metadata<'a>,
    #[serde(rename = "Function")]
    function: &'a str,
    #[serde(rename = "Route")]
    route_dimension: &'static str,
    #[serde(rename = "Status")]
    status_dimension: String,
    #[serde(rename = "Duration")]
    duration_metric: f64,
    // The line contains these metrics only if they are not zero.
    #[serde(rename = "ColdStarts", skip_serializing_if = "Option::is_none")]
    cold_starts: Option<u32>,
    #[serde(rename = "Conflicts", skip_serializing_if = "Option::is_none")]
    conflicts: Option<u32>,
    #[serde(rename = "Retries", skip_serializing_if = "Option::is_none")]
    retries: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: [&'static [&'static str]; 1],
    metrics: &'a [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
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
            let Self { route, status, duration, usage, .. } = &self;
            let duration_ms = milliseconds(*duration);
            info!(target: "movies", status, route, duration_ms, attempts = usage.attempts, "{}", self.message());
        }
    }

    fn message(&self) -> &str {
        let end = self.message.char_indices().nth(MAX_MESSAGE_CHARS).map(|(at, _)| at);
        end.and_then(|end| self.message.get(..end)).unwrap_or(&self.message)
    }

    fn json(&self, function: &str, now: SystemTime) -> Vec<u8> {
        let Self { context, cold_start, route, status, duration, usage, .. } = self;
        let some = |count: u32| Some(count).filter(|count| *count > 0);
        let cold_starts = some(u32::from(*cold_start));
        let conflicts = some(u32::from(matches!(status, 409 | 412)));
        let retries = some(usage.attempts.saturating_sub(usage.calls));
        let counts = [("ColdStarts", cold_starts), ("Conflicts", conflicts), ("Retries", retries)];
        let counts: Vec<_> =
            counts.into_iter().filter_map(|(name, count)| count.map(|_| Metric { name, unit: "Count" })).collect();
        let mut directives = vec![Directive {
            namespace: NAMESPACE,
            dimensions: [&["Function", "Route", "Status"]],
            metrics: &[Metric { name: "Duration", unit: "Milliseconds" }],
        }];
        if !counts.is_empty() {
            directives.push(Directive { namespace: NAMESPACE, dimensions: [&["Function"]], metrics: &counts });
        }
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = Line {
            timestamp: timestamp(now),
            level: "INFO",
            message: self.message(),
            request_id: &context.request_id,
            trace_id: trace_id(context),
            route,
            status: *status,
            duration_ms: milliseconds(*duration),
            cold_start: *cold_start,
            attempts: usage.attempts,
            read_units: usage.read_units,
            write_units: usage.write_units,
            _aws: Metadata {
                timestamp: u64::try_from(since_1970.as_millis()).unwrap_or_default(),
                cloud_watch_metrics: directives,
            },
            function,
            route_dimension: route,
            status_dimension: status.to_string(),
            duration_metric: milliseconds(*duration),
            cold_starts,
            conflicts,
            retries,
        };
        let mut json = Vec::with_capacity(USUAL_BYTES);
        let _ = serde_json::to_writer(&mut json, &line);
        json
    }
}

/// The id of the X-Ray trace, from a header such as `Root=1-…;Parent=…;Sampled=1`.
fn trace_id(context: &Context) -> Option<&str> {
    context.xray_trace_id.as_deref()?.split(';').find_map(|field| field.strip_prefix("Root="))
}

/// Rounds to a microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn traced(header: &str) -> Context {
        let mut context = Context::default();
        (context.request_id, context.xray_trace_id) = ("r".to_owned(), Some(header.to_owned()));
        context
    }

    fn line(context: &Context, cold_start: bool, status: u16, usage: Usage) -> Value {
        let message = format!("GET /prod/ns_movies/{}", "\u{2028}\n\"x".repeat(1000));
        let duration = Duration::from_micros(1_234_567);
        let line = RequestLog { message, context, cold_start, route: "read", status, duration, usage };
        let json = line.json("movies-dev", UNIX_EPOCH + Duration::from_millis(1_767_225_600_123));
        assert!(!json.contains(&b'\n'));
        serde_json::from_slice(&json).unwrap()
    }

    #[test]
    fn a_line_has_what_a_query_filters_by() {
        let context = traced("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
        let usage = Usage { calls: 2, attempts: 2, read_units: 1.0, write_units: 8.0 };
        let mut line = line(&context, false, 200, usage);
        let message = line.as_object_mut().unwrap().remove("message").unwrap();
        assert_eq!(message.as_str().unwrap().chars().count(), MAX_MESSAGE_CHARS);
        let expected = json!({
            "timestamp": "2026-01-01T00:00:00.123Z", "level": "INFO",
            "request_id": "r", "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
            "route": "read", "status": 200, "duration_ms": 1234.567, "cold_start": false,
            "attempts": 2, "read_units": 1.0, "write_units": 8.0,
            "_aws": {"Timestamp": 1_767_225_600_123_u64, "CloudWatchMetrics": [{
                "Namespace": "Movies", "Dimensions": [["Function", "Route", "Status"]],
                "Metrics": [{"Name": "Duration", "Unit": "Milliseconds"}],
            }]},
            "Function": "movies-dev", "Route": "read", "Status": "200", "Duration": 1234.567,
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn cold_starts_conflicts_and_retries_are_counted_when_there_are_any() {
        let retried = Usage { calls: 1, attempts: 3, ..Usage::default() };
        for (cold_start, status, usage, counts) in [
            (true, 200, Usage::default(), json!({"ColdStarts": 1})),
            (false, 409, retried, json!({"Conflicts": 1, "Retries": 2})),
            (false, 412, Usage::default(), json!({"Conflicts": 1})),
        ] {
            let line = line(&Context::default(), cold_start, status, usage);
            let metrics = line["_aws"]["CloudWatchMetrics"][1]["Metrics"].as_array().unwrap();
            let named: serde_json::Map<_, _> = metrics
                .iter()
                .map(|metric| metric["Name"].as_str().unwrap())
                .map(|name| (name.to_owned(), line[name].clone()))
                .collect();
            assert_eq!(Value::Object(named), counts, "{status}");
        }
    }

    #[test]
    fn a_trace_header_without_a_root_is_left_out() {
        for header in ["", "Parent=1", "garbage;;="] {
            assert_eq!(line(&traced(header), false, 200, Usage::default()).get("trace_id"), None, "{header}");
        }
    }
}
