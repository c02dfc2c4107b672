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
