//! OPTIONS on every path: its methods, and the response to a CORS preflight.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, StatusCode, header},
};

use super::{body, cors};
use crate::{
    event::Request,
    problem::{ACCEPT_PATCH, Problem},
};

pub(super) fn options(request: &Request, allow: &'static str) -> Result<Response<Body>, Problem> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    if allow.contains("PATCH") {
        headers.insert(ACCEPT_PATCH, HeaderValue::from_static(body::JSON_OR_MERGE_PATCH));
    }
    cors::allow_request(request, allow, headers)?;
    Ok(response)
}
