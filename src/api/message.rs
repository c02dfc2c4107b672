//! The parts of messages: the body of a request, the JSON of a response, and headers that are computed.

use lambda_http::{
    Body, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::{
    event::{InvalidBody, PathForm, Request, trim},
    problem::Problem,
    route::MOVIES,
    store::RecordedResponse,
};

/// The content type of a new movie.
pub(super) const JSON: &str = "application/json";

/// The content types of a patch.
pub(super) const JSON_OR_MERGE_PATCH: &str = "application/merge-patch+json, application/json";

/// The maximum size of a request's body, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// In a URL, all characters of an id are percent-encoded, except for the unreserved ones (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The bytes of a request's body: JSON, not compressed, of at most 1 MB. A request without a content type counts as
/// JSON.
///
/// # Errors
/// 415 for a compressed body, and for a content type that is not in `accepted`, which has the form of an `Accept`
/// header; 413 for a body that is too large; 400 for a missing body.
pub(super) fn body<'a>(request: &'a Request, accepted: &'static str) -> Result<&'a [u8], Problem> {
    let content_type = request.header(&header::CONTENT_TYPE).unwrap_or_default();
    let essence = trim(content_type.split(';').next().unwrap_or_default());
    if !essence.is_empty() && !accepted.split(", ").any(|known| essence.eq_ignore_ascii_case(known)) {
        return Err(Problem::UnsupportedType(accepted));
    }
    let coding = request.header(&header::CONTENT_ENCODING).unwrap_or_default();
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        return Err(Problem::UnsupportedEncoding(accepted));
    }
    let body = request.body.as_deref().map_err(|invalid| match invalid {
        InvalidBody::NotBase64 => Problem::BodyNotBase64,
        InvalidBody::NotText => Problem::BodyNotText,
    })?;
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge);
    }
    if body.trim_ascii().is_empty() { Err(Problem::MissingBody) } else { Ok(body) }
}

/// A 200 with a JSON text.
pub(super) fn json(text: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|_| Problem::Internal)
}

/// The response to a write, sent now or again.
pub(super) fn written(request: &Request, written: RecordedResponse) -> Result<Response<Body>, Problem> {
    let mut response = if written.body.is_empty() { Response::new(Body::Empty) } else { json(written.body) };
    if let Some(version) = written.etag {
        set_etag(&mut response, &version)?;
    }
    if let Some(id) = written.id {
        set_header(response.headers_mut(), header::LOCATION, &location(request, &id))?;
    }
    Ok(response)
}

/// The URL of a movie, for `Location`. It is relative to the request's own URL (RFC 3986 §4.2), because the service does
/// not know that URL behind some gateways, mapping keys and proxies.
fn location(request: &Request, id: &str) -> String {
    let below_movies = match request.path_form {
        PathForm::Encoded => request.raw_path.matches('/').count().saturating_sub(1),
        // `/` and `%2F` look the same, so the id counts as one segment.
        PathForm::Decoded => usize::from(request.raw_path != MOVIES),
    };
    let up = if below_movies == 0 { "./".to_owned() } else { "../".repeat(below_movies) };
    format!("{up}{}/{}", MOVIES.trim_start_matches('/'), utf8_percent_encode(id, RESERVED))
}

/// Sets a header to a value that the service computes for each response.
///
/// # Errors
/// A 500 for a text that cannot be a header. Clients rely on these headers, so a response without one would mislead
/// them.
pub(super) fn set_header(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Problem> {
    headers.insert(name, HeaderValue::from_str(value).map_err(|_| Problem::Internal)?);
    Ok(())
}

/// Adds the ETag.
pub(super) fn set_etag(response: &mut Response<Body>, version: &str) -> Result<(), Problem> {
    set_header(response.headers_mut(), header::ETAG, &format!("\"{version}\""))?;
    // A client must revalidate its copy before it uses it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(())
}

/// Turns a response to GET into the response to HEAD.
pub(super) fn remove_body(response: &mut Response<Body>) {
    // Responses with these statuses have no content, and so no length (RFC 9110 §8.6).
    if !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    *response.body_mut() = Body::Empty;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_cannot_be_sent_is_an_error_and_not_left_out() {
        for name in [header::LINK, header::LOCATION, header::ETAG] {
            let mut headers = HeaderMap::new();
            for text in ["a\nb", "a\rb", "\u{7f}", "\0"] {
                assert_eq!(set_header(&mut headers, name.clone(), text), Err(Problem::Internal), "{text:?}");
            }
            assert!(headers.is_empty());
        }
    }
}
