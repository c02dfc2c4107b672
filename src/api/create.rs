//! POST `/ns_movies/`: create a movie.

use std::future::ready;

use lambda_http::{Body, Response};

use super::{
    App, body, conditional,
    idempotency::{self, KeyedRequest},
    location::set_location,
    reply_limit,
    response::{json, to_json},
};
use crate::{
    event::Request,
    movie::{Movie, MovieId},
    problem::Problem,
    route::MOVIES,
    store::{StoreError, VersionedMovie, Versions},
};

pub(super) async fn create(
    app: &App,
    request: &Request,
    keyed: Option<&KeyedRequest<'_>>,
) -> Result<Response<Body>, Problem> {
    let movie = Movie::from_json(body::read(request, Movie::NOUN, body::JSON)?).map_err(Problem::from_invalid)?;
    let id = movie.id().map_err(Problem::from_invalid)?;
    if let Some(required) = conditional::if_match(request) {
        let problem = refuse(app, &id, &required).await;
        // If an earlier request used the key, the response for the key takes precedence over this problem.
        return idempotency::replay(keyed).await?.ok_or(problem);
    }
    let text = to_json(&movie)?;
    reply_limit::check(request, Movie::NOUN, text.as_bytes())?;
    let respond = |created: &VersionedMovie| {
        let mut response = json(text.clone());
        conditional::set_etag(&mut response, &created.version)?;
        set_location(request, MOVIES, id.as_str(), &mut response)?;
        Ok(response)
    };
    let refuse = |error| Problem::from_store(Movie::NOUN, error, id.as_str(), true);
    match keyed {
        None => respond(&app.store.create(&id, movie).await.map_err(refuse)?),
        Some(keyed) => keyed.write(|| ready(app.store.plan_create(&id, &movie)), respond, refuse).await,
    }
}

/// The problem for a create with `If-Match`, which never writes: the movie exists, or does not have a required version.
async fn refuse(app: &App, id: &MovieId, required: &Versions) -> Problem {
    let error = match app.store.get(id).await {
        Ok(found) if required.contains(&found.version) => StoreError::Exists,
        Ok(_) | Err(StoreError::NotFound) => StoreError::Stale,
        Err(error) => error,
    };
    Problem::from_store(Movie::NOUN, error, id.as_str(), false)
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use super::idempotency;
    use crate::openapi::{describe, entities::MOVIE};
    use serde_json::json;

    // The links point to the operations on the created movie.
    let id = "{$response.body#/title}-{$response.body#/year}";
    let link = |operation: &str| json!({"operationId": operation, "parameters": {"id": id}});
    let created = json!({
        "description": "The stored movie.",
        "headers": {
            "ETag": describe::header("ETag", true), "Location": describe::header("Location", true),
            "Idempotency-Replayed": describe::header("Idempotency-Replayed", false),
        },
        "content": MOVIE.content(),
        "links": {"read": link("readMovie"), "update": link("updateMovie"), "delete": link("deleteMovie")},
    });
    let parameters: Vec<_> =
        conditional::describe_create(Movie::NOUN).into_iter().chain([idempotency::describe()]).collect();
    json!({
        "operationId": "createMovie", "tags": ["movies"], "summary": "Create a movie",
        "description": "Never replaces a movie.",
        "parameters": parameters,
        "requestBody": {"required": true, "content": MOVIE.content()},
        "responses": describe::responses(200, created, &[400, 409, 412, 413, 415, 422, 500, 503]),
    })
}
