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
    fields::{FieldError, Invalid},
    movie::MovieId,
    store::StoreError,
};

/// Why a request has no other response. The texts are the problem's `detail`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The event does not come from an event source that this service supports.
    #[error("The event is not an HTTP request from an API Gateway, a Function URL or a load balancer.")]
    NotARequest,
    /// A part of the path is not UTF-8.
    #[error("The path is not UTF-8.")]
    PathNotUtf8,
    /// No movie can have the id in the path.
    #[error("The id in the path is longer than {} bytes. A movie cannot have it.", MovieId::MAX_BYTES)]
    IdTooLong,
    /// A query parameter or a header, and what is wrong with it.
    #[error("`{0}` {1}.")]
    Parameter(&'static str, String),
    /// The value of `Idempotency-Key` is not a key.
    #[error("`Idempotency-Key` must be one key of 1 to 255 visible ASCII characters.")]
    InvalidKey,
    /// A key, but no table for keys.
    #[error("This deployment does not remember requests. Send the request without `Idempotency-Key`.")]
    NoKeyTable,
    /// A patch without fields.
    #[error("The body has no field. Send at least one field to change.")]
    EmptyPatch,
    /// No body, or only whitespace.
    #[error("The request has no body. Send a JSON object with the movie's fields.")]
    MissingBody,
    /// The body of a handwritten event.
    #[error("The event's body is not valid base64.")]
    BodyNotBase64,
    /// The body of a handwritten event.
    #[error("The event's body is not a string. Put the JSON text into a string.")]
    BodyNotText,
    /// What a JSON parser says about the body.
    #[error("{0}.")]
    BodyNotAnObject(String),
    /// The body is an object with these invalid fields.
    #[error("Fields are missing, unknown or invalid. `errors` lists each of them.")]
    InvalidFields(Vec<FieldError>),
    /// No movie has this id.
    #[error("Movie '{0}' doesn't exist.")]
    NoSuchMovie(String),
    /// The path does not belong to this API.
    #[error("This path does not exist. Movies are at /ns_movies/ and /ns_movies/{}.", MovieId::FORM)]
    NoSuchPath,
    /// The path has only these methods.
    #[error("This path supports {0}.")]
    MethodNotAllowed(&'static str),
    /// Another movie has this id.
    #[error("Movie '{0}' exists already and was not changed. Change it with PUT or PATCH.")]
    MovieExists(String),
    /// `If-Match` or `If-None-Match` is false.
    #[error(
        "The current ETag does not meet the request's precondition. Nothing was changed. Read the current version, then \
         decide whether to send the request again."
    )]
    PreconditionFailed,
    /// The body is larger than this service reads.
    #[error("The body is larger than 1048576 bytes.")]
    BodyTooLarge,
    /// The movie does not fit into an item.
    #[error("The movie exceeds 400 KB, the limit of an item in the table.")]
    MovieTooLarge,
    /// The response does not fit into the record of its key. Nothing was written.
    #[error(
        "The response exceeds 400 KB, the limit for a request with an `Idempotency-Key`. Nothing was changed. Send the \
         request without the key."
    )]
    ResponseTooLarge,
    /// These content types are accepted, as in an `Accept` header.
    #[error("Send the body as {0}.")]
    UnsupportedType(&'static str),
    /// The body is compressed. The types are those of [`Self::UnsupportedType`].
    #[error("Compressed bodies are not supported. Send the body without Content-Encoding.")]
    UnsupportedEncoding(&'static str),
    /// The key belongs to another request of the caller.
    #[error(
        "This `Idempotency-Key` was used with another method, path, body or precondition. Nothing was changed. Use a new \
         key for a new request."
    )]
    KeyReused,
    /// A bug, or a record of a key that another program wrote.
    #[error("The service failed. Quote the request_id when you report it.")]
    Internal,
    /// No response from the table.
    #[error("The store did not respond. Try again shortly.")]
    Unavailable,
    /// The same in a write, which may still happen.
    #[error("The store did not respond. The write may or may not have happened: read the movie, then try again.")]
    OutcomeUnknown,
}

/// The members of RFC 9457, and two of this API: `request_id`, and `errors` for a validation problem.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// `Accept-Patch`: the content types of a patch (RFC 5789 §3.1).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The maximum length of `instance`. The longest id fits, fully percent-encoded and with the path before it.
const MAX_INSTANCE_BYTES: usize = 8 * 1024;

impl Problem {
    /// The problem for an error of the store, in an operation on the movie with this id.
    pub(crate) fn from_store(error: StoreError, id: &str) -> Self {
        match error {
            StoreError::NotFound => Self::NoSuchMovie(id.to_owned()),
            StoreError::Exists => Self::MovieExists(id.to_owned()),
            StoreError::PreconditionFailed => Self::PreconditionFailed,
            StoreError::TooLarge => Self::MovieTooLarge,
            StoreError::RecordTooLarge => Self::ResponseTooLarge,
            StoreError::Unavailable => Self::Unavailable,
            StoreError::Corrupt => Self::Internal,
        }
    }

    /// The status, the end of the `type`, and the title.
    fn kind(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotARequest
            | Self::PathNotUtf8
            | Self::IdTooLong
            | Self::Parameter(..)
            | Self::InvalidKey
            | Self::NoKeyTable
            | Self::EmptyPatch => (400, "bad-request", "Bad request"),
            Self::MissingBody | Self::BodyNotBase64 | Self::BodyNotText | Self::BodyNotAnObject(_) => {
                (400, "bad-body", "The body is not a JSON object")
            }
            Self::InvalidFields(_) => (400, "bad-fields", "Validation failed"),
            Self::NoSuchMovie(_) => (404, "no-such-movie", "Movie not found"),
            Self::NoSuchPath => (404, "no-such-path", "Not found"),
            Self::MethodNotAllowed(_) => (405, "method-not-allowed", "Method not allowed"),
            Self::MovieExists(_) => (409, "movie-exists", "Movie exists"),
            Self::PreconditionFailed => (412, "precondition-failed", "Precondition failed"),
            Self::BodyTooLarge | Self::MovieTooLarge | Self::ResponseTooLarge => (413, "too-large", "Too large"),
            Self::UnsupportedType(_) => (415, "unsupported-type", "Unsupported media type"),
            Self::UnsupportedEncoding(_) => (415, "unsupported-encoding", "Unsupported content encoding"),
            Self::KeyReused => (422, "idempotency-key-reused", "Idempotency key reused"),
            Self::Internal => (500, "internal", "Internal error"),
            Self::Unavailable | Self::OutcomeUnknown => (503, "unavailable", "Service unavailable"),
        }
    }

    /// Adds the headers that tell a client what the path accepts, or when to try again.
    fn add_headers(&self, headers: &mut HeaderMap) {
        let mut add = |name, value| headers.insert(name, HeaderValue::from_static(value));
        match self {
            Self::MethodNotAllowed(allow) => add(header::ALLOW, allow),
            Self::UnsupportedType(accepted) => add(header::ACCEPT, accepted),
            Self::UnsupportedEncoding(_) => add(header::ACCEPT_ENCODING, "identity"),
            Self::Unavailable | Self::OutcomeUnknown => add(header::RETRY_AFTER, "1"),
            _ => None,
        };
        if let Self::UnsupportedType(accepted) | Self::UnsupportedEncoding(accepted) = self
            && accepted.contains("merge-patch")
        {
            add(ACCEPT_PATCH, accepted);
        }
    }

    /// The response to a request for `path`, which is percent-encoded, as in the client's URL.
    #[must_use]
    pub fn into_response(self, path: &str, request_id: &str) -> Response<Body> {
        let (status, kind, title) = self.kind();
        let document = Document {
            r#type: format!("urn:problem-type:movies:{kind}"),
            title,
            status,
            detail: self.to_string(),
            instance: beginning(path),
            request_id,
            errors: if let Self::InvalidFields(errors) = &self { errors } else { &[] },
        };
        let mut response = Response::new(Body::Text(serde_json::to_string(&document).unwrap_or_default()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.add_headers(headers);
        response
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Json(error) => Self::BodyNotAnObject(error),
            Invalid::Empty => Self::EmptyPatch,
            Invalid::Fields(errors) => Self::InvalidFields(errors),
        }
    }
}

/// The beginning of a percent-encoded path. It does not end within an escape.
fn beginning(path: &str) -> &str {
    let Some(cut) = path.get(..MAX_INSTANCE_BYTES) else { return path };
    let half = cut.rfind('%').filter(|at| at + "%20".len() > cut.len());
    half.and_then(|at| cut.get(..at)).unwrap_or(cut)
}

#[cfg(test)]
mod tests;
