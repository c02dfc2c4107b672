//! Conditional requests (RFC 9110 §13): `ETag`, `If-Match` and `If-None-Match`.

use lambda_http::{
    Body, Response,
    http::{HeaderValue, StatusCode, header},
};
use ring::digest::{self, Digest};

#[cfg(feature = "local")]
use serde_json::{Value, json};

use super::response::set_header;
use crate::{
    event::{Header, Request},
    problem::Problem,
    store::Precondition,
};

/// How many ETags an `If-Match` may list: as many as DynamoDB's `IN` takes.
const MAX_ETAGS: usize = 100;

/// `If-Match`. A weak ETag never matches (RFC 9110 §13.1.1), nor does text that is not an ETag: the client's condition
/// cannot hold then, and the response is 412.
pub(super) fn precondition(request: &Request) -> Result<Precondition, Problem> {
    let Some(header) = request.header(Header::IfMatch) else { return Ok(Precondition::Any) };
    if header == "*" {
        return Ok(Precondition::Any);
    }
    let etags: Vec<_> = opaque_tags(&header).filter(|(weak, _)| !weak).map(|(_, tag)| tag.to_owned()).collect();
    if etags.len() > MAX_ETAGS {
        return Err(Problem::bad_request(format!("`If-Match` lists more than {MAX_ETAGS} ETags.")));
    }
    Ok(Precondition::OneOf(etags))
}

/// The ETags in a list, without their quotes, and whether each is weak. An ETag may contain a comma.
fn opaque_tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once('"')?;
        let (tag, after) = after.split_once('"')?;
        rest = after;
        Some((before.ends_with("W/"), tag))
    })
}

/// Adds the ETag.
pub(super) fn set_etag(response: &mut Response<Body>, version: &str) -> Result<(), Problem> {
    set_header(response.headers_mut(), header::ETAG, &format!("\"{version}\""))?;
    // An ETag helps only a client that revalidates its copy before it uses it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(())
}

/// Adds the ETag of the response to a GET, which becomes a 304 if the client has this version already.
pub(super) fn evaluate(
    request: &Request,
    mut response: Response<Body>,
    version: &str,
) -> Result<Response<Body>, Problem> {
    set_etag(&mut response, version)?;
    let known = request.header(Header::IfNoneMatch).unwrap_or_default();
    if known == "*" || opaque_tags(&known).any(|(_, tag)| tag == version) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::Empty;
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    Ok(response)
}

/// The version of a response that nothing else identifies: the hash of its body.
pub(super) fn version_of(response: &Response<Body>) -> String {
    hex(&digest::digest(&digest::SHA256, response.body().as_ref()))
}

/// The first 128 bits of a hash.
pub(super) fn hex(digest: &Digest) -> String {
    digest.as_ref().iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The headers of a GET, as OpenAPI describes them.
#[cfg(feature = "local")]
pub(crate) fn describe_read() -> [Value; 1] {
    [json!({"name": "If-None-Match", "in": "header", "schema": {"type": "string"},
        "description": "An `ETag`, or several: 304 when what would be sent is in one of these states."})]
}

/// The headers of a write, as OpenAPI describes them.
#[cfg(feature = "local")]
pub(crate) fn describe_write() -> [Value; 1] {
    [json!({"name": "If-Match", "in": "header",
        "schema": {"type": "string", "pattern": r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#},
        "description": "An `ETag`, or several: only a movie in one of these states is changed, else 412."})]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_told_apart_in_a_list() {
        let list = r#""a", W/"b","c,d" , garbage, "open"#;
        assert_eq!(opaque_tags(list).collect::<Vec<_>>(), [(false, "a"), (true, "b"), (false, "c,d")]);
        assert_eq!(opaque_tags("").count(), 0);
    }
}
