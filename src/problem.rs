//! Error responses: `application/problem+json` (RFC 9457).
//!
//! A [`Problem`] is written for the client: it says what to change or when to try again. It never reveals a cause inside
//! the service, which goes to the log ([`crate::telemetry`]).

use lambda_http::{
    Body, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::{
    fields::{FieldError, Invalid, Noun},
    movie::MAX_ID_BYTES,
    store::StoreError,
};

/// One problem, before it becomes a response.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: Box<str>,
    title: Box<str>,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The members of RFC 9457, and two of this API: `request_id`, and `errors` for a validation problem.
#[derive(Serialize)]
struct ProblemJson<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// The content types of a patch (RFC 5789 §3.1).
pub(crate) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The maximum length of `instance`. The longest id fits, fully percent-encoded and with the path before it.
const MAX_INSTANCE_BYTES: usize = 8 * 1024;

impl Problem {
    fn new(
        status: StatusCode,
        kind: impl Into<Box<str>>,
        title: impl Into<Box<str>>,
        detail: impl Into<String>,
    ) -> Self {
        let (kind, title, detail) = (kind.into(), title.into(), detail.into());
        Self { status, kind, title, detail, errors: Vec::new(), headers: Vec::new() }
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// Adds `Accept-Patch` (RFC 5789 §2.2) if the accepted types are those of a patch.
    fn with_accept_patch(self, accepted: &'static str) -> Self {
        if accepted.contains("merge-patch") { self.with(ACCEPT_PATCH, accepted) } else { self }
    }

    /// The problem for an error of the store, in an operation on the entity with this id.
    #[must_use]
    pub fn from_store(noun: Noun, error: StoreError, id: &str, is_write: bool) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(noun, id),
            StoreError::Exists => Self::exists(noun, id),
            StoreError::PreconditionFailed => Self::precondition_failed(),
            StoreError::TooLarge => Self::item_too_large(noun),
            StoreError::Unavailable => Self::unavailable(is_write.then_some(noun)),
            StoreError::Corrupt => Self::internal(),
        }
    }

    /// The problem for a body that is not a valid entity or patch.
    #[must_use]
    pub fn from_invalid(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Json(detail) => Self::bad_body(format!("{detail}.")),
            Invalid::Empty => Self::bad_request("The body has no field. Send at least one field to change."),
            Invalid::Fields(errors) => Self::bad_fields(errors),
        }
    }

    /// 400: something outside the body is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "Bad request", detail)
    }

    /// 400: the body is not a JSON object.
    pub fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-body", "The body is not a JSON object", detail)
    }

    /// 400: the request has no body.
    #[must_use]
    pub fn missing_body(noun: Noun) -> Self {
        Self::bad_body(format!("The request has no body. Send a JSON object with the {}'s fields.", noun.one))
    }

    /// 400: the body is an object with invalid fields.
    #[must_use]
    pub fn bad_fields(errors: Vec<FieldError>) -> Self {
        let detail = "Fields are missing, unknown or invalid. `errors` lists each of them.";
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "bad-fields", "Validation failed", detail) }
    }

    /// 404: the entity does not exist.
    #[must_use]
    pub fn not_found(noun: Noun, id: &str) -> Self {
        let name = capitalized(noun.one);
        let detail = format!("{name} '{id}' doesn't exist.");
        Self::new(StatusCode::NOT_FOUND, format!("no-such-{}", noun.one), format!("{name} not found"), detail)
    }

    /// The problem for an invalid id in a path: 400 if it is too long for an id, else 404 as for any unknown id.
    #[must_use]
    pub fn from_invalid_id(noun: Noun, text: &str) -> Self {
        if text.len() <= MAX_ID_BYTES {
            return Self::not_found(noun, text);
        }
        let one = capitalized(noun.with_article);
        Self::bad_request(format!("The id in the path is longer than 2,048 bytes. {one} cannot have it."))
    }

    /// 404: the path does not exist.
    #[must_use]
    pub fn no_such_path() -> Self {
        let detail = "This path does not exist. Movies are at /ns_movies/ and /ns_movies/{title}-{year}.";
        Self::new(StatusCode::NOT_FOUND, "no-such-path", "Not found", detail)
    }

    /// 405: the path does not support the method.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("This path supports {allow}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail)
            .with(header::ALLOW, allow)
    }

    /// 409: another entity has the id.
    #[must_use]
    pub fn exists(noun: Noun, id: &str) -> Self {
        let name = capitalized(noun.one);
        let detail = format!("{name} '{id}' exists already and was not changed. Change it with PUT or PATCH.");
        Self::new(StatusCode::CONFLICT, format!("{}-exists", noun.one), format!("{name} exists"), detail)
    }

    /// 412: the current version does not meet the request's precondition.
    #[must_use]
    pub fn precondition_failed() -> Self {
        let detail = "The current ETag does not meet the request's precondition. Nothing was changed. Read the current \
                      version, then decide whether to send the request again.";
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", "Precondition failed", detail)
    }

    /// 413: the body, or what is in it, is too large to store.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
    }

    /// 413: the entity does not fit into an item.
    #[must_use]
    pub fn item_too_large(noun: Noun) -> Self {
        Self::too_large(format!("The {} exceeds 400 KB, the limit of an item in the table.", noun.one))
    }

    /// 413: the response does not fit into the item that remembers it with its key. Nothing was written.
    #[must_use]
    pub fn response_not_remembered() -> Self {
        Self::too_large(
            "The response exceeds 400 KB, the limit for a request with an `Idempotency-Key`. Nothing was changed. \
             Send the request without the key.",
        )
    }

    /// 422: the key belongs to another request.
    #[must_use]
    pub fn idempotency_key_reused() -> Self {
        let detail = "This `Idempotency-Key` was used with another method, path, body or precondition. Nothing was \
                      changed. Use a new key for a new request.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency key reused", detail)
    }

    /// 413: the event source does not accept a reply of more than `limit` bytes. Nothing was written.
    #[must_use]
    pub fn response_too_large(noun: Noun, limit: usize) -> Self {
        let detail = format!(
            "The response would exceed the {limit} bytes that the load balancer accepts. Nothing was changed. Send the \
             request through an API Gateway or a Function URL of this service, which accept {} of any size.",
            noun.with_article
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "response-too-large", "Response too large", detail)
    }

    /// 200: an entity was changed, but the response with it would exceed `limit` bytes. The problem has the same `ETag`
    /// and `Location` as that response, from its `headers`.
    #[must_use]
    pub fn changed_but_too_large(noun: Noun, limit: usize, headers: &HeaderMap) -> Self {
        let Noun { one, with_article } = noun;
        let detail = format!(
            "The {one} was changed. With the {one}, the response would exceed the {limit} bytes that the load balancer \
             accepts. Read the {one} through an API Gateway or a Function URL of this service, which accept {with_article} \
             of any size."
        );
        let mut problem =
            Self::new(StatusCode::OK, "changed-but-too-large", "Changed, but too large for the response", detail);
        let kept = [header::ETAG, header::LOCATION].into_iter();
        problem.headers = kept.filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
        problem
    }

    /// 406: the client does not accept the file's content coding.
    #[must_use]
    pub fn not_acceptable() -> Self {
        let detail = "This file is available only with the content coding gzip, which Accept-Encoding excludes.";
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not acceptable", detail)
            .with(header::VARY, "Accept-Encoding")
    }

    /// 415: the service does not read this content type. `accepted` becomes an `Accept` header (RFC 9110 §15.5.16).
    #[must_use]
    pub fn unsupported_type(accepted: &'static str) -> Self {
        let detail = format!("Send the body as {accepted}.");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-type", "Unsupported media type", detail)
            .with(header::ACCEPT, accepted)
            .with_accept_patch(accepted)
    }

    /// 415: the body is compressed. `accepted` is as for [`Self::unsupported_type`].
    #[must_use]
    pub fn unsupported_encoding(accepted: &'static str) -> Self {
        let detail = "Compressed bodies are not supported. Send the body without Content-Encoding.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-encoding", "Unsupported content encoding", detail)
            .with(header::ACCEPT_ENCODING, "identity")
            .with_accept_patch(accepted)
    }

    /// 500: a bug, or an item in the table that is not a valid entity.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "The service failed. Quote the request_id when you report it.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// 503: the table does not respond, or the outcome of a write is unknown. `written` is what the request writes.
    #[must_use]
    pub fn unavailable(written: Option<Noun>) -> Self {
        let detail = match written {
            Some(Noun { one, .. }) => format!(
                "The store did not respond. The write may or may not have happened: read the {one}, then try again."
            ),
            None => "The store did not respond. Try again shortly.".to_owned(),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Service unavailable", detail)
            .with(header::RETRY_AFTER, "1")
    }

    /// The response to a request for `path`, which is percent-encoded, as in the client's URL.
    #[must_use]
    pub fn into_response(self, path: &str, request_id: &str) -> Response<Body> {
        let document = ProblemJson {
            r#type: format!("urn:problem-type:movies:{}", self.kind),
            title: &self.title,
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

/// The noun with a capital letter, for the beginning of a sentence.
fn capitalized(noun: &str) -> String {
    let (first, rest) = noun.split_at_checked(1).unwrap_or_default();
    first.to_ascii_uppercase() + rest
}

/// The beginning of a percent-encoded path. It does not end within an escape.
fn beginning(path: &str) -> &str {
    let Some(cut) = path.get(..MAX_INSTANCE_BYTES) else { return path };
    let half = cut.rfind('%').filter(|at| path.len() > cut.len() && at + "%20".len() > cut.len());
    half.and_then(|at| cut.get(..at)).unwrap_or(cut)
}
