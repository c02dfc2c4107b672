//! GET `/swagger.json`: the OpenAPI document.

use lambda_http::{Body, Response};

use super::{conditional, response};
use crate::{event::Request, problem::Problem};

/// The OpenAPI 3.1 document. The URL of its server is relative, so that it is correct for every event source.
const DOCUMENT: &str = include_str!("../openapi.json");

pub(super) fn openapi(request: &Request) -> Result<Response<Body>, Problem> {
    let response = response::json(DOCUMENT.to_owned());
    let version = conditional::version_of(&response);
    conditional::evaluate(request, response, &version)
}
