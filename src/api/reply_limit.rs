//! Checks that an entity fits into a reply. A load balancer accepts 1 MB, and an entity's JSON can be larger.

use crate::{event::Request, fields::Noun, problem::Problem};

/// Room for the status and the headers. The longest header is `Location`. An id has up to 2,048 bytes, and each becomes
/// up to three bytes in the header.
const HEAD_BYTES: usize = 8 * 1024;

/// Whether the event source accepts a reply with this JSON in its body.
pub(super) fn fits(request: &Request, json: &[u8]) -> bool {
    let limit = request.max_reply_bytes.saturating_sub(HEAD_BYTES);
    // Escaping in a reply at most doubles the text, so a short text always fits.
    json.len() <= limit / 2 || size_in_reply(json) <= limit
}

/// # Errors
/// A 413, before anything is written.
pub(super) fn check(request: &Request, noun: Noun, json: &[u8]) -> Result<(), Problem> {
    if fits(request, json) { Ok(()) } else { Err(Problem::response_too_large(noun, request.max_reply_bytes)) }
}

/// The size of a JSON text as a string in a reply's JSON, in which quotes and backslashes are escaped.
pub(super) fn size_in_reply(json: &[u8]) -> usize {
    json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}
