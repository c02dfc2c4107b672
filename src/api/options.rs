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

/// The operation on a path with the methods `allow`, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe(allow: &str, errors: &[u16]) -> serde_json::Value {
    use crate::openapi::describe;
    use serde_json::json;

    let methods = json!({
        "description": "The methods, and the response to a CORS preflight.",
        "headers": {
            "Allow": describe::header("Allow", true),
            "Access-Control-Allow-Methods": describe::header("Access-Control-Allow-Methods", true),
            "Access-Control-Allow-Headers": describe::header("Access-Control-Allow-Headers", false),
        },
    });
    json!({
        "tags": ["protocol"], "summary": format!("Methods and CORS preflight: {allow}"), "parameters": [],
        "responses": describe::responses(204, methods, errors),
    })
}
