//! Log lines for a terminal: `23:05:14Z GET /ns_movies/ 200, 7 ms, 1 call`. The time is UTC, as in a deployed log.

use std::{
    fmt::{self, Debug, Write as _},
    time::SystemTime,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

/// Formats an event without its span, because the request's id has no use here.
#[derive(Debug)]
pub struct TerminalLine;

impl TerminalLine {
    /// The format of a local build, instead of that of a deployed one.
    #[must_use]
    pub fn instead_of(_: &Format) -> Self {
        Self
    }
}

impl<S, F> FormatEvent<S, F> for TerminalLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, F>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime).unwrap_or_default();
        let mut text = now.get("2026-11-30T".len().."2026-11-30T23:05:14".len()).unwrap_or_default().to_owned() + "Z";
        let metadata = event.metadata();
        if *metadata.level() != Level::INFO {
            write!(text, " {} {}:", metadata.level(), metadata.target())?;
        }
        event.record(&mut Fields(&mut text));
        // A path can contain control characters, which a terminal would obey.
        writeln!(line, "{}", text.replace(char::is_control, "\u{fffd}"))
    }
}

/// Writes the fields of an event. Those of a request have units instead of names.
struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let plural = if format!("{value:?}") == "1" { "" } else { "s" };
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" | "status" => write!(self.0, " {value:?}"),
            "duration_ms" => write!(self.0, ", {value:.0?} ms"),
            "attempts" => write!(self.0, ", {value:?} call{plural}"),
            "route" => Ok(()),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use super::*;

    #[test]
    fn a_request_is_a_short_line_and_an_error_has_its_fields() {
        let (reader, writer) = io::pipe().unwrap();
        let subscriber = tracing_subscriber::fmt().with_writer(Arc::new(writer)).event_format(TerminalLine).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error_span!("request", request_id = "r1").in_scope(|| {
                let message = "GET /ns_movies/\u{1b}[1m";
                tracing::info!(target: "movies", status = 200, route = "list", duration_ms = 6.748, attempts = 1, "{message}");
                tracing::info!(target: "movies", status = 404, route = "none", duration_ms = 0.2, attempts = 0, "GET /");
                tracing::error!(target: "movies", code = Some("X"), cause = "a\nb", "failed");
            });
        });
        let printed = io::read_to_string(reader).unwrap();
        let lines: Vec<_> = printed.lines().map(|line| line.split_at("23:05:14Z".len())).collect();
        assert!(lines.iter().all(|(time, _)| time.ends_with('Z') && time.matches(':').count() == 2), "{printed}");
        let expected = [
            " GET /ns_movies/\u{fffd}[1m 200, 7 ms, 1 call",
            " GET / 404, 0 ms, 0 calls",
            r#" ERROR movies: failed code="X" cause="a\nb""#,
        ];
        assert_eq!(lines.iter().map(|(_, line)| *line).collect::<Vec<_>>(), expected);
    }
}
