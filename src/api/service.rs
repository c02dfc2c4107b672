//! The operations that are not about movies: health, the OpenAPI document, Swagger UI, and OPTIONS of every path.

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};

use super::{
    App, conditional,
    message::{self, JSON_OR_MERGE_PATCH, set_header},
};
use crate::{
    event::{Request, trim},
    problem::{ACCEPT_PATCH, Problem},
    swagger_ui::{self, SwaggerUiFile},
};

/// The OpenAPI 3.1 document. The URL of its server is relative, so that it is correct for every event source.
const OPENAPI: &str = include_str!("../openapi.json");

/// The headers that a page may send if its preflight does not list any. They are the headers that the API and the event
/// sources read.
const KNOWN_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
                             X-Amz-Content-Sha256, X-Amz-Date, X-Amz-Security-Token, X-Api-Key";

/// GET `/health`: check that the table responds.
pub(super) async fn health(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    app.store.ping().await.map_err(|error| Problem::from_store(error, ""))?;
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
    let mut response = evaluate_hash(request, file.response())?;
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}

/// OPTIONS of every path: its methods, and the response to a CORS preflight (Fetch standard).
pub(super) fn options(request: &Request, allow: &'static str) -> Result<Response<Body>, Problem> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    if allow.contains("PATCH") {
        headers.insert(ACCEPT_PATCH, HeaderValue::from_static(JSON_OR_MERGE_PATCH));
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
    // The response lists names, because `*` does not include `Authorization`.
    let names = match request.header(&header::ACCESS_CONTROL_REQUEST_HEADERS) {
        Some(requested) => allowed_names(&requested),
        None => KNOWN_HEADERS.to_owned(),
    };
    if !names.is_empty() {
        set_header(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &names)?;
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    headers.insert(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    Ok(response)
}

/// The requested names that are tokens (RFC 9110 §5.6.2). If the page's request has another header, the browser blocks
/// the request.
fn allowed_names(requested: &str) -> String {
    let names = requested.split(',').map(trim).filter(|name| HeaderName::from_bytes(name.as_bytes()).is_ok());
    names.collect::<Vec<_>>().join(", ")
}

/// Evaluates the conditions of a GET whose representation has no stored version: the hash of its body is the version.
fn evaluate_hash(request: &Request, response: Response<Body>) -> Result<Response<Body>, Problem> {
    let version = conditional::hash(response.body().as_ref());
    conditional::evaluate(request, response, &version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_allows_every_requested_name_that_is_a_token() {
        let long = vec!["x".repeat(100); 50].join(", ");
        for (name, requested, allowed) in [
            ("traces", "baggage,sentry-trace,traceparent", "baggage, sentry-trace, traceparent"),
            ("authorization", "authorization", "authorization"),
            ("case and blanks", " X-Requested-With ,\tIdempotency-Key", "X-Requested-With, Idempotency-Key"),
            ("every token character", "!#$%&'*+-.^_`|~09az", "!#$%&'*+-.^_`|~09az"),
            ("a blank in a name", "x-a, x b, x-c", "x-a, x-c"),
            ("a line feed", "x-a\r\nset-cookie: a=b", ""),
            ("other separators", "x(y), x:y, é, \"x\", x-a", "x-a"),
            ("empty names", ",, ,", ""),
            ("a long list", &long, &long),
        ] {
            assert_eq!(allowed_names(requested), allowed, "{name}");
        }
    }
}
