//! `Location`: the URL of a movie that a request created or moved.
//!
//! It is relative to the request's own URL (RFC 3986 §4.2), because the service cannot know that URL behind every
//! gateway, mapping key and proxy.

use lambda_http::{Body, Response, http::header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::response::set_header;
use crate::{event::Request, movie::MovieId, problem::Problem, route::COLLECTION};

/// All characters of an id but RFC 3986's unreserved ones are percent-encoded in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds the URL of the movie at `id`.
pub(super) fn set_location(request: &Request, id: &MovieId, response: &mut Response<Body>) -> Result<(), Problem> {
    let below_collection = match &request.encoded_path {
        Some(path) => path.matches('/').count().saturating_sub(1),
        // The event source decoded the path, and all of the id is taken for one segment.
        None => usize::from(request.path.as_deref() != Some(COLLECTION)),
    };
    let up = if below_collection == 0 { "./".to_owned() } else { "../".repeat(below_collection) };
    let collection = COLLECTION.trim_start_matches('/');
    let location = format!("{up}{collection}/{}", utf8_percent_encode(id.as_str(), RESERVED));
    set_header(response.headers_mut(), header::LOCATION, &location)
}
