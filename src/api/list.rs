//! GET `/ns_movies/`: a page of movies.

use std::time::Instant;

use lambda_http::{Body, Response};

use super::{App, ListQuery, page};
use crate::{
    event::Request,
    movie::Movie,
    problem::Problem,
    store::{MoviePage, VersionedMovie},
};

pub(super) async fn list(app: &App, request: &Request, deadline: Instant) -> Result<Response<Body>, Problem> {
    let table = app.store.table();
    let query = ListQuery::read(request, table)?;
    let page = app.store.list(query.year, query.limit, query.cursor.clone(), deadline).await;
    let MoviePage { movies, next } = page.map_err(|error| Problem::from_store(Movie::NOUN, error, "", false))?;
    let movies = movies.into_iter().map(|(id, VersionedMovie { movie, version })| (id, version, movie));
    page::respond(request, Movie::NOUN, movies, next, |last| query.after(table, last))
}
