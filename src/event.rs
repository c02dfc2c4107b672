//! Turns a Lambda event into a [`Request`], and a [`Response`] into a Lambda reply. Each event source has one function
//! that parses its events.
//!
//! # Why not `lambda_http`'s own conversion
//! `lambda_http` turns an event into an `http::Request` with an absolute URL. That conversion panics on input that
//! occurs in production (an invalid `Host`, a raw query string with a space, invalid base64), and it normalizes the
//! URL: `/ns_movies/What%3F-1999` and `/ns_movies/..-1999` lose their meaning. So this module parses events itself. It
//! extracts only what this service needs, and it cannot fail. `lambda_http` provides the types of the replies. The
//! property tests in `tests/api/hostile.rs` feed random bytes and mutated events to this module. `docs/decisions.md`
//! records the decision.
//!
//! # Paths
//! | event source | form of the path in the event | prefix before the service's own path |
//! | --- | --- | --- |
//! | REST API | percent-encoded | a custom domain's base path |
//! | HTTP API | decoded | a named stage |
//! | Function URL, `cargo lambda watch` | percent-encoded | |
//! | ALB | percent-encoded | a prefix that its rules match (`BASE_PATH`) |
//!
//! A path is decoded exactly once, by the event source or here. `docs/front-doors.md` says which information each event
//! source loses.
//!
//! # Other events
//! Any other event, such as bytes that are not JSON, gets a problem with status 400. The runtime never gets an error.

mod alb;
mod caller;
mod function_url;
mod http_api;
mod path;
mod payload;
mod query;
mod reply;
mod request;
mod rest_api;

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lambda_http::{Body, Response};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub use reply::Reply;
pub use request::{Header, InvalidBody, Request, trim};

use crate::route;
use path::EventPath;
use payload::{Payload, RequestContext};

/// The AWS service that invokes the function. Each has its own formats of events and replies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventSource {
    /// API Gateway REST API.
    RestApi,
    /// API Gateway HTTP API with payload format version 2.0.
    HttpApi,
    /// API Gateway HTTP API with payload format version 1.0.
    HttpApiVersion1,
    /// Lambda Function URL, or `cargo lambda watch`.
    FunctionUrl,
    /// Application Load Balancer. Its reply has the same kind of headers as its event.
    Alb {
        /// Whether the target group uses multi-value headers.
        multi_value: bool,
    },
}

/// What the function of an event source parses. Headers and body have the same form in all events.
struct Parts<'a> {
    method: &'a str,
    path: EventPath<'a>,
    query: Vec<(String, String)>,
}

/// An event. Parsing never fails.
#[derive(Debug)]
pub enum Event {
    /// An HTTP request.
    Http(EventSource, Box<Request>),
    /// Anything else.
    Unknown,
}

impl<'de> Deserialize<'de> for Event {
    /// Never returns an error. The runtime would report a failed invocation, and the client would get a 502.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer).ok();
        let payload = json.and_then(|json| Payload::from_json(json.get()));
        Ok(payload.as_ref().and_then(Self::read).unwrap_or(Self::Unknown))
    }
}

impl Event {
    /// Parses the bytes of an event.
    #[must_use]
    pub fn from_bytes(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or(Self::Unknown)
    }

    fn read(payload: &Payload<'_>) -> Option<Self> {
        let context = payload.request_context()?;
        let source = EventSource::of(payload, &context, cfg!(feature = "local"));
        let Parts { method, path, query } = match source {
            EventSource::RestApi => rest_api::read(payload, &context),
            EventSource::HttpApi => http_api::read(payload, &context),
            EventSource::HttpApiVersion1 => http_api::read_version_1(payload, &context),
            EventSource::FunctionUrl => function_url::read(payload, &context),
            EventSource::Alb { .. } => alb::read(payload),
        }?;
        let local = own_path(&path);
        let request = Request {
            method: method.to_owned(),
            path: decode(&path, &local),
            // A URL that begins with two slashes is a reference to another host.
            full_path: path.form.encode(&path::rooted(path.client_path.trim_start_matches('/'))),
            encoded_path: (path.form == path::Form::Encoded).then(|| path.form.encode(&local)),
            query,
            caller: context.caller.clone(),
            max_reply_bytes: source.max_reply_bytes(),
            body: read_body(payload),
            headers: payload.headers(),
        };
        Some(Self::Http(source, Box::new(request)))
    }
}

/// The service's own part of a path: the first candidate that is a known path, or else the most likely candidate.
fn own_path<'a>(path: &'a EventPath<'_>) -> Cow<'a, str> {
    let candidates = || path.starts.iter().filter_map(|start| path.text.get(*start..)).map(path::rooted);
    let exists = |local: &Cow<'_, str>| decode(path, local).is_some_and(|local| route::find("OPTIONS", &local).is_ok());
    candidates().find(exists).or_else(|| candidates().next()).unwrap_or_default()
}

fn decode(path: &EventPath<'_>, local: &str) -> Option<String> {
    String::from_utf8(path.form.decode(local).into_owned()).ok()
}

fn read_body(payload: &Payload<'_>) -> Result<Vec<u8>, InvalidBody> {
    let text = payload.body()?;
    if payload.is_base64_encoded {
        BASE64_STANDARD.decode(&*text).map_err(|_| InvalidBody::NotBase64)
    } else {
        Ok(text.into_owned().into_bytes())
    }
}

impl EventSource {
    fn of(payload: &Payload<'_>, context: &RequestContext<'_>, is_local_build: bool) -> Self {
        if let Some(http) = &context.http {
            let is_url = context.domain_name.as_deref().is_some_and(|domain| domain.contains(".lambda-url."));
            // The header counts only in a local build, because any client can send it to a deployed function.
            let is_watch = is_local_build && http.user_agent.as_deref() == Some("cargo-lambda");
            if is_url || is_watch { Self::FunctionUrl } else { Self::HttpApi }
        } else if context.is_alb {
            Self::Alb { multi_value: payload.has_multi_value_headers() }
        } else if payload.version.as_deref() == Some("1.0") {
            Self::HttpApiVersion1
        } else {
            Self::RestApi
        }
    }

    /// The maximum size of a reply's JSON. A load balancer accepts 1 MB, Lambda 6 MB.
    fn max_reply_bytes(self) -> usize {
        if matches!(self, Self::Alb { .. }) { 1_000_000 } else { 6_000_000 }
    }

    /// The reply in the format that this event source expects.
    #[must_use]
    pub fn reply(self, response: Response<Body>) -> Reply {
        reply::reply(self, response)
    }
}

/// The time limit of an operation. It ends before Lambda's deadline. Together with the start of a sandbox, it stays
/// below the 5 s within which a client gets a response.
///
/// `deadline` is in milliseconds since 1970. `cargo lambda watch` sends a meaningless time in 1970.
#[must_use]
pub fn time_budget(deadline: u64) -> Duration {
    const LONGEST: Duration = Duration::from_millis(3500);
    const SHORTEST: Duration = Duration::from_millis(100);
    const TO_REPLY: Duration = Duration::from_millis(500);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match Duration::from_millis(deadline).checked_sub(now) {
        Some(left) => left.saturating_sub(TO_REPLY).clamp(SHORTEST, LONGEST),
        None => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_may_take_what_is_left_of_the_invocation_within_bounds() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        for (left, shortest, longest) in [(60_000, 3500, 3500), (3000, 2000, 2500), (550, 100, 100)] {
            let deadline = u64::try_from(now.as_millis()).unwrap() + left;
            let budget = Duration::from_millis(shortest)..=Duration::from_millis(longest);
            assert!(budget.contains(&time_budget(deadline)), "{left} ms are left");
        }
        assert_eq!(time_budget(1000), Duration::from_millis(3500), "a deadline in 1970");
    }

    #[test]
    fn only_a_local_build_knows_cargo_lambda_by_its_user_agent() {
        let source = |domain: &str, agent: &str, is_local_build| {
            let context = format!(r#"{{"domainName":"{domain}","http":{{"userAgent":"{agent}"}}}}"#);
            let json = format!(r#"{{"requestContext":{context}}}"#);
            let payload = Payload::from_json(&json).unwrap();
            EventSource::of(&payload, &payload.request_context().unwrap(), is_local_build)
        };
        for (domain, agent, is_local_build, expected) in [
            ("localhost", "cargo-lambda", true, EventSource::FunctionUrl),
            ("localhost", "cargo-lambda", false, EventSource::HttpApi),
            ("a.execute-api.eu-west-1.amazonaws.com", "cargo-lambda", false, EventSource::HttpApi),
            ("a.execute-api.eu-west-1.amazonaws.com", "curl/8", true, EventSource::HttpApi),
            ("a.lambda-url.eu-west-1.on.aws", "curl/8", false, EventSource::FunctionUrl),
        ] {
            assert_eq!(source(domain, agent, is_local_build), expected, "{domain} {agent} {is_local_build}");
        }
    }
}
