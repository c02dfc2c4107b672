//! `Location`: the URL of an entity that a request created or moved.
//!
//! It is relative to the request's own URL (RFC 3986 §4.2), because the service does not know that URL behind some
//! gateways, mapping keys and proxies.

use lambda_http::{Body, Response, http::header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::response::set_header;
use crate::{event::Request, problem::Problem};

/// In a URL, all characters of an id are percent-encoded, except for the unreserved ones (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds the URL of the entity at `id` in `collection`.
pub(super) fn set_location(
    request: &Request,
    collection: &str,
    id: &str,
    response: &mut Response<Body>,
) -> Result<(), Problem> {
    let below_collection = match &request.encoded_path {
        Some(path) => path.matches('/').count().saturating_sub(1),
        // The event source decoded the path, so the id counts as one segment.
        None => usize::from(request.path.as_deref() != Some(collection)),
    };
    let up = if below_collection == 0 { "./".to_owned() } else { "../".repeat(below_collection) };
    let collection = collection.trim_start_matches('/');
    let location = format!("{up}{collection}/{}", utf8_percent_encode(id, RESERVED));
    set_header(response.headers_mut(), header::LOCATION, &location)
}
