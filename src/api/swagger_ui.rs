//! GET `/` and the files below `/swagger-ui/`: Swagger UI.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, header},
};

use super::conditional;
use crate::{
    event::Request,
    problem::Problem,
    swagger_ui::{self, SwaggerUiFile},
};

pub(super) fn page(request: &Request) -> Result<Response<Body>, Problem> {
    let response = swagger_ui::page(&request.url_path);
    let version = conditional::version_of(&response);
    conditional::evaluate(request, response, &version)
}

pub(super) fn file(request: &Request, file: &SwaggerUiFile) -> Result<Response<Body>, Problem> {
    if !swagger_ui::accepts_gzip(request.header(&header::ACCEPT_ENCODING).as_deref()) {
        return Err(Problem::not_acceptable());
    }
    let mut response = conditional::evaluate(request, file.response(), &SwaggerUiFile::etag())?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}
