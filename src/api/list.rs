//! GET `/ns_movies/`: a page of movies.

use std::time::Instant;

use lambda_http::{Body, Response};

use super::{App, ListQuery, page};
use crate::{event::Request, movie::Movie, problem::Problem, store::VersionedMovie};

pub(super) async fn list(app: &App, request: &Request, deadline: Instant) -> Result<Response<Body>, Problem> {
    let table = app.store.table();
    let query = ListQuery::read(request, table)?;
    let page = app.store.list(&query, deadline).await;
    let mut page = page.map_err(|error| Problem::from_store(Movie::NOUN, error, "", false))?;
    let next = page.next.take();
    let movies = page.into_movies().map(|(id, VersionedMovie { movie, version })| (id, version, movie));
    page::respond(request, Movie::NOUN, movies, next, |last| query.after(table, last))
}
