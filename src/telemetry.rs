//! Log lines: one for each request, one for each fault. Never a body, never a credential.
//!
//! A line is JSON where Lambda is set to JSON logs (`AWS_LAMBDA_LOG_FORMAT`), else plain text for a terminal. It goes to
//! standard output at once: nothing is buffered, so nothing is lost when the sandbox is frozen.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    sync::OnceLock,
    time::SystemTime,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde_json::{Map, Value};

/// How much a line matters.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// What happens in normal work.
    Info,
    /// What the service dealt with, but somebody should look at.
    Warn,
    /// What needs somebody to act.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes one line. `fields` is a JSON object with what a query would filter by.
pub fn log(level: Level, message: &str, fields: Value) {
    let line = render(wants_json(), level, message, fields);
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn wants_json() -> bool {
    static JSON: OnceLock<bool> = OnceLock::new();
    *JSON.get_or_init(|| std::env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json")))
}

fn render(json: bool, level: Level, message: &str, fields: Value) -> String {
    let Value::Object(fields) = fields else { return message.to_owned() };
    if json {
        let mut line = Map::new();
        // Lambda takes a line without a timestamp for an INFO line, whatever its level.
        let now = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime).unwrap_or_default();
        line.insert("timestamp".to_owned(), now.into());
        line.insert("level".to_owned(), level.name().into());
        line.insert("message".to_owned(), message.into());
        line.extend(fields);
        return Value::Object(line).to_string();
    }
    let mut line = format!("{} {message}", level.name());
    for (name, value) in fields {
        let _ = write!(line, " {name}={value}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_json_line_is_one_object_on_one_line() {
        let line = render(true, Level::Warn, "a\nb", json!({"status": 200, "route": "GET \u{2028}"}));
        let mut parsed: Value = serde_json::from_str(&line).unwrap();
        let timestamp = parsed.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(DateTime::from_str(timestamp.as_str().unwrap(), DateTimeFormat::DateTime).is_ok(), "{timestamp}");
        assert_eq!(parsed, json!({"level": "WARN", "message": "a\nb", "status": 200, "route": "GET \u{2028}"}));
        assert!(!line.contains('\n'));
    }

    #[test]
    fn a_text_line_is_for_reading() {
        assert_eq!(render(false, Level::Info, "GET", json!({"status": 200})), "INFO GET status=200");
    }
}
