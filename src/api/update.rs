//! PUT and PATCH `/ns_movies/{id}`: change a movie, or rename it.

use lambda_http::{Body, Response};

#[cfg(feature = "local")]
use serde_json::{Map, Value, json};

use super::{
    App, body, conditional,
    location::set_location,
    read::movie_id,
    response::{json, to_json},
};
#[cfg(feature = "local")]
use crate::openapi::describe;
use crate::{event::Request, movie::MoviePatch, problem::Problem, store::StoreError};

pub(super) async fn update(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = movie_id(id)?;
    let body = body::read(request, body::JSON_OR_MERGE_PATCH)?;
    let patch = MoviePatch::from_json(body).map_err(Problem::from_invalid)?;
    let new_id = patch.id_after(&id).map_err(Problem::from_invalid)?;
    let precondition = conditional::precondition(request)?;

    let result = if new_id == id {
        app.store.update(&id, &patch, &precondition).await
    } else {
        app.store.rename(&id, &new_id, &patch, &precondition).await
    };
    let changed = result.map_err(|error| {
        let subject = if error == StoreError::Exists { &new_id } else { &id };
        Problem::from_store(error, subject.as_str(), true)
    })?;

    let mut response = json(to_json(&changed.movie)?);
    conditional::set_etag(&mut response, &changed.version)?;
    if new_id != id {
        set_location(request, &new_id, &mut response)?;
    }
    Ok(response)
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe(method: &str) -> Value {
    let (id, summary) = match method {
        "PUT" => ("updateMovie", "Change a movie"),
        _ => ("patchMovie", "Change a movie with a JSON Merge Patch (RFC 7396)"),
    };
    let patch = json!({"schema": describe::schema("MoviePatch"), "example": {"description": "Seen twice."}});
    let content: Map<_, _> =
        body::JSON_OR_MERGE_PATCH.split(", ").map(|name| (name.to_owned(), patch.clone())).collect();
    let changed = json!({
        "description": "The movie after the change.",
        "headers": {"ETag": describe::header("ETag", true), "Location": describe::header("Location", false)},
        "content": describe::movie(),
    });
    json!({
        "operationId": id, "tags": ["movies"], "summary": summary,
        "description": "Only the fields that are sent change. A new title or year moves the movie to its new id in one \
            atomic step, and `Location` names it.",
        "parameters": conditional::describe_write(),
        "requestBody": {"required": true, "content": content},
        "responses": describe::responses(200, changed, &[400, 404, 409, 412, 413, 415, 500, 503]),
    })
}
