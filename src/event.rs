//! Turns a Lambda event into a [`Request`], and a [`Response`] into a Lambda reply. Each event source has one function
//! that reads the request line of its events.
//!
//! `lambda_http` provides only the types of the replies, because its own conversion of events panics on input that occurs
//! in production, and changes paths. `docs/decisions.md` records this decision. The property tests in
//! `tests/api/hostile.rs` feed mutated and damaged events to this module.
//!
//! # Paths
//! | event source | form of the path in the event | before the service's own path |
//! | --- | --- | --- |
//! | REST API | percent-encoded | a custom domain's base path |
//! | HTTP API | decoded | a stage other than `$default`; with payload format 1.0, also a custom domain's mapping key |
//! | Function URL, `cargo lambda watch` | percent-encoded | the prefix of a proxy |
//! | ALB | percent-encoded | a prefix that its rules match |
//!
//! This module removes the stage, which the event names. [`Request::strip_base_path`] then removes the prefix that is
//! configured. A path is decoded exactly once, by the event source or here. `docs/front-doors.md` says which information
//! each event source loses.
//!
//! Anything else, such as bytes that are not JSON, is [`Event::Unknown`] and gets a 400. The runtime never gets an error.

mod payload;
mod request;

use std::borrow::Cow;

use lambda_http::{
    Body, Response,
    aws_lambda_events::{
        alb::AlbTargetGroupResponse,
        apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse},
    },
    http::HeaderMap,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

pub use request::{IDEMPOTENCY_KEY, InvalidBody, PathForm, Request, trim};

use payload::Payload;

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
        let payload = json.and_then(|json| Payload::from_json(json.get()).ok());
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
        let source = EventSource::of(payload, cfg!(feature = "local"));
        let RequestLine { method, path, form, url_path, query } = match source {
            EventSource::RestApi => rest_api(payload),
            EventSource::HttpApi => http_api(payload),
            EventSource::HttpApiVersion1 => http_api_version_1(payload),
            EventSource::FunctionUrl => function_url(payload),
            EventSource::Alb { .. } => alb(payload),
        }?;
        let headers = payload.headers();
        // Only a key has a caller. Reading it takes 3% of the instructions of a GET.
        let caller = headers.get(IDEMPOTENCY_KEY).and_then(|_| payload.caller());
        let request = Request {
            method: method.to_owned(),
            path: form.decode(path).map(Cow::into_owned),
            raw_path: path.to_owned(),
            path_form: form,
            // A URL that begins with two slashes is a reference to another host.
            url_path: format!("/{}", form.encode(url_path.trim_start_matches('/'))),
            query,
            headers,
            caller,
            body: payload.body(),
        };
        Some(Self::Http(source, Box::new(request)))
    }
}

/// What is in the first line of an HTTP request (RFC 9112 §3). Headers and body have the same form in all events.
struct RequestLine<'a> {
    method: &'a str,
    /// The path below the stage.
    path: &'a str,
    /// The form of both paths.
    form: PathForm,
    /// The path in the client's URL.
    url_path: &'a str,
    query: Vec<(String, String)>,
}

/// API Gateway REST APIs: [input format of a Lambda function for proxy integration][format]. `path` does not include the
/// stage, but a custom domain's base path. `requestContext.path` is the path in the client's URL. In a handwritten event,
/// the two may not belong together.
///
/// [format]: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
fn rest_api<'a>(payload: &'a Payload<'_>) -> Option<RequestLine<'a>> {
    let path = payload.path.as_deref()?;
    let url_path = payload.request_context.path.as_deref();
    Some(RequestLine {
        method: payload.http_method.as_deref()?,
        path,
        form: PathForm::Encoded,
        url_path: url_path.filter(|url_path| url_path.ends_with(path) || path == "/").unwrap_or(path),
        query: payload.query_parameters(),
    })
}

/// API Gateway HTTP APIs with [payload format version 2.0][format].
///
/// API Gateway has decoded the path. If it were decoded again, `100% Wolf` would be invalid and `%2541` would become `A`.
/// API Gateway also cuts the decoded path at a question mark.
///
/// [format]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.proxy-format
fn http_api<'a>(payload: &'a Payload<'_>) -> Option<RequestLine<'a>> {
    let http = &payload.request_context.http;
    let (path, url_path) = below_stage(payload, payload.raw_path.as_deref()?);
    let query = query_string(payload);
    Some(RequestLine { method: http.method.as_deref()?, path, form: PathForm::Decoded, url_path, query })
}

/// API Gateway HTTP APIs with payload format version 1.0. The event has the fields of a REST API's event, and `version`.
fn http_api_version_1<'a>(payload: &'a Payload<'_>) -> Option<RequestLine<'a>> {
    let (path, url_path) = below_stage(payload, payload.path.as_deref()?);
    let query = payload.query_parameters();
    Some(RequestLine { method: payload.http_method.as_deref()?, path, form: PathForm::Decoded, url_path, query })
}

/// The path of an HTTP API's event without the stage, and the path in the client's URL. It includes the stage only at the
/// API's own host. A custom domain's URL does not.
fn below_stage<'a>(payload: &'a Payload<'_>, path: &'a str) -> (&'a str, &'a str) {
    let context = &payload.request_context;
    let stage = context.stage.as_deref().filter(|stage| *stage != "$default");
    let below = stage.and_then(|stage| PathForm::Decoded.below(path, &format!("/{stage}"))).unwrap_or(path);
    let is_custom_domain = context.domain_name.as_deref().is_some_and(|domain| !domain.contains(".execute-api."));
    (below, if is_custom_domain { below } else { path })
}

/// Lambda function URLs: [request payload format][format], which is that of an HTTP API, except that the path is
/// percent-encoded and has no stage. `cargo lambda watch` sends the same events.
///
/// [format]: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
fn function_url<'a>(payload: &'a Payload<'_>) -> Option<RequestLine<'a>> {
    let http = &payload.request_context.http;
    let path = payload.raw_path.as_deref()?;
    let query = query_string(payload);
    Some(RequestLine { method: http.method.as_deref()?, path, form: PathForm::Encoded, url_path: path, query })
}

/// Application Load Balancers: [receive events from the load balancer][format]. The path is percent-encoded, and so are
/// the names and values of query parameters.
///
/// [format]: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#receive-event-from-load-balancer
fn alb<'a>(payload: &'a Payload<'_>) -> Option<RequestLine<'a>> {
    let path = payload.path.as_deref()?;
    let pairs: Vec<_> = payload.query_parameters().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = parse_query(&pairs.join("&"));
    let method = payload.http_method.as_deref()?;
    Some(RequestLine { method, path, form: PathForm::Encoded, url_path: path, query })
}

/// The query string as the client sent it. A handwritten event can have decoded parameters instead.
fn query_string(payload: &Payload<'_>) -> Vec<(String, String)> {
    let raw = payload.raw_query_string.as_deref().filter(|raw| !raw.is_empty());
    raw.map_or_else(|| payload.query_parameters(), parse_query)
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// What the function returns to Lambda: one of AWS's own reply types. (`lambda_http` has such an enum, but keeps it
/// private.)
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To a REST API, or an HTTP API with payload format version 1.0.
    V1(ApiGatewayProxyResponse),
    /// To an HTTP API with payload format version 2.0, or a Function URL.
    V2(ApiGatewayV2httpResponse),
    /// To a load balancer.
    Alb(AlbTargetGroupResponse),
}

impl EventSource {
    fn of(payload: &Payload<'_>, is_local_build: bool) -> Self {
        let context = &payload.request_context;
        if context.http.method.is_some() {
            let is_url = context.domain_name.as_deref().is_some_and(|domain| domain.contains(".lambda-url."));
            // The header counts only in a local build, because any client can send it to a deployed function.
            let is_watch = is_local_build && context.http.user_agent.as_deref() == Some("cargo-lambda");
            if is_url || is_watch { Self::FunctionUrl } else { Self::HttpApi }
        } else if context.elb.is_some() {
            Self::Alb { multi_value: payload.multi_value_headers.is_some() }
        } else if payload.version.as_deref() == Some("1.0") {
            Self::HttpApiVersion1
        } else {
            Self::RestApi
        }
    }

    /// The reply in the format that this event source expects.
    ///
    /// Headers are in `headers` only, except for a load balancer with multi-value headers: a REST API merges both maps
    /// and would send each header twice. A response of this service never repeats a header.
    #[must_use]
    pub fn reply(self, response: Response<Body>) -> Reply {
        let (parts, body) = response.into_parts();
        let status_code = i64::from(parts.status.as_u16());
        let is_base64_encoded = matches!(body, Body::Binary(_));
        // An empty body would become `null`. A load balancer rejects that, and the client gets a 502.
        let body = Some(body).filter(|body| !matches!(body, Body::Empty));
        match self {
            Self::RestApi | Self::HttpApiVersion1 => {
                let mut reply = ApiGatewayProxyResponse::default();
                reply.status_code = status_code;
                reply.headers = parts.headers;
                reply.body = body;
                reply.is_base64_encoded = is_base64_encoded;
                Reply::V1(reply)
            }
            Self::HttpApi | Self::FunctionUrl => {
                let mut reply = ApiGatewayV2httpResponse::default();
                reply.status_code = status_code;
                reply.headers = parts.headers;
                reply.body = body;
                reply.is_base64_encoded = is_base64_encoded;
                Reply::V2(reply)
            }
            Self::Alb { multi_value } => {
                let mut reply = AlbTargetGroupResponse::default();
                reply.status_code = status_code;
                reply.status_description = Some(parts.status.to_string());
                (reply.headers, reply.multi_value_headers) =
                    if multi_value { (HeaderMap::new(), parts.headers) } else { (parts.headers, HeaderMap::new()) };
                reply.body = body;
                reply.is_base64_encoded = is_base64_encoded;
                Reply::Alb(reply)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_local_build_knows_cargo_lambda_by_its_user_agent() {
        let source = |domain: &str, agent: &str, is_local_build| {
            let http = format!(r#"{{"method":"GET","userAgent":"{agent}"}}"#);
            let json = format!(r#"{{"requestContext":{{"domainName":"{domain}","http":{http}}}}}"#);
            EventSource::of(&Payload::from_json(&json).unwrap(), is_local_build)
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
