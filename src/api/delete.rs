//! DELETE `/ns_movies/{id}`: delete a movie.

use lambda_http::{Body, Response};

use super::{App, conditional};
use crate::{
    event::Request,
    movie::{Movie, MovieId},
    problem::Problem,
};

pub(super) async fn delete(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = MovieId::parse(id).ok_or_else(|| Problem::from_invalid_id(Movie::NOUN, id))?;
    let precondition = conditional::precondition(request)?;
    app.store
        .delete(&id, &precondition)
        .await
        .map_err(|error| Problem::from_store(Movie::NOUN, error, id.as_str(), true))?;
    Ok(Response::new(Body::Empty))
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use crate::openapi::describe;
    use serde_json::json;

    json!({
        "operationId": "deleteMovie", "tags": ["movies"], "summary": "Delete a movie",
        "parameters": conditional::describe_write(Movie::NOUN),
        "responses": describe::responses(200, json!({"description": "The movie is deleted."}), &[400, 404, 412, 500, 503]),
    })
}
