//! Log lines and metrics: one line for each request ([`RequestLog`]), and the events of `tracing`. A line never
//! contains a body, a header or a query, so it never contains a credential.
//!
//! A line is JSON if Lambda's log format is JSON (`AWS_LAMBDA_LOG_FORMAT`), else plain text for a terminal. Lines below
//! `AWS_LAMBDA_LOG_LEVEL` are left out. Each line is written to standard output at once, so that nothing is lost when
//! the sandbox is frozen. Lambda itself sends the X-Ray segments.

#[cfg(test)]
pub(crate) mod captured;
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

/// Sets up the log, and logs each panic. Nothing is logged before this call.
pub fn init() {
    let settings = Settings::get();
    let builder = tracing_subscriber::fmt().with_max_level(settings.level).with_writer(io::stdout);
    // The emulator of local builds writes a warning for each failed condition. This module of the runtime writes one
    // because `cargo lambda watch` sets AWS_LAMBDA_MAX_CONCURRENCY.
    let targets = Targets::new()
        .with_default(settings.level)
        .with_target("dynoxide", LevelFilter::ERROR)
        .with_target("lambda_runtime::runtime", LevelFilter::ERROR);
    // This fails only if another subscriber is set.
    let _ = if settings.json {
        let subscriber = builder.fmt_fields(JsonFields::new()).event_format(JsonLine).finish();
        set_global_default(subscriber.with(targets))
    } else {
        set_global_default(builder.with_ansi(false).finish().with(targets))
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

/// The time in the format of RFC 3339. Lambda records a line without a timestamp as INFO, whatever its level is.
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
