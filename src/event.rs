//! Lambda event -> [`Request`], [`Response`] -> Lambda reply: one rule for each front door.
//!
//! # Why not `lambda_http`'s own conversion
//! `lambda_http` turns an event into an `http::Request` with an absolute URL. That conversion panics on input that
//! reaches it in production (a `Host` that is no host, a raw query string with a space, invalid base64), and the URL it
//! makes is normalised: `/ns_movies/What%3F-1999` and `/ns_movies/..-1999` lose their meaning. So an event is read here,
//! into the five things that this service needs, by code that has no failing path; `lambda_http` gives the reply types.
//! The property tests in `tests/api/hostile.rs` feed it random bytes and mutated events.
//!
//! # What each door does to a path
//! | door | path arrives | decoded here |
//! | --- | --- | --- |
//! | REST API (`path`) | percent-encoded, without the stage | once |
//! | HTTP API (`rawPath`) | decoded, cut at a `?` that was escaped once, with a named stage | never: `100% Wolf` would break |
//! | Function URL (`rawPath`) | percent-encoded | once |
//! | `cargo lambda watch` | as a Function URL | once |
//! | ALB (`path`) | percent-encoded, as query values are | once |
//!
//! An escape that is none (`%zz`) stays as text, so that a wrong guess only hurts titles with a literal `%41` in them.
//!
//! # What is no HTTP event
//! Anything else, down to bytes that are no JSON, is answered with a problem of status 400 and logged, so that an
//! invocation by mistake is told what the function is for, and the runtime never sees an error.

mod payload;
mod reply;

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lambda_http::{Body, Response};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub use reply::{Reply, reply_bytes};

use crate::route::{self, COLLECTION};
use payload::{Pairs, Payload};

/// An HTTP request, free of its front door.
#[derive(Debug)]
pub struct Request {
    /// The method as sent, perhaps none that HTTP knows.
    pub method: String,
    /// The path the client meant, decoded, without stage and base path; `None` when it is not UTF-8.
    pub path: Option<String>,
    /// The path as it came, base included, percent-encoded.
    pub full_path: String,
    /// Decoded query parameters in order, repeated ones too.
    pub query: Vec<(String, String)>,
    /// The headers that this service acts on, in order, repeated ones too.
    pub headers: Vec<(Header, String)>,
    /// The body's bytes.
    pub body: Result<Vec<u8>, InvalidBody>,
    /// The size of the reply's JSON that the event source accepts; see [`reply_bytes`].
    pub max_reply_bytes: usize,
    /// The part of the client's path that [`Self::path`] is decoded from; `None` when the event source decodes the path
    /// itself, so that `/` and `%2F` look the same.
    pub encoded_path: Option<String>,
}

/// Why an event's body cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InvalidBody {
    /// The event says that the body is base64, and it is not.
    NotBase64,
    /// The body is a JSON value other than a string or `null`.
    NotText,
}

/// A header that this service acts on; no other one is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Header {
    /// Whether a file may come compressed.
    AcceptEncoding,
    /// The headers that a page wants to send (CORS preflight).
    AccessControlRequestHeaders,
    /// Whether the body is compressed.
    ContentEncoding,
    /// What the body is.
    ContentType,
    /// The states in which a movie may be changed.
    IfMatch,
    /// The states that the client has already.
    IfNoneMatch,
    /// The page that asks, in a browser.
    Origin,
}

impl Header {
    /// The header of a name, in any case (RFC 9110 §5.1).
    fn named(name: &str) -> Option<Self> {
        [
            ("accept-encoding", Self::AcceptEncoding),
            ("access-control-request-headers", Self::AccessControlRequestHeaders),
            ("content-encoding", Self::ContentEncoding),
            ("content-type", Self::ContentType),
            ("if-match", Self::IfMatch),
            ("if-none-match", Self::IfNoneMatch),
            ("origin", Self::Origin),
        ]
        .into_iter()
        .find_map(|(known, header)| known.eq_ignore_ascii_case(name).then_some(header))
    }
}

/// The service that calls the function; each has its own shapes for events and replies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventSource {
    /// API Gateway REST API: payload version 1.0.
    RestApi,
    /// API Gateway HTTP API: payload version 2.0.
    HttpApi,
    /// Lambda Function URL, and `cargo lambda watch`, which imitates one: payload version 2.0 too.
    FunctionUrl,
    /// Application Load Balancer, replied to with the kind of headers it sent.
    Alb {
        /// Whether the target group has multi-value headers on.
        multi_value: bool,
    },
}

/// Any event, well or badly shaped. Reading one never fails.
#[derive(Debug)]
pub enum Event {
    /// An HTTP request through a front door.
    Http(EventSource, Box<Request>),
    /// Anything else.
    Unknown,
}

impl<'de> Deserialize<'de> for Event {
    /// Swallows every error: the runtime would report it as a failed invocation, which a front door turns into a 502.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer).ok();
        Ok(json.and_then(|json| Payload::from_json(json.get())).map_or(Self::Unknown, Self::read))
    }
}

impl Event {
    /// Reads the bytes of an event.
    #[must_use]
    pub fn from_bytes(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or(Self::Unknown)
    }

    fn read(payload: Payload<'_>) -> Self {
        let context = payload.request_context.unwrap_or_default();
        let (door, method, path) = if let Some(http) = context.http {
            let is_url = context.domain_name.is_some_and(|domain| domain.contains(".lambda-url."));
            let is_local = http.user_agent.as_deref() == Some("cargo-lambda");
            let door = if is_url || is_local { EventSource::FunctionUrl } else { EventSource::HttpApi };
            (door, http.method, payload.raw_path.or(http.path))
        } else if context.elb.is_some() {
            let multi_value = payload.multi_value_headers.is_some();
            (EventSource::Alb { multi_value }, payload.http_method, payload.path)
        } else {
            (EventSource::RestApi, payload.http_method, payload.path)
        };
        let (Some(method), Some(path)) = (method, path) else { return Self::Unknown };

        let stage_path = match door {
            EventSource::RestApi => context.path.as_deref(),
            _ => None,
        };
        let stage = match door {
            EventSource::HttpApi | EventSource::FunctionUrl => {
                context.stage.as_deref().filter(|stage| *stage != "$default")
            }
            _ => None,
        };
        let proxy = payload.path_parameters.as_ref().and_then(|parameters| parameters.proxy.as_deref());
        let is_root = payload.resource.as_deref() == Some("/");
        let (base, local) = split_base(&path, stage_path, stage, proxy, is_root);

        let base = encode_stray(&base).into_owned();
        let (decoded, encoded) = if door == EventSource::HttpApi {
            (Some(local.to_string()), encode_stray(&local.replace('%', "%25")).into_owned())
        } else {
            let decoded = percent_decode_str(&local).decode_utf8().ok().map(Cow::into_owned);
            (decoded, encode_stray(&local).into_owned())
        };
        let parameters = Pairs::fuller(payload.multi_value_query_string_parameters, payload.query_string_parameters);
        let query = match door {
            EventSource::RestApi => parameters,
            EventSource::HttpApi | EventSource::FunctionUrl => {
                // An event made by hand may have the parameters alone.
                let raw = payload.raw_query_string.filter(|raw| !raw.is_empty());
                raw.map_or(parameters, |raw| decode_query(&raw))
            }
            // A load balancer passes names and values on as they came.
            EventSource::Alb { .. } => {
                let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                decode_query(&pairs.join("&"))
            }
        };
        let request = Request {
            max_reply_bytes: if matches!(door, EventSource::Alb { .. }) { 1_000_000 } else { 6_000_000 },
            encoded_path: (door != EventSource::HttpApi).then(|| encoded.clone()),
            method: method.into_owned(),
            path: decoded,
            full_path: match stage_path.filter(|_| path == "/") {
                Some(root) => encode_stray(root).into_owned(),
                None => format!("{base}{encoded}"),
            },
            query,
            headers: Pairs::fuller(payload.multi_value_headers, payload.headers),
            body: read_body(payload.body.unwrap_or_default(), payload.is_base64_encoded),
        };
        Self::Http(door, Box::new(request))
    }
}

/// Splits a path as it came into what is before the service's own paths, and those.
///
/// A REST API tells its stage only in `requestContext.path`; an HTTP API has a named stage in the path. A custom
/// domain's base path stays in the path of both, and shows by comparison with `{proxy+}`, the part that the API's own
/// route matched.
fn split_base<'a>(
    path: &'a str,
    stage_path: Option<&str>,
    stage: Option<&str>,
    proxy: Option<&str>,
    is_root: bool,
) -> (String, Cow<'a, str>) {
    // The root of a stage answers without a slash at its end too.
    let base = stage_path.and_then(|full| full.strip_suffix(path).or(Some(full).filter(|_| path == "/")));
    let mut base = base.unwrap_or_default().to_owned();
    let mut local = path;
    if let Some(stage) = stage
        && let Some(rest) = local.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage))
        && (rest.is_empty() || rest.starts_with('/'))
    {
        base.push('/');
        base.push_str(stage);
        local = rest;
    }
    // API Gateway drops a trailing slash from the parameter, but not from the path.
    let trimmed = local.trim_end_matches('/');
    let before_proxy = match proxy.map(|proxy| proxy.trim_end_matches('/')) {
        Some(proxy) => trimmed.strip_suffix(proxy).and_then(|before| before.strip_suffix('/')),
        None => Some(trimmed).filter(|_| is_root),
    };
    if let Some((mut before, mut rest)) = before_proxy.and_then(|before| local.split_at_checked(before.len())) {
        // A route of one's own may match less than the service's paths, as `/ns_movies/{proxy+}` does.
        let collection = before.find(COLLECTION).and_then(|at| local.split_at_checked(at));
        if let Some(split) = collection.filter(|(_, whole)| route::is_collection(whole) && !route::is_collection(rest))
        {
            (before, rest) = split;
        }
        base.push_str(before);
        local = rest;
    }
    let local = if local.starts_with('/') { Cow::Borrowed(local) } else { Cow::Owned(format!("/{local}")) };
    // A link that starts with two slashes would lead to another host.
    let base = base.trim_start_matches('/').trim_end_matches('/');
    (if base.is_empty() { String::new() } else { format!("/{base}") }, local)
}

impl Request {
    /// Takes the configured base path off the path, for a proxy that no event tells of.
    pub fn strip_base_path(&mut self, base_path: &str) {
        let rest = self.path.as_deref().and_then(|path| path.strip_prefix(base_path));
        if let Some(rest) = rest.filter(|rest| !base_path.is_empty() && (rest.is_empty() || rest.starts_with('/'))) {
            let rest = if rest.is_empty() { "/".to_owned() } else { rest.to_owned() };
            self.path = Some(rest);
            let below = self.encoded_path.as_deref().and_then(|path| path.strip_prefix(base_path)).map(str::to_owned);
            self.encoded_path = below;
        }
    }

    /// A header's value, without the blanks around it (RFC 9110 §5.5); the values of a repeated header are joined with commas
    /// (§5.3).
    #[must_use]
    pub fn header(&self, header: Header) -> Option<String> {
        let values: Vec<_> =
            self.headers.iter().filter(|(name, _)| *name == header).map(|(_, value)| trim(value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Takes off the blanks that mean nothing in a header. Nothing else is taken off, lest text that is no value becomes one.
#[must_use]
pub fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

/// How long an answer may take: less than what is left of the invocation, and less than the 5 s that a client is
/// promised, by what the start of a sandbox may take before it.
///
/// `deadline` is in milliseconds since 1970. `cargo lambda watch` sends one that passed in 1970; it means nothing.
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

/// Escapes what may not stand in a URL's path or a header, and nothing that is escaped already.
fn encode_stray(path: &str) -> Cow<'_, str> {
    const STRAY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'?').add(b'#');
    utf8_percent_encode(path, STRAY).into()
}

fn decode_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn read_body(body: Cow<'_, str>, is_base64: bool) -> Result<Vec<u8>, InvalidBody> {
    if is_base64 {
        BASE64_STANDARD.decode(&*body).map_err(|_| InvalidBody::NotBase64)
    } else {
        Ok(body.into_owned().into_bytes())
    }
}

impl EventSource {
    /// The reply in the shape that this door expects.
    #[must_use]
    pub fn reply(self, response: Response<Body>) -> Reply {
        reply::reply(self, response)
    }
}
