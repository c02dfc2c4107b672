//! A log line as one flat JSON object.
//!
//! The JSON of `tracing-subscriber` has the request id in a nested object. Here it is a member of the line itself, as
//! in the line of [`RequestLog`](super::RequestLog), so that one query finds all lines of a request. Lambda reads
//! `timestamp` and `level`.

use std::{fmt, time::SystemTime};

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::timestamp;

/// Requires that fields are formatted as JSON.
pub(super) struct JsonLine;

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
mod tests {
    use std::panic;

    use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
    use serde_json::{Value, json};
    use tracing_subscriber::fmt::format::JsonFields;

    use super::{
        super::{captured::Log, log_panic},
        *,
    };

    /// The lines that `work` logs, without their timestamps.
    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let log = Log::default();
        let writer = log.clone();
        let builder = tracing_subscriber::fmt().with_writer(move || writer.clone());
        let subscriber = builder.fmt_fields(JsonFields::new()).event_format(JsonLine).finish();
        tracing::subscriber::with_default(subscriber, work);
        let log = log.text();
        let read = |line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(DateTime::from_str(timestamp.as_str().unwrap(), DateTimeFormat::DateTime).is_ok(), "{timestamp}");
            line
        };
        log.lines().map(read).collect()
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
        assert!(literal["location"].as_str().unwrap().contains("json_line.rs:"), "{literal}");
        assert_eq!((&formatted["message"], formatted.get("cause")), (&json!("panic"), None), "{formatted}");
    }
}
