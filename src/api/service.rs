//! The operations that are not about movies: health, the OpenAPI document, Swagger UI, and OPTIONS of every path.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, StatusCode, header},
};

use super::{
    App, conditional, cors,
    message::{self, JSON_OR_MERGE_PATCH},
};
use crate::{
    event::Request,
    problem::{ACCEPT_PATCH, Problem},
    swagger_ui::{self, SwaggerUiFile},
};

/// The OpenAPI 3.1 document. The URL of its server is relative, so that it is correct for every event source.
const OPENAPI: &str = include_str!("../openapi.json");

/// GET `/health`: check that the table responds.
pub(super) async fn health(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    app.store.ping().await.map_err(|error| Problem::of_read(error, ""))?;
    let mut response = evaluate_hash(request, message::json(r#"{"status":"ok"}"#.to_owned()))?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// GET `/swagger.json`: the OpenAPI document.
pub(super) fn openapi(request: &Request) -> Result<Response<Body>, Problem> {
    evaluate_hash(request, message::json(OPENAPI.to_owned()))
}

/// GET `/`: the page of Swagger UI.
pub(super) fn swagger_ui(request: &Request) -> Result<Response<Body>, Problem> {
    evaluate_hash(request, swagger_ui::page(&request.url_path))
}

/// GET of a file below `/swagger-ui/`. Its path contains its version, so a browser may keep it forever.
pub(super) fn swagger_ui_file(request: &Request, file: &SwaggerUiFile) -> Result<Response<Body>, Problem> {
    let mut response = conditional::evaluate(request, file.response(), &SwaggerUiFile::etag())?;
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}

/// OPTIONS of every path: its methods, and the response to a CORS preflight.
pub(super) fn options(request: &Request, allow: &'static str) -> Result<Response<Body>, Problem> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    if allow.contains("PATCH") {
        headers.insert(ACCEPT_PATCH, HeaderValue::from_static(JSON_OR_MERGE_PATCH));
    }
    cors::allow_request(request, allow, headers)?;
    Ok(response)
}

/// Evaluates the conditions of a GET whose representation has no stored version: the hash of its body is the version.
fn evaluate_hash(request: &Request, response: Response<Body>) -> Result<Response<Body>, Problem> {
    let version = conditional::hash(response.body().as_ref());
    conditional::evaluate(request, response, &version)
}
