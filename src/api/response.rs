//! Responses with a JSON body, and headers made from text.

use lambda_http::{
    Body, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use super::{conditional, location::set_location};
use crate::{event::Request, problem::Problem, route::MOVIES, store::RecordedResponse};

/// A 200 with a JSON text.
pub(super) fn json(text: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The response to a write, sent now or again. `Location` is relative to the request's own URL, which can differ between
/// the two.
pub(super) fn written(request: &Request, written: RecordedResponse) -> Result<Response<Body>, Problem> {
    let mut response = if written.body.is_empty() { Response::new(Body::Empty) } else { json(written.body) };
    if let Some(version) = written.etag {
        conditional::set_etag(&mut response, &version)?;
    }
    if let Some(id) = written.id {
        set_location(request, MOVIES, &id, &mut response)?;
    }
    Ok(response)
}

pub(super) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|_| Problem::internal())
}

/// Sets a header to a value that the service computes for each response.
///
/// # Errors
/// A 500 for a text that cannot be a header. Clients rely on these headers, so a response without one would mislead
/// them.
pub(super) fn set_header(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Problem> {
    headers.insert(name, HeaderValue::from_str(value).map_err(|_| Problem::internal())?);
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
                let problem = set_header(&mut headers, name.clone(), text).unwrap_err();
                assert_eq!(problem.into_response("/", "").status(), StatusCode::INTERNAL_SERVER_ERROR, "{text:?}");
            }
            assert!(headers.is_empty());
        }
    }
}
