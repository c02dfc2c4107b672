//! The response with a page of a listing: a JSON object that maps ids to entities, and the link to the next page.

use lambda_http::{Body, Response, http::header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    conditional,
    reply_limit::{self, size_in_reply},
    response::{self, set_header},
};
use crate::{event::Request, fields::Noun, problem::Problem};

/// The maximum size of a page in a reply, in bytes. A load balancer accepts 1 MB, the other event sources 6 MB or more.
/// A page that would be larger ends earlier.
const MAX_BYTES: usize = 900_000;

/// Builds the response with a page of entities, each with its id and its version. If more follow, `next` is the last id
/// of the page. `query_after` builds the query of the page that starts after an id.
///
/// The text is written entity by entity, because its size determines how many entities fit. If one entity alone is too
/// large for a reply, it is left out, and the listing continues after it.
pub(super) fn respond(
    request: &Request,
    noun: Noun,
    entities: impl Iterator<Item = (String, String, impl Serialize)>,
    mut next: Option<String>,
    query_after: impl Fn(&str) -> String,
) -> Result<Response<Body>, Problem> {
    let mut text = vec![b'{'];
    let mut version = Sha256::new();
    let (mut counted, mut size) = (0, 0);
    let mut last: Option<String> = None;
    for (id, entity_version, entity) in entities {
        let start = text.len();
        if start > 1 {
            text.push(b',');
        }
        append(&mut text, &id)?;
        text.push(b':');
        append(&mut text, &entity)?;
        let (before, entity) = text.split_at_checked(start).unwrap_or_default();
        // Escaping in a reply at most doubles the text, so a short text always fits.
        if text.len() > MAX_BYTES / 2 {
            if !reply_limit::fits(request, entity) {
                text.truncate(start);
                tracing::warn!(id, "{} does not fit into the reply of a listing", noun.with_article);
                last = Some(id);
                continue;
            }
            size += size_in_reply(before.get(counted..).unwrap_or_default());
            counted = start;
            if start > 1 && size + size_in_reply(entity) > MAX_BYTES {
                text.truncate(start);
                next = last;
                break;
            }
        }
        // The hash includes the id, because two items of other writers can have the same version.
        for part in [&id, &entity_version] {
            version.update(part.as_bytes());
            version.update([0]);
        }
        last = Some(id);
    }
    text.push(b'}');
    let mut response = response::json(String::from_utf8(text).map_err(|_| Problem::internal())?);
    if let Some(last) = next {
        // Relative to the request's own URL, for the reason that [`super::location`] gives.
        let link = format!("<?{}>; rel=\"next\"", query_after(&last));
        set_header(response.headers_mut(), header::LINK, &link)?;
        version.update(link);
    }
    // The version of the page is a hash of the ids and the versions of its entities, and of the link.
    conditional::evaluate(request, response, &conditional::hex(&version.finalize()))
}

fn append(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), Problem> {
    serde_json::to_writer(text, value).map_err(|_| Problem::internal())
}
