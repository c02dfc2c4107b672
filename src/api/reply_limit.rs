//! Movies that do not fit into a reply: a load balancer accepts 1 MB, and a movie's JSON can be larger.

use lambda_http::{Body, Response};

use crate::event::{Request, reply_bytes};

/// Room for the headers that a response gets after its operation.
const LATER_HEADERS: usize = 1024;

/// Whether the event source accepts the reply with this response.
pub(super) fn fits(request: &Request, response: &Response<Body>) -> bool {
    reply_bytes(response) + LATER_HEADERS <= request.max_reply_bytes
}

/// How many bytes of a reply the body can take, after the headers of a listing.
pub(super) fn body_limit(request: &Request) -> usize {
    const HEADERS: usize = 8 * 1024;
    request.max_reply_bytes.saturating_sub(HEADERS)
}
