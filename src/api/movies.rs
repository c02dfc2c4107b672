//! The five operations on movies.
//!
//! Each first reads what the client sent, then calls the store, then builds the response. A write with an
//! `Idempotency-Key` is carried out by [`KeyedRequest::write`] as a plan, because its record is written with the movie.

use std::{future::ready, time::Instant};

use lambda_http::{Body, Response};

use super::{
    App, conditional,
    idempotency::KeyedRequest,
    listing,
    message::{self, JSON, JSON_OR_MERGE_PATCH},
};
use crate::{
    event::{IDEMPOTENCY_KEY, Request},
    movie::{Movie, MovieId, MoviePatch},
    problem::Problem,
    store::{RecordedResponse, StoreError, VersionedMovie, Versions, carry_out},
};

/// GET `/ns_movies/`: a page of movies.
pub(super) async fn list(app: &App, request: &Request, deadline: Instant) -> Result<Response<Body>, Problem> {
    let table = &app.config.table_name;
    let query = listing::Query::read(request, table)?;
    let page = app.store.list(query.year, query.limit, query.after.clone(), deadline).await;
    listing::respond(request, table, &query, page.map_err(|error| Problem::from_store(error, ""))?)
}

/// POST `/ns_movies/`: create a movie.
pub(super) async fn create(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    let keyed = read_key(app, request, None)?;
    let movie = Movie::from_json(message::body(request, JSON)?)?;
    let id = movie.id()?;
    let to_problem = |error| Problem::from_store(error, id.as_str());
    if keyed.is_some() {
        // A movie that is too large is an invalid request, so it is rejected before the key is looked up.
        app.store.plan_create(&id, &movie).map_err(to_problem)?;
    }
    if let Some(required) = conditional::if_match(request) {
        let problem = problem_of_if_match(app, &id, &required).await;
        // If an earlier request used the key, the response for the key takes precedence over this problem.
        return match keyed {
            Some(keyed) => keyed.replay().await?.ok_or(problem),
            None => Err(problem),
        };
    }
    let respond = |created: &VersionedMovie| response_with(created, Some(&id));
    match keyed {
        None => message::written(request, respond(&app.store.create(&id, movie).await.map_err(to_problem)?)?),
        Some(keyed) => keyed.write(|| ready(app.store.plan_create(&id, &movie)), respond, to_problem).await,
    }
}

/// The problem for a create with `If-Match`, which never writes: the movie exists, or does not have a required version.
async fn problem_of_if_match(app: &App, id: &MovieId, required: &Versions) -> Problem {
    let error = match app.store.get(id).await {
        Ok(found) if required.contains(&found.version) => StoreError::Exists,
        Ok(_) | Err(StoreError::NotFound) => StoreError::PreconditionFailed,
        Err(error) => error,
    };
    Problem::from_store(error, id.as_str())
}

/// GET `/ns_movies/{id}`: read a movie.
pub(super) async fn read(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = parse_id(id)?;
    let found = app.store.get(&id).await.map_err(|error| Problem::from_store(error, id.as_str()))?;
    conditional::evaluate(request, message::json(message::to_json(&found.movie)?), &found.version)
}

/// PUT and PATCH `/ns_movies/{id}`: change a movie, or rename it.
pub(super) async fn update(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let keyed = read_key(app, request, Some(id))?;
    let id = parse_id(id)?;
    let patch = MoviePatch::from_json(message::body(request, JSON_OR_MERGE_PATCH)?)?;
    let new_id = patch.id_after(&id)?;
    let precondition = conditional::precondition(request)?;
    let moved_to = Some(&new_id).filter(|new_id| **new_id != id);
    let respond = |changed: &VersionedMovie| response_with(changed, moved_to);
    let to_problem = |error| {
        let subject = if error == StoreError::Exists { &new_id } else { &id };
        Problem::from_store(error, subject.as_str())
    };
    match keyed {
        None => {
            let changed = app.store.update(&id, &new_id, &patch, &precondition).await.map_err(to_problem)?;
            message::written(request, respond(&changed)?)
        }
        Some(keyed) => {
            // A patch that is too large is an invalid request, so it is rejected before the key is looked up.
            app.store.check_size(&patch).map_err(to_problem)?;
            keyed.write(|| app.store.plan_update(&id, &new_id, &patch, &precondition), respond, to_problem).await
        }
    }
}

/// DELETE `/ns_movies/{id}`: delete a movie.
pub(super) async fn delete(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let keyed = read_key(app, request, Some(id))?;
    let id = parse_id(id)?;
    let precondition = conditional::precondition(request)?;
    let respond = |(): &()| Ok(RecordedResponse::default());
    let to_problem = |error| Problem::from_store(error, id.as_str());
    match keyed {
        None => {
            carry_out(|| app.store.plan_delete(&id, &precondition)).await.map_err(to_problem)?;
            message::written(request, respond(&())?)
        }
        Some(keyed) => keyed.write(|| app.store.plan_delete(&id, &precondition), respond, to_problem).await,
    }
}

/// The request with its key, if it has one. `id` is the movie's id in the path.
fn read_key<'a>(app: &App, request: &'a Request, id: Option<&str>) -> Result<Option<KeyedRequest<'a>>, Problem> {
    request.header(&IDEMPOTENCY_KEY).map(|key| KeyedRequest::new(app, request, &key, id)).transpose()
}

/// The id in a path. If no movie can have it, the error is 400 if it is too long, else 404 as for any unknown id.
fn parse_id(text: &str) -> Result<MovieId, Problem> {
    let is_too_long = text.len() > MovieId::MAX_BYTES;
    let problem = || if is_too_long { Problem::IdTooLong } else { Problem::NoSuchMovie(text.to_owned()) };
    MovieId::parse(text).ok_or_else(problem)
}

/// The response with a movie. `new_id` is the id that the request gave it.
fn response_with(movie: &VersionedMovie, new_id: Option<&MovieId>) -> Result<RecordedResponse, Problem> {
    Ok(RecordedResponse {
        etag: Some(movie.version.clone()),
        id: new_id.map(|id| id.as_str().to_owned()),
        body: message::to_json(&movie.movie)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_no_movie_can_have_is_unknown_or_too_long() {
        let [longest, too_long] = [0, 1].map(|more| "x".repeat(MovieId::MAX_BYTES + more));
        assert_eq!(parse_id(&longest), Err(Problem::NoSuchMovie(longest)));
        assert_eq!(parse_id(&too_long), Err(Problem::IdTooLong));
    }
}
