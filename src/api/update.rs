//! PUT and PATCH `/ns_movies/{id}`: change a movie, or rename it.

use lambda_http::{Body, Response};

use serde_json::json;

use super::{
    App, body, conditional,
    idempotency::KeyedRequest,
    location::set_location,
    reply_limit,
    response::{self, to_json},
};
use crate::{
    event::Request,
    movie::{Movie, MovieId, MoviePatch},
    problem::Problem,
    route::MOVIES,
    store::{StoreError, VersionedMovie},
};

pub(super) async fn update(
    app: &App,
    request: &Request,
    id: &str,
    keyed: Option<&KeyedRequest<'_>>,
) -> Result<Response<Body>, Problem> {
    let id = MovieId::parse(id).ok_or_else(|| Problem::from_invalid_id(Movie::NOUN, id))?;
    let body = body::read(request, Movie::NOUN, body::JSON_OR_MERGE_PATCH)?;
    let patch = MoviePatch::from_json(body).map_err(Problem::from_invalid)?;
    let new_id = patch.id_after(&id).map_err(Problem::from_invalid)?;
    let precondition = conditional::precondition(request)?;
    if !reply_limit::fits(request, body) {
        // Rejects a patch that exceeds the limit even in the smallest movie. The rest of the stored movie is known only
        // after the write.
        reply_limit::check(request, Movie::NOUN, to_json(&patch.apply(smallest_movie(&new_id)?))?.as_bytes())?;
    }

    let respond = |changed: &VersionedMovie| {
        let mut response = response::json(to_json(&changed.movie)?);
        conditional::set_etag(&mut response, &changed.version)?;
        if new_id != id {
            set_location(request, MOVIES, new_id.as_str(), &mut response)?;
        }
        Ok(response)
    };
    let refuse = |error| {
        let subject = if error == StoreError::Exists { &new_id } else { &id };
        Problem::from_store(Movie::NOUN, error, subject.as_str(), true)
    };
    if let Some(keyed) = keyed {
        return keyed.write(|| app.store.plan_update(&id, &new_id, &patch, &precondition), respond, refuse).await;
    }
    let response = respond(&app.store.update(&id, &new_id, &patch, &precondition).await.map_err(refuse)?)?;
    if reply_limit::fits(request, response.body().as_ref()) {
        Ok(response)
    } else {
        Err(Problem::changed_but_too_large(Movie::NOUN, request.max_reply_bytes, response.headers()))
    }
}

/// The movie with this id that has the shortest JSON.
fn smallest_movie(id: &MovieId) -> Result<Movie, Problem> {
    let (title, year) = (id.title().as_ref(), id.year().get());
    let movie = json!({"title": title, "year": year, "cast": [], "image": "http://a", "description": ""});
    Movie::from_json(movie.to_string().as_bytes()).map_err(Problem::from_invalid)
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe(method: &str) -> serde_json::Value {
    use super::idempotency;
    use crate::openapi::describe;
    use serde_json::Map;

    let (id, summary) = match method {
        "PUT" => ("updateMovie", "Change a movie"),
        _ => ("patchMovie", "Change a movie with a JSON Merge Patch (RFC 7396)"),
    };
    let patch = json!({"schema": describe::schema("MoviePatch"), "example": {"description": "Seen twice."}});
    let content: Map<_, _> =
        body::JSON_OR_MERGE_PATCH.split(", ").map(|name| (name.to_owned(), patch.clone())).collect();
    let changed = json!({
        "description": "The movie after the change.",
        "headers": {
            "ETag": describe::header("ETag", true), "Location": describe::header("Location", false),
            "Idempotency-Replayed": describe::header("Idempotency-Replayed", false),
        },
        "content": content_after_change(),
    });
    let parameters: Vec<_> =
        conditional::describe_write(Movie::NOUN).into_iter().chain([idempotency::describe()]).collect();
    json!({
        "operationId": id, "tags": ["movies"], "summary": summary,
        "description": "Only the fields that are sent change. A new title or year moves the movie to its new id in one \
            atomic step, and `Location` names it. Behind a load balancer, the changed movie can exceed the 1 MB of a \
            response. Then the status is 200, and the body is a problem that says how to read the movie.",
        "parameters": parameters,
        "requestBody": {"required": true, "content": content},
        "responses": describe::responses(200, changed, &[400, 404, 409, 412, 413, 415, 422, 500, 503]),
    })
}

/// The movie, or a problem with status 200 if the movie was changed but does not fit into the response.
#[cfg(feature = "local")]
fn content_after_change() -> serde_json::Value {
    use crate::openapi::{describe, entities::MOVIE};

    json!({
        "application/json": MOVIE.media(),
        "application/problem+json": {"schema": describe::schema("Problem")},
    })
}
