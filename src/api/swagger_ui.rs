//! GET `/` and the files below `/swagger-ui/`: Swagger UI.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, header},
};

use super::conditional;
use crate::{
    event::{Header, Request},
    problem::Problem,
    swagger_ui::{self, SwaggerUiFile},
};

pub(super) fn page(request: &Request) -> Result<Response<Body>, Problem> {
    let response = swagger_ui::page(&request.full_path);
    let version = conditional::version_of(&response);
    conditional::evaluate(request, response, &version)
}

pub(super) fn file(request: &Request, file: &SwaggerUiFile) -> Result<Response<Body>, Problem> {
    if !swagger_ui::accepts_gzip(request.header(Header::AcceptEncoding).as_deref()) {
        return Err(Problem::not_acceptable());
    }
    let mut response = conditional::evaluate(request, file.response(), &SwaggerUiFile::etag())?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}

/// GET of the page, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe_page() -> serde_json::Value {
    describe("readSwaggerUi", "Swagger UI", &["text/html"], &[304, 404, 412])
}

/// GET of a file, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe_file() -> serde_json::Value {
    let types = ["text/javascript", "text/css", "image/png"];
    describe("readSwaggerUiFile", "A file of Swagger UI, compressed with gzip", &types, &[304, 404, 406, 412])
}

#[cfg(feature = "local")]
fn describe(id: &str, summary: &str, types: &[&str], others: &[u16]) -> serde_json::Value {
    use crate::openapi::describe;
    use serde_json::{Map, json};

    let content: Map<_, _> =
        types.iter().map(|name| ((*name).to_owned(), json!({"schema": {"type": "string"}}))).collect();
    let found =
        json!({"description": summary, "headers": {"ETag": describe::header("ETag", true)}, "content": content});
    json!({
        "operationId": id, "tags": ["service"], "summary": summary,
        "description": "404 where Swagger UI is turned off.",
        "parameters": conditional::describe_read(),
        "responses": describe::responses(200, found, others),
    })
}
