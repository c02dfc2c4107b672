//! `Location`: the URL of an entity that a request created or moved.
//!
//! It is relative to the request's own URL (RFC 3986 §4.2), because the service does not know that URL behind some
//! gateways, mapping keys and proxies.

use lambda_http::{Body, Response, http::header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::response::set_header;
use crate::{
    event::{PathForm, Request},
    problem::Problem,
};

/// In a URL, all characters of an id are percent-encoded, except for the unreserved ones (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds the URL of the entity at `id` in `collection`.
pub(super) fn set_location(
    request: &Request,
    collection: &str,
    id: &str,
    response: &mut Response<Body>,
) -> Result<(), Problem> {
    let below_collection = match request.path_form {
        PathForm::Encoded => request.raw_path.matches('/').count().saturating_sub(1),
        // `/` and `%2F` look the same, so the id counts as one segment.
        PathForm::Decoded => usize::from(request.raw_path != collection),
    };
    let up = if below_collection == 0 { "./".to_owned() } else { "../".repeat(below_collection) };
    let collection = collection.trim_start_matches('/');
    let location = format!("{up}{collection}/{}", utf8_percent_encode(id, RESERVED));
    set_header(response.headers_mut(), header::LOCATION, &location)
}
