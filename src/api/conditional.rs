//! Conditional requests (RFC 9110 §13): `ETag`, `If-Match` and `If-None-Match`.
//!
//! `If-Match` is evaluated before `If-None-Match` (§13.2.2). It compares strongly, and `If-None-Match` compares weakly
//! (§8.8.3.2). A malformed value fails the condition: 412. In the `If-None-Match` of a GET, it matches no version.

use lambda_http::{
    Body, Response,
    http::{StatusCode, header},
};
use sha2::{Digest as _, Sha256};

use super::message::set_etag;
use crate::{
    event::{Request, trim},
    problem::Problem,
    store::{Precondition, Versions},
};

/// The maximum number of ETags in a header of a write, which is the limit of DynamoDB's `IN`.
const MAX_ETAGS: usize = 100;

/// What a write requires of the entity's current version.
///
/// # Errors
/// A 400 for a list that is too long.
pub(super) fn precondition(request: &Request) -> Result<Precondition, Problem> {
    let if_none_match = request.header(&header::IF_NONE_MATCH).map(|value| {
        let list = EntityTags::parse(&value);
        if list.is_well_formed { list.all() } else { Versions::Any }
    });
    let precondition = Precondition { if_match: if_match(request), if_none_match };
    for (name, versions) in [("If-Match", &precondition.if_match), ("If-None-Match", &precondition.if_none_match)] {
        if matches!(versions, Some(Versions::OneOf(list)) if list.len() > MAX_ETAGS) {
            return Err(Problem::Parameter(name, "lists more than 100 ETags".to_owned()));
        }
    }
    Ok(precondition)
}

/// The versions that the request requires.
pub(super) fn if_match(request: &Request) -> Option<Versions> {
    request.header(&header::IF_MATCH).map(|value| EntityTags::parse(&value).strong())
}

/// Evaluates the conditions of a GET whose representation has this version. Returns `response` with the ETag, a 304 or
/// a 412.
pub(super) fn evaluate(
    request: &Request,
    mut response: Response<Body>,
    version: &str,
) -> Result<Response<Body>, Problem> {
    if if_match(request).is_some_and(|required| !required.contains(version)) {
        return Err(Problem::PreconditionFailed);
    }
    set_etag(&mut response, version)?;
    let known = request.header(&header::IF_NONE_MATCH).map(|value| EntityTags::parse(&value).all());
    if known.is_some_and(|known| known.contains(version)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::Empty;
        for describes_the_body in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            response.headers_mut().remove(describes_the_body);
        }
    }
    Ok(response)
}

/// The version of a representation that has no stored version.
pub(super) fn hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// The first 128 bits of a hash, in hexadecimal.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The value of `If-Match` or `If-None-Match`: `*`, or a list of ETags.
#[derive(Debug, Default, Eq, PartialEq)]
struct EntityTags<'a> {
    is_any: bool,
    strong: Vec<&'a str>,
    weak: Vec<&'a str>,
    is_well_formed: bool,
}

impl<'a> EntityTags<'a> {
    fn parse(value: &'a str) -> Self {
        if value == "*" {
            return Self { is_any: true, is_well_formed: true, ..Self::default() };
        }
        let mut tags = Self { is_well_formed: true, ..Self::default() };
        let mut rest = value;
        // An ETag can contain a comma, so that only quotes separate ETags reliably.
        while let Some((before, (tag, after))) =
            rest.split_once('"').and_then(|(before, quoted)| Some((before, quoted.split_once('"')?)))
        {
            let (others, prefix) = before.rsplit_once(',').unwrap_or(("", before));
            match trim(prefix) {
                "" => tags.strong.push(tag),
                "W/" => tags.weak.push(tag),
                _ => tags.is_well_formed = false,
            }
            tags.is_well_formed &= is_blank(others);
            rest = after;
        }
        tags.is_well_formed &= is_blank(rest) && !(tags.strong.is_empty() && tags.weak.is_empty());
        tags
    }

    fn strong(self) -> Versions {
        if self.is_any { Versions::Any } else { versions(self.strong) }
    }

    fn all(self) -> Versions {
        if self.is_any { Versions::Any } else { versions([self.strong, self.weak].concat()) }
    }
}

/// A list may have empty elements (RFC 9110 §5.6.1).
fn is_blank(list: &str) -> bool {
    list.trim_matches([',', ' ', '\t']).is_empty()
}

fn versions(tags: Vec<&str>) -> Versions {
    Versions::OneOf(tags.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::tests::request;

    #[test]
    fn the_version_of_a_response_is_half_of_the_hash_of_its_body() {
        assert_eq!(hash(b"a"), "ca978112ca1bbdcafac231b39a23dc4d");
        assert_eq!(hash(b"b"), "3e23e8160039594a33894f6564e1b134");
    }

    #[test]
    fn a_get_is_evaluated_by_if_match_then_by_if_none_match() {
        const NONE: Option<&str> = None;
        for (if_match, if_none_match, status) in [
            (NONE, NONE, Some(200)),
            (Some("*"), NONE, Some(200)),
            (Some("\"v1\""), NONE, Some(200)),
            (Some("\"v0\", \"v1\""), NONE, Some(200)),
            (Some("\"v0\""), NONE, None),
            (Some("W/\"v1\""), NONE, None),
            (Some("v1"), NONE, None),
            (Some(""), NONE, None),
            (NONE, Some("*"), Some(304)),
            (NONE, Some("\"v1\""), Some(304)),
            (NONE, Some("W/\"v1\""), Some(304)),
            (NONE, Some("\"v0\", W/\"v1\""), Some(304)),
            (NONE, Some("\"v0\""), Some(200)),
            (NONE, Some("v1"), Some(200)),
            (NONE, Some(""), Some(200)),
            (Some("\"v1\""), Some("\"v1\""), Some(304)),
            (Some("\"v1\""), Some("\"v0\""), Some(200)),
            (Some("\"v0\""), Some("\"v1\""), None),
        ] {
            let headers = json!({"If-Match": if_match, "If-None-Match": if_none_match});
            let response = super::super::message::json("{}".to_owned());
            let found = evaluate(&request("GET", "/", &headers), response, "v1");
            assert_eq!(found.as_ref().ok().map(|found| found.status().as_u16()), status, "{headers}");
            match found {
                Ok(found) => {
                    let is_known = found.status() == StatusCode::NOT_MODIFIED;
                    assert_eq!(found.headers()[header::ETAG], "\"v1\"", "{headers}");
                    assert_eq!(found.headers().contains_key(header::CONTENT_TYPE), !is_known, "{headers}");
                    assert_eq!(found.body().is_empty(), is_known, "{headers}");
                }
                Err(problem) => assert_eq!(problem, Problem::PreconditionFailed, "{headers}"),
            }
        }
    }

    #[test]
    fn a_header_is_parsed_as_far_as_it_is_a_list_of_etags() {
        for (value, strong, weak, is_well_formed) in [
            (r#""a""#, &["a"][..], &[][..], true),
            (r#"W/"a""#, &[], &["a"], true),
            (r#""a", W/"b","c,d""#, &["a", "c,d"], &["b"], true),
            (r#" , "a" ,, W/"b" , "#, &["a"], &["b"], true),
            (r#""""#, &[""], &[], true),
            ("", &[], &[], false),
            (",", &[], &[], false),
            ("a", &[], &[], false),
            (r#"a, "b""#, &["b"], &[], false),
            (r#""b", a"#, &["b"], &[], false),
            (r#"w/"a""#, &[], &[], false),
            (r#"a"b""#, &[], &[], false),
            (r#""a", "open"#, &["a"], &[], false),
            (r#""a", *"#, &["a"], &[], false),
            ("*, *", &[], &[], false),
        ] {
            let (strong, weak) = (strong.to_vec(), weak.to_vec());
            let expected = EntityTags { is_any: false, strong, weak, is_well_formed };
            assert_eq!(EntityTags::parse(value), expected, "{value}");
        }
        let any = EntityTags { is_any: true, is_well_formed: true, ..EntityTags::default() };
        assert_eq!(EntityTags::parse("*"), any);
    }
}
