//! Log lines and metrics: one line for each request ([`RequestLog`]), and what `tracing` is told. Never a body, a header or a
//! query, so never a credential.
//!
//! A line is JSON where Lambda is set to JSON logs (`AWS_LAMBDA_LOG_FORMAT`), else plain text for a terminal. Lines below
//! `AWS_LAMBDA_LOG_LEVEL` are left out. Each line goes to standard output at once: nothing is buffered, so nothing is lost
//! when the sandbox is frozen. X-Ray's segments are Lambda's own.

mod json_line;
mod request;
pub mod scope;

use std::{
    env, io,
    panic::{self, PanicHookInfo},
    sync::OnceLock,
    time::SystemTime,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use tracing::{level_filters::LevelFilter, subscriber::set_global_default};
use tracing_subscriber::{filter::Targets, fmt::format::JsonFields, layer::SubscriberExt as _};

use json_line::JsonLine;
pub use request::RequestLog;

/// Sets up the log, and logs each panic. Before it, nothing is logged.
pub fn init() {
    let settings = Settings::get();
    let builder = tracing_subscriber::fmt().with_max_level(settings.level).with_writer(io::stdout);
    // The emulator of local builds warns of each condition that does not hold.
    let targets = Targets::new().with_default(settings.level).with_target("dynoxide", LevelFilter::ERROR);
    // There is no other subscriber.
    let _ = if settings.json {
        let subscriber = builder.fmt_fields(JsonFields::new()).event_format(JsonLine).finish();
        set_global_default(subscriber.with(targets))
    } else {
        set_global_default(builder.with_ansi(false).finish().with(targets))
    };
    panic::set_hook(Box::new(log_panic));
}

/// Logs a panic as the bug that it is. Only a literal message is part of the line: a formatted one may contain what a
/// client sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let cause = panic.payload().downcast_ref::<&'static str>().copied();
    let location = panic.location().map(ToString::to_string);
    tracing::error!(location, cause, "panic");
}

/// What Lambda's logging controls say, in variables that Lambda sets.
struct Settings {
    json: bool,
    level: LevelFilter,
    /// The function's name, which tells one stack's metrics from another's.
    function: String,
}

impl Settings {
    fn get() -> &'static Self {
        static SETTINGS: OnceLock<Settings> = OnceLock::new();
        SETTINGS.get_or_init(|| Self::read(|name| env::var(name).unwrap_or_default()))
    }

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

/// The time as RFC 3339 writes it. Lambda files a line without it as INFO, whatever its level.
fn timestamp(now: SystemTime) -> String {
    DateTime::from(now).fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
