//! GET `/ns_movies/`: a page of movies.

use std::time::Instant;

use lambda_http::{Body, Response, http::header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    App, ListQuery, conditional,
    reply_limit::{self, size_in_reply},
    response::{self, set_header},
};
use crate::{
    event::Request,
    problem::Problem,
    store::{Page, VersionedMovie},
};

/// The largest page, in bytes of the reply: a load balancer accepts 1 MB, the other event sources 6 MB or more. A page
/// that would be larger ends earlier.
const MAX_BYTES: usize = 900_000;

pub(super) async fn list(app: &App, request: &Request, deadline: Instant) -> Result<Response<Body>, Problem> {
    let table = app.store.table();
    let query = ListQuery::read(request, table)?;
    let page = app.store.list(&query, deadline).await.map_err(|error| Problem::from_store(error, "", false))?;
    let Listing { text, version, next } = Listing::of(request, page)?;
    let mut response = response::json(text);
    if let Some(last) = next {
        // Relative to the request's own URL, for the reason that [`super::location`] gives.
        let link = format!("<?{}>; rel=\"next\"", query.after(table, &last));
        set_header(response.headers_mut(), header::LINK, &link)?;
    }
    conditional::evaluate(request, response, &version)
}

/// A page as it is sent.
struct Listing {
    /// A JSON object that maps ids to movies.
    text: String,
    /// Identifies the movies on the page and their versions, and so the text.
    version: String,
    /// The id after which the next page starts, if more movies follow.
    next: Option<String>,
}

impl Listing {
    /// Writes the object piece by piece, because only the text shows how many movies fit. A movie that does not fit into
    /// a reply by itself is left out, so that it does not end the listing.
    fn of(request: &Request, mut page: Page) -> Result<Self, Problem> {
        let mut text = vec![b'{'];
        let mut version = Sha256::new();
        let (mut counted, mut size) = (0, 0);
        let mut next = page.next.take();
        let mut last: Option<String> = None;
        for (id, VersionedMovie { movie, version: movie_version }) in page.into_movies() {
            let start = text.len();
            if start > 1 {
                text.push(b',');
            }
            append(&mut text, &id)?;
            text.push(b':');
            append(&mut text, &movie)?;
            let (before, movie) = text.split_at_checked(start).unwrap_or_default();
            // A reply at most doubles the text, so that a short one is not counted.
            if text.len() > MAX_BYTES / 2 {
                if !reply_limit::fits(request, movie) {
                    text.truncate(start);
                    tracing::warn!(id, "a movie does not fit into the reply of a listing");
                    last = Some(id);
                    continue;
                }
                size += size_in_reply(before.get(counted..).unwrap_or_default());
                counted = start;
                if start > 1 && size + size_in_reply(movie) > MAX_BYTES {
                    text.truncate(start);
                    next = last;
                    break;
                }
            }
            // Items that something else wrote can have the same version.
            for part in [&id, &movie_version] {
                version.update(part.as_bytes());
                version.update([0]);
            }
            last = Some(id);
        }
        text.push(b'}');
        let text = String::from_utf8(text).map_err(|_| Problem::internal())?;
        Ok(Self { text, version: conditional::hex(&version.finalize()), next })
    }
}

fn append(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), Problem> {
    serde_json::to_writer(text, value).map_err(|_| Problem::internal())
}

/// The operation, as OpenAPI describes it.
#[cfg(feature = "local")]
pub(crate) fn describe() -> serde_json::Value {
    use crate::openapi::describe;
    use serde_json::json;

    let parameters: Vec<_> = ListQuery::describe().into_iter().chain(conditional::describe_read()).collect();
    let page = json!({
        "description": "A map of ids to movies.",
        "headers": {"ETag": describe::header("ETag", true), "Link": describe::header("Link", false)},
        "content": {"application/json": {
            "schema": {
                "type": "object", "maxProperties": super::query::MAX_LIMIT,
                "additionalProperties": describe::schema("Movie"),
            },
            "example": {describe::EXAMPLE_ID: describe::example_movie()},
        }},
    });
    json!({
        "operationId": "listMovies", "tags": ["movies"], "summary": "List movies, page by page",
        "description": "If more movies follow, a `Link` header leads to the next page. A client that follows it to the \
            end gets every movie that existed throughout exactly once; with `year`, as far as an index allows that follows \
            writes within moments. Behind a load balancer, a movie that exceeds \
            the 1 MB of a response by itself is left out.",
        "parameters": parameters,
        "responses": describe::responses(200, page, &[304, 400, 412, 500, 503]),
    })
}
