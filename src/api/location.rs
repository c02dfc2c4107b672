//! `Location`: the URL of a movie that a request created or moved.

use lambda_http::{Body, Response, http::header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::response::set_header;
use crate::{event::Request, movie::MovieId, problem::Problem};

/// All characters of an id but RFC 3986's unreserved ones are percent-encoded in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds the URL of the movie at `id`.
pub(super) fn set_location(request: &Request, id: &MovieId, response: &mut Response<Body>) -> Result<(), Problem> {
    let location = format!("{}/ns_movies/{}", request.base, utf8_percent_encode(id.as_str(), RESERVED));
    set_header(response.headers_mut(), header::LOCATION, &location)
}
