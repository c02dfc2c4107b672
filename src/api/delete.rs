//! DELETE `/ns_movies/{id}`: delete a movie.

use lambda_http::{Body, Response};

use super::{App, conditional, idempotency::KeyedRequest};
use crate::{
    event::Request,
    movie::{Movie, MovieId},
    problem::Problem,
};

pub(super) async fn delete(
    app: &App,
    request: &Request,
    id: &str,
    keyed: Option<&KeyedRequest<'_>>,
) -> Result<Response<Body>, Problem> {
    let id = MovieId::parse(id).ok_or_else(|| Problem::from_invalid_id(Movie::NOUN, id))?;
    let precondition = conditional::precondition(request)?;
    let respond = |(): &()| Ok(Response::new(Body::Empty));
    let refuse = |error| Problem::from_store(Movie::NOUN, error, id.as_str(), true);
    match keyed {
        None => respond(&app.store.delete(&id, &precondition).await.map_err(refuse)?),
        Some(keyed) => keyed.write(|| app.store.plan_delete(&id, &precondition), respond, refuse).await,
    }
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use super::idempotency;
    use crate::openapi::describe;
    use serde_json::json;

    let parameters: Vec<_> =
        conditional::describe_write(Movie::NOUN).into_iter().chain([idempotency::describe()]).collect();
    let deleted = json!({
        "description": "The movie is deleted.",
        "headers": {"Idempotency-Replayed": describe::header("Idempotency-Replayed", false)},
    });
    json!({
        "operationId": "deleteMovie", "tags": ["movies"], "summary": "Delete a movie",
        "parameters": parameters,
        "responses": describe::responses(200, deleted, &[400, 404, 412, 413, 422, 500, 503]),
    })
}
