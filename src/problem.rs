//! What a client is told when something is wrong: `application/problem+json` (RFC 9457).
//!
//! A [`Problem`] is written for the client: it names what to change or when to come back, and never a cause inside the
//! service. Causes go to the log ([`crate::telemetry`]). [`crate::api`] decides which problem an error becomes.

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::movie::FieldError;

/// One problem, about to become a response.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// RFC 9457's members, and this API's two: `request_id`, and `errors` for a validation problem.
#[derive(Serialize)]
#[cfg_attr(feature = "local", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub(crate) struct ProblemJson<'a> {
    r#type: String,
    title: &'a str,
    #[cfg_attr(feature = "local", schemars(with = "i32", range(min = 400, max = 599)))]
    status: u16,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// How much of a path an answer repeats: the longest id, each byte of it escaped, and room for what is before it.
const MAX_INSTANCE_BYTES: usize = 8 * 1024;

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, title, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// 400: something outside the body is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "Bad request", detail)
    }

    /// 400: the body is not a JSON object, or not even JSON.
    pub fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-body", "The body is not a JSON object", detail)
    }

    /// 400: the body is an object, some of its fields are bad.
    #[must_use]
    pub fn bad_fields(errors: Vec<FieldError>) -> Self {
        let detail = "Some fields are missing, unknown or of the wrong kind; `errors` has each of them.";
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "bad-fields", "Not a movie", detail) }
    }

    /// 404: no movie has this id.
    #[must_use]
    pub fn no_such_movie(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-such-movie", "No such movie", format!("Movie '{id}' doesn't exist."))
    }

    /// 404: the path leads nowhere.
    #[must_use]
    pub fn no_such_path() -> Self {
        let detail = "Nothing is at this path. Movies are at /ns_movies/ and /ns_movies/{title}-{year}.";
        Self::new(StatusCode::NOT_FOUND, "no-such-path", "Not found", detail)
    }

    /// 405: the path has other methods.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("This path answers {allow}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail)
            .with(header::ALLOW, allow)
    }

    /// 409: another movie has the id.
    #[must_use]
    pub fn movie_exists(id: &str) -> Self {
        let detail = format!("Movie '{id}' exists already, and is untouched. Change it with PUT or PATCH.");
        Self::new(StatusCode::CONFLICT, "movie-exists", "Movie exists", detail)
    }

    /// 412: the movie is not in the state that the client's condition names.
    #[must_use]
    pub fn precondition_failed() -> Self {
        let detail = "The movie has changed: its ETag is another one than If-Match names. Nothing was written. \
                      GET the movie again and decide anew.";
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", "Precondition failed", detail)
    }

    /// 413: the body, or the movie in it, is too large to keep.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
    }

    /// 415: the body is of a type that is not read. `accepted` goes into an `Accept` header (RFC 9110 §15.5.16).
    #[must_use]
    pub fn unsupported_type(accepted: &'static str) -> Self {
        let detail = format!("Send the body as {accepted}.");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-type", "Unsupported media type", detail)
            .with(header::ACCEPT, accepted)
    }

    /// 415: the body is compressed.
    #[must_use]
    pub fn unsupported_encoding() -> Self {
        let detail = "Compressed bodies are not read. Send the body without Content-Encoding.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-encoding", "Unsupported content encoding", detail)
            .with(header::ACCEPT_ENCODING, "identity")
    }

    /// 500: a bug, or an item in the table that is no movie.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "The service failed on its own. Name the request_id when you report it.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// 503: the table does not answer, or what became of a write cannot be known.
    #[must_use]
    pub fn unavailable(is_write: bool) -> Self {
        let detail = if is_write {
            "The store did not answer. The write may or may not have happened: read the movie, then try again."
        } else {
            "The store did not answer. Try again shortly."
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Service unavailable", detail)
            .with(header::RETRY_AFTER, "1")
    }

    /// The response, about the request to `path` (percent-encoded, as the client knows it).
    #[must_use]
    pub fn into_response(self, path: &str, request_id: &str) -> Response<Body> {
        let document = ProblemJson {
            r#type: format!("urn:problem-type:movies:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: beginning(path),
            request_id,
            errors: &self.errors,
        };
        let mut response = Response::new(Body::Text(serde_json::to_string(&document).unwrap_or_default()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

/// As much of a percent-encoded path as an answer repeats, with no half of an escape at its end.
fn beginning(path: &str) -> &str {
    let Some(cut) = path.get(..MAX_INSTANCE_BYTES) else { return path };
    let half = cut.rfind('%').filter(|at| path.len() > cut.len() && at + "%20".len() > cut.len());
    half.and_then(|at| cut.get(..at)).unwrap_or(cut)
}
