//! Log lines and metrics: one line for each request ([`RequestLog`]), one for each fault. Never a body, a header or a
//! query, so never a credential.
//!
//! A line is JSON where Lambda is set to JSON logs (`AWS_LAMBDA_LOG_FORMAT`), else plain text for a terminal; lines below
//! `AWS_LAMBDA_LOG_LEVEL` are left out. It goes to standard output at once: nothing is buffered, so nothing is lost when
//! the sandbox is frozen. X-Ray's segments are Lambda's own; DynamoDB, which passes no trace on, is told of none.

mod request;
pub mod scope;

use std::{
    env,
    fmt::Write as _,
    io::{self, Write as _},
    sync::OnceLock,
    time::SystemTime,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde_json::{Map, Value};

pub use request::RequestLog;

/// How much a line matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd, Ord)]
pub enum Level {
    /// What helps to find a fault, and is too much in normal work.
    Debug,
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
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes one line. `fields` is a JSON object with what a query would filter by; the id of the request that this task
/// answers is added to it.
pub fn log(level: Level, message: &str, mut fields: Value) {
    let settings = Settings::get();
    if settings.keeps(level) {
        if let (Some(id), Value::Object(fields)) = (scope::request_id(), &mut fields) {
            fields.insert("request_id".to_owned(), id.into());
        }
        write(render(settings.json, level, message, fields).into_bytes());
    }
}

/// Whether lines of this level are kept, for those whose fields are not worth making otherwise.
pub(crate) fn keeps(level: Level) -> bool {
    Settings::get().keeps(level)
}

/// Writes a line in one piece, so that no other one comes between.
fn write(mut line: Vec<u8>) {
    line.push(b'\n');
    // Nobody is left to tell when standard output is closed.
    let _ = io::stdout().write_all(&line);
}

/// What Lambda's logging controls say, in variables that Lambda sets.
struct Settings {
    json: bool,
    least: Level,
    /// The function's name, which tells one stack's metrics from another's.
    function: String,
}

impl Settings {
    fn get() -> &'static Self {
        static SETTINGS: OnceLock<Settings> = OnceLock::new();
        SETTINGS.get_or_init(|| Self::read(|name| env::var(name).unwrap_or_default()))
    }

    fn keeps(&self, level: Level) -> bool {
        level >= self.least
    }

    fn read(variable: impl Fn(&str) -> String) -> Self {
        let least = match variable("AWS_LAMBDA_LOG_LEVEL").to_ascii_uppercase().as_str() {
            "TRACE" | "DEBUG" => Level::Debug,
            "WARN" => Level::Warn,
            "ERROR" | "FATAL" => Level::Error,
            _ => Level::Info,
        };
        Self {
            json: variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json"),
            least,
            function: variable("AWS_LAMBDA_FUNCTION_NAME"),
        }
    }
}

/// The moment as RFC 3339 writes it. Lambda takes a line without it for an INFO line, whatever its level.
fn timestamp(now: SystemTime) -> String {
    DateTime::from(now).fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

fn render(json: bool, level: Level, message: &str, fields: Value) -> String {
    let Value::Object(fields) = fields else { return message.to_owned() };
    if json {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), timestamp(SystemTime::now()).into());
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

    #[test]
    fn lambdas_controls_are_read() {
        let with =
            |level: &str| Settings::read(|name| if name.ends_with("LEVEL") { level.to_owned() } else { String::new() });
        for (level, least) in [
            ("", Level::Info),
            ("TRACE", Level::Debug),
            ("debug", Level::Debug),
            ("INFO", Level::Info),
            ("WARN", Level::Warn),
            ("ERROR", Level::Error),
            ("FATAL", Level::Error),
            ("what", Level::Info),
        ] {
            assert_eq!(with(level).least, least, "{level}");
        }
        assert!(!with("").json);
        assert!(Settings::read(|name| if name.ends_with("FORMAT") { "JSON".to_owned() } else { String::new() }).json);
    }
}
