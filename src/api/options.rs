//! OPTIONS on every path: its methods, and the response to a CORS preflight.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, StatusCode, header},
};

use super::cors;
use crate::{event::Request, problem::Problem};

pub(super) fn options(request: &Request, allow: &'static str) -> Result<Response<Body>, Problem> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    cors::allow_request(request, allow, headers)?;
    Ok(response)
}
