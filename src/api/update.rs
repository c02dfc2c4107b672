//! PUT and PATCH `/ns_movies/{id}`: change a movie, or rename it.

use lambda_http::{Body, Response};

use serde_json::json;

use super::{
    App, body, conditional,
    idempotency::KeyedRequest,
    reply_limit,
    response::{self, to_json},
};
use crate::{
    event::Request,
    movie::{Movie, MovieId, MoviePatch},
    problem::Problem,
    store::{RecordedResponse, StoreError, VersionedMovie},
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
        let moved_to = (new_id != id).then(|| new_id.as_str().to_owned());
        Ok(RecordedResponse { etag: Some(changed.version.clone()), id: moved_to, body: to_json(&changed.movie)? })
    };
    let refuse = |error| {
        let subject = if error == StoreError::Exists { &new_id } else { &id };
        Problem::from_store(Movie::NOUN, error, subject.as_str(), true)
    };
    if let Some(keyed) = keyed {
        // A patch that is too large is an invalid request, so it is rejected before the key is looked up.
        app.store.check_size(&patch).map_err(refuse)?;
        return keyed.write(|| app.store.plan_update(&id, &new_id, &patch, &precondition), respond, refuse).await;
    }
    let changed = app.store.update(&id, &new_id, &patch, &precondition).await.map_err(refuse)?;
    let response = response::written(request, respond(&changed)?)?;
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
