//! POST `/ns_movies/`: create a movie.

use std::future::ready;

use lambda_http::{Body, Response};

use super::{
    App, body, conditional,
    idempotency::{self, KeyedRequest},
    reply_limit,
    response::{self, to_json},
};
use crate::{
    event::Request,
    movie::{Movie, MovieId},
    problem::Problem,
    store::{RecordedResponse, StoreError, VersionedMovie, Versions},
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
        let id = id.as_str().to_owned();
        Ok(RecordedResponse { etag: Some(created.version.clone()), id: Some(id), body: text.clone() })
    };
    let refuse = |error| Problem::from_store(Movie::NOUN, error, id.as_str(), true);
    match keyed {
        None => response::written(request, respond(&app.store.create(&id, movie).await.map_err(refuse)?)?),
        Some(keyed) => {
            // A movie that is too large is an invalid request, so it is rejected before the key is looked up.
            app.store.plan_create(&id, &movie).map_err(refuse)?;
            keyed.write(|| ready(app.store.plan_create(&id, &movie)), respond, refuse).await
        }
    }
}

/// The problem for a create with `If-Match`, which never writes: the movie exists, or does not have a required version.
async fn refuse(app: &App, id: &MovieId, required: &Versions) -> Problem {
    let error = match app.store.get(id).await {
        Ok(found) if required.contains(&found.version) => StoreError::Exists,
        Ok(_) | Err(StoreError::NotFound) => StoreError::PreconditionFailed,
        Err(error) => error,
    };
    Problem::from_store(Movie::NOUN, error, id.as_str(), false)
}
