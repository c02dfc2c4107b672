//! GET `/ns_movies/{id}`: read a movie.

use lambda_http::{Body, Response};

use super::{
    App, conditional, reply_limit,
    response::{json, to_json},
};
use crate::{
    event::Request,
    movie::{MAX_ID_BYTES, MovieId},
    problem::Problem,
};

pub(super) async fn read(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = movie_id(id)?;
    let found = app.store.get(&id).await.map_err(|error| Problem::from_store(error, id.as_str(), false))?;
    let response = conditional::evaluate(request, json(to_json(&found.movie)?), &found.version)?;
    reply_limit::check(request, response.body().as_ref())?;
    Ok(response)
}

/// The id in a path. Text that cannot be an id is unknown like any other id.
pub(super) fn movie_id(id: &str) -> Result<MovieId, Problem> {
    if id.len() > MAX_ID_BYTES {
        return Err(Problem::bad_request("The id in the path is longer than 2,048 bytes. A movie cannot have it."));
    }
    MovieId::parse(id).ok_or_else(|| Problem::no_such_movie(id))
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use crate::openapi::describe;
    use serde_json::json;

    let movie = json!({
        "description": "The movie.", "headers": {"ETag": describe::header("ETag", true)}, "content": describe::movie(),
    });
    json!({
        "operationId": "readMovie", "tags": ["movies"], "summary": "Read a movie",
        "parameters": conditional::describe_read(),
        "responses": describe::responses(200, movie, &[304, 400, 404, 412, 413, 500, 503]),
    })
}
