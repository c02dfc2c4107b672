//! GET `/health`: check that the table responds.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, header},
};

use super::{App, conditional, response};
use crate::{event::Request, problem::Problem};

pub(super) async fn health(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    app.store.ping().await.map_err(|_| Problem::unavailable(None))?;
    let response = response::json(r#"{"status":"ok"}"#.to_owned());
    let version = conditional::version_of(&response);
    let mut response = conditional::evaluate(request, response, &version)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
