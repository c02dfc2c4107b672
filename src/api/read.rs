//! GET `/ns_movies/{id}`: read a movie.

use lambda_http::{Body, Response};

use super::{
    App, conditional, reply_limit,
    response::{json, to_json},
};
use crate::{
    event::Request,
    movie::{Movie, MovieId},
    problem::Problem,
};

pub(super) async fn read(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = MovieId::parse(id).ok_or_else(|| Problem::from_invalid_id(Movie::NOUN, id))?;
    let found =
        app.store.get(&id).await.map_err(|error| Problem::from_store(Movie::NOUN, error, id.as_str(), false))?;
    let response = conditional::evaluate(request, json(to_json(&found.movie)?), &found.version)?;
    reply_limit::check(request, Movie::NOUN, response.body().as_ref())?;
    Ok(response)
}
