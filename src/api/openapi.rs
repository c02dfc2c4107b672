//! GET `/swagger.json`: the OpenAPI document.

use lambda_http::{Body, Response};

use super::{conditional, response};
use crate::{event::Request, openapi, problem::Problem};

pub(super) fn openapi(request: &Request) -> Result<Response<Body>, Problem> {
    let response = response::json(openapi::DOCUMENT.to_owned());
    let version = conditional::version_of(&response);
    conditional::evaluate(request, response, &version)
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use crate::openapi::describe;
    use serde_json::json;

    let document = json!({
        "description": "An OpenAPI 3.1 document.", "headers": {"ETag": describe::header("ETag", true)},
        "content": {"application/json": {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}}},
    });
    json!({
        "operationId": "readOpenApi", "tags": ["service"], "summary": "This document",
        "parameters": conditional::describe_read(),
        "responses": describe::responses(200, document, &[304, 412]),
    })
}
