//! Request bodies: JSON of an accepted content type, not compressed, of at most 1 MB.

use lambda_http::http::header;

use crate::{
    event::{InvalidBody, Request, trim},
    fields::Noun,
    problem::Problem,
};

/// The content type of a new entity.
pub(super) const JSON: &str = "application/json";

/// The content types of a patch.
pub(crate) const JSON_OR_MERGE_PATCH: &str = "application/merge-patch+json, application/json";

/// The maximum size of a body, in bytes.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// The body's bytes. A request without a content type counts as JSON.
///
/// # Errors
/// 415 for a compressed body, and for a content type that is not in `accepted`, which has the form of an `Accept`
/// header; 413 for a body that is too large; 400 for a missing body.
pub(super) fn read<'a>(request: &'a Request, noun: Noun, accepted: &'static str) -> Result<&'a [u8], Problem> {
    let content_type = request.header(&header::CONTENT_TYPE).unwrap_or_default();
    let essence = trim(content_type.split(';').next().unwrap_or_default());
    if !essence.is_empty() && !accepted.split(", ").any(|known| essence.eq_ignore_ascii_case(known)) {
        return Err(Problem::unsupported_type(accepted));
    }
    let coding = request.header(&header::CONTENT_ENCODING).unwrap_or_default();
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        return Err(Problem::unsupported_encoding(accepted));
    }
    let body = request.body.as_deref().map_err(|invalid| match invalid {
        InvalidBody::NotBase64 => Problem::bad_body("The event's body is not valid base64."),
        InvalidBody::NotText => Problem::bad_body("The event's body is not a string. Put the JSON text into a string."),
    })?;
    if body.len() > MAX_BYTES {
        return Err(Problem::too_large(format!("The body is larger than {MAX_BYTES} bytes.")));
    }
    if body.trim_ascii().is_empty() {
        return Err(Problem::missing_body(noun));
    }
    Ok(body)
}
