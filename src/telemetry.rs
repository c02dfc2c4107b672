//! Log lines and metrics: one line for each request ([`RequestLog`]), and the events of `tracing`. A line never
//! contains a body, a header or a query, so it never contains a credential.
//!
//! A line is JSON if Lambda's log format is JSON (`AWS_LAMBDA_LOG_FORMAT`), else plain text: in a local build, a short
//! line for a terminal. Lines below `AWS_LAMBDA_LOG_LEVEL` are left out. Each line is written to standard output at once,
//! so that nothing is lost when the sandbox is frozen. Lambda itself sends the X-Ray segments.

mod request;

use std::{
    env, fmt, io,
    panic::{self, PanicHookInfo},
    time::SystemTime,
};

use tracing::{Event, Subscriber, level_filters::LevelFilter, subscriber::set_global_default};
use tracing_subscriber::{
    filter::Targets,
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{DefaultFields, JsonFields, Writer},
    },
    layer::SubscriberExt as _,
    registry::{LookupSpan, Registry},
};

use request::timestamp;
pub use request::{RequestLog, Usage, measure_usage};
pub(crate) use request::{add_read_units, add_write_units, count_attempt, end_call, start_call};

/// Sets up the log, and logs each panic. Nothing is logged before this call. `plain` formats a line that is not JSON.
pub fn init(plain: impl FormatEvent<Registry, DefaultFields> + Send + Sync + 'static) {
    let settings = Settings::read(|name| env::var(name).unwrap_or_default());
    let builder = tracing_subscriber::fmt().with_max_level(settings.level).with_writer(io::stdout);
    // The emulator of local builds writes a warning for each failed condition. This module of the runtime writes one
    // because `cargo lambda watch` sets AWS_LAMBDA_MAX_CONCURRENCY.
    let targets = Targets::new()
        .with_default(settings.level)
        .with_target("dynoxide", LevelFilter::ERROR)
        .with_target("lambda_runtime::runtime", LevelFilter::ERROR);
    // This fails only if another subscriber is set.
    let _ = if settings.json {
        let _ = request::FUNCTION.set(settings.function);
        let subscriber = builder.fmt_fields(JsonFields::new()).event_format(JsonLine).finish();
        set_global_default(subscriber.with(targets))
    } else {
        set_global_default(builder.with_ansi(false).event_format(plain).finish().with(targets))
    };
    panic::set_hook(Box::new(log_panic));
}

/// Logs a panic. The line omits a formatted message, because it can contain data from a client.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let cause = panic.payload().downcast_ref::<&'static str>().copied();
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, cause, "panic");
}

/// Lambda's logging controls, from the variables that Lambda sets.
struct Settings {
    json: bool,
    level: LevelFilter,
    /// The function's name, which distinguishes the metrics of one stack from another's.
    function: String,
}

impl Settings {
    fn read(variable: impl Fn(&str) -> String) -> Self {
        let level = match variable("AWS_LAMBDA_LOG_LEVEL").to_ascii_uppercase().as_str() {
            // At TRACE, the runtime would log events and the SDK requests, with credentials and bodies.
            "TRACE" | "DEBUG" => LevelFilter::DEBUG,
            "WARN" => LevelFilter::WARN,
            "ERROR" | "FATAL" => LevelFilter::ERROR,
            _ => LevelFilter::INFO,
        };
        Self {
            json: variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json"),
            level,
            function: variable("AWS_LAMBDA_FUNCTION_NAME"),
        }
    }
}

/// Formats a line as one flat JSON object. It requires that fields are formatted as JSON.
///
/// The JSON of `tracing-subscriber` has the request id in a nested object. Here it is a member of the line itself, as in
/// the line of [`RequestLog`], so that one query finds all lines of a request. Lambda reads `timestamp` and `level`.
struct JsonLine;

impl<S, F> FormatEvent<S, F> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, F>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let timestamp = timestamp(SystemTime::now());
        write!(line, r#"{{"timestamp":"{timestamp}","level":"{level}","target":"{target}""#)?;
        let mut fields = String::new();
        context.format_fields(Writer::new(&mut fields), event)?;
        write_members(&mut line, &fields)?;
        // The outermost span is the request's. Those of the SDK are inside it.
        if let Some(request) = context.event_scope().and_then(|scope| scope.from_root().next())
            && let Some(fields) = request.extensions().get::<FormattedFields<F>>()
        {
            write_members(&mut line, fields)?;
        }
        writeln!(line, "}}")
    }
}

/// Adds the members of a JSON object to the line.
fn write_members(line: &mut Writer<'_>, object: &str) -> fmt::Result {
    match object.strip_prefix('{').and_then(|members| members.strip_suffix('}')) {
        None | Some("") => Ok(()),
        Some(members) => write!(line, ",{members}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
    use serde_json::{Value, json};

    use super::*;

    /// The lines that `work` logs, without their timestamps.
    pub(crate) fn logged(work: impl FnOnce()) -> Vec<Value> {
        let (reader, writer) = io::pipe().unwrap();
        let builder = tracing_subscriber::fmt().with_writer(Arc::new(writer));
        let subscriber = builder.fmt_fields(JsonFields::new()).event_format(JsonLine).finish();
        tracing::subscriber::with_default(subscriber, work);
        let read = |line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(DateTime::from_str(timestamp.as_str().unwrap(), DateTimeFormat::DateTime).is_ok(), "{timestamp}");
            line
        };
        io::read_to_string(reader).unwrap().lines().map(read).collect()
    }

    #[test]
    fn a_line_is_one_flat_object_with_the_request_id() {
        let lines = logged(|| {
            tracing::error!(target: "t", "outside of a request");
            tracing::error_span!("request", request_id = "r\"1").in_scope(|| {
                tracing::info_span!("of the SDK", message = "m", attempt = 1).in_scope(|| {
                    let code: Option<&str> = None;
                    tracing::warn!(target: "t", status = 200, code, route = "GET \u{2028}", "a\nb");
                });
            });
        });
        let expected = [
            json!({"level": "ERROR", "target": "t", "message": "outside of a request"}),
            json!({
                "level": "WARN", "target": "t", "message": "a\nb", "status": 200, "route": "GET \u{2028}",
                "request_id": "r\"1",
            }),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_panic_is_logged_without_what_a_client_sent() {
        let lines = logged(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(log_panic));
            let _ = panic::catch_unwind(|| panic!("a literal message"));
            let _ = panic::catch_unwind(|| panic!("a message with {}", String::from("s3cret")));
            panic::set_hook(usual);
        });
        let [literal, formatted] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&literal["level"], &literal["cause"]), (&json!("ERROR"), &json!("a literal message")));
        assert!(literal["location"].as_str().unwrap().contains("telemetry.rs:"), "{literal}");
        assert_eq!((&formatted["message"], formatted.get("cause")), (&json!("panic"), None), "{formatted}");
    }

    #[test]
    fn lambdas_controls_are_read() {
        let with =
            |level: &str| Settings::read(|name| if name.ends_with("LEVEL") { level.to_owned() } else { String::new() });
        for (level, least) in [
            ("", LevelFilter::INFO),
            ("TRACE", LevelFilter::DEBUG),
            ("debug", LevelFilter::DEBUG),
            ("INFO", LevelFilter::INFO),
            ("WARN", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("what", LevelFilter::INFO),
        ] {
            assert_eq!(with(level).level, least, "{level}");
        }
        assert!(!with("").json);
        assert!(Settings::read(|name| if name.ends_with("FORMAT") { "JSON".to_owned() } else { String::new() }).json);
    }
}
