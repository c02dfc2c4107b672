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

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use super::conditional;
    use crate::openapi::{describe, entities::MOVIE};
    use serde_json::json;

    let parameters: Vec<_> = ListQuery::describe().into_iter().chain(conditional::describe_read()).collect();
    let page = json!({
        "description": "A map of ids to movies.",
        "headers": {"ETag": describe::header("ETag", true), "Link": describe::header("Link", false)},
        "content": MOVIE.page(),
    });
    json!({
        "operationId": "listMovies", "tags": ["movies"], "summary": "List movies, page by page",
        "description": "If more movies follow, a `Link` header leads to the next page. A client that follows it to the \
            end gets every movie that existed throughout, each exactly once. With `year`, the latest writes may be missing, \
            because an index follows them within moments. Behind a load balancer, a movie that alone exceeds the 1 MB of a \
            response is left out.",
        "parameters": parameters,
        "responses": describe::responses(200, page, &[304, 400, 412, 500, 503]),
    })
}
