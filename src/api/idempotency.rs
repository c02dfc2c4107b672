//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): lets a client that lost a response send its request
//! again.
//!
//! The service builds the response before the write, and stores it in the transaction of the write. So either the key
//! has no record and nothing was written, or its record contains the response. Requests do not lock anything or wait
//! for each other. If DynamoDB's response is lost, or if the same request arrives twice at once, the service reads the
//! key again.
//!
//! This module does not depend on what is written.

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use sha2::{Digest as _, Sha256};

use super::{
    App, conditional, reply_limit,
    response::{self, set_header},
};
use crate::{
    event::{Header, Request},
    fields::Noun,
    problem::Problem,
    route::Route,
    store::{Action, Keys, Plan, Remembered, StoreError, carry_out},
};

/// The header that marks the response to an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The maximum length of a key.
const MAX_KEY_CHARS: usize = 255;

/// A write with an `Idempotency-Key`.
pub(super) struct KeyedRequest<'a> {
    request: &'a Request,
    /// The entity that the request writes.
    noun: Noun,
    keys: Keys,
    key: String,
    /// Identifies the request: its method, path, body and preconditions.
    fingerprint: String,
    /// Distinguishes this request from its repetitions.
    attempt: String,
}

/// Reads the key, if the request is a write and has one.
///
/// # Errors
/// A 400 for a value that is not a key, and if the deployment has no table for keys.
pub(super) fn read<'a>(app: &App, request: &'a Request, route: Route<'_>) -> Result<Option<KeyedRequest<'a>>, Problem> {
    let value = route.written().zip(request.header(Header::IdempotencyKey));
    let Some((noun, value)) = value else { return Ok(None) };
    let key = parse(&value).ok_or_else(|| {
        Problem::bad_request("`Idempotency-Key` must be 1 to 255 visible ASCII characters, with or without quotes.")
    })?;
    let Some(table) = &app.config.idempotency_table_name else {
        let detail = "This deployment does not remember requests. Send the request without `Idempotency-Key`.";
        return Err(Problem::bad_request(detail));
    };
    let attempt = Remembered::new_attempt().map_err(|error| unknown(noun, error))?;
    let keys = app.store.keys(table);
    Ok(Some(KeyedRequest { request, noun, keys, key, fingerprint: fingerprint(request), attempt }))
}

/// The response to an earlier request with the same key, if there is one.
///
/// # Errors
/// A 422 if the earlier request differs from this one.
pub(super) async fn replay(keyed: Option<&KeyedRequest<'_>>) -> Result<Option<Response<Body>>, Problem> {
    match keyed {
        Some(keyed) => keyed.recall().await,
        None => Ok(None),
    }
}

impl KeyedRequest<'_> {
    async fn recall(&self) -> Result<Option<Response<Body>>, Problem> {
        let Some(found) = self.keys.get(&self.key).await.map_err(|error| unknown(self.noun, error))? else {
            return Ok(None);
        };
        if found.fingerprint != self.fingerprint {
            return Err(Problem::idempotency_key_reused());
        }
        self.response(found).map(Some)
    }

    /// Carries out `plan`, and remembers the response that `respond` builds from its result. `refuse` turns an error of
    /// the store into a problem.
    ///
    /// # Errors
    /// Those of `respond` and `refuse`; a 413, before the write, if the response is too large.
    pub(super) async fn write<T, F: Future<Output = Result<Plan<T>, StoreError>>>(
        &self,
        plan: impl Fn() -> F,
        respond: impl Fn(&T) -> Result<Response<Body>, Problem>,
        refuse: impl Fn(StoreError) -> Problem,
    ) -> Result<Response<Body>, Problem> {
        let written = carry_out(|| async {
            let plan = plan().await?;
            let response = respond(&plan.result).map_err(Refused::Response)?;
            let record = self.remember(&response).map_err(Refused::Response)?;
            Ok::<_, Refused>(plan.and(record, response))
        });
        let problem = match written.await {
            Ok(response) => return Ok(response),
            Err(Refused::Response(problem)) => return Err(problem),
            Err(Refused::Write(error)) => refuse(error),
        };
        // This request, or a copy of it that arrived at the same time, may have succeeded.
        self.recall().await?.ok_or(problem)
    }

    fn remember(&self, response: &Response<Body>) -> Result<Action, Problem> {
        let body = String::from_utf8_lossy(response.body().as_ref()).into_owned();
        reply_limit::check(self.request, self.noun, body.as_bytes())?;
        let text = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let record = Remembered {
            key: self.key.clone(),
            fingerprint: self.fingerprint.clone(),
            attempt: self.attempt.clone(),
            status: response.status().as_u16(),
            etag: text(header::ETAG),
            location: text(header::LOCATION),
            body,
        };
        self.keys.remember(&record).map_err(|error| match error {
            StoreError::TooLarge => Problem::response_not_remembered(),
            error => unknown(self.noun, error),
        })
    }

    /// The remembered response. Each event source accepts it: it has at most 400 KB, and escaping in a reply at most
    /// doubles it.
    fn response(&self, found: Remembered) -> Result<Response<Body>, Problem> {
        let is_own = found.attempt == self.attempt;
        let mut response = if found.body.is_empty() { Response::new(Body::Empty) } else { response::json(found.body) };
        *response.status_mut() = StatusCode::from_u16(found.status).map_err(|_| Problem::internal())?;
        if let Some(etag) = found.etag {
            conditional::set_etag(&mut response, etag.trim_matches('"'))?;
        }
        if let Some(location) = found.location {
            set_header(response.headers_mut(), header::LOCATION, &location)?;
        }
        if !is_own {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

/// Why a keyed write is not carried out.
enum Refused {
    /// The store rejects it, or its outcome is unknown.
    Write(StoreError),
    /// Its response cannot be sent or remembered.
    Response(Problem),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Write(error)
    }
}

/// The problem for an error of the table of keys.
fn unknown(noun: Noun, error: StoreError) -> Problem {
    match error {
        StoreError::Corrupt => Problem::internal(),
        _ => Problem::unavailable(Some(noun)),
    }
}

/// The key in a header's value: the characters themselves, or a string of a structured field (RFC 8941 §3.3.3).
fn parse(value: &str) -> Option<String> {
    let key = match value.strip_prefix('"') {
        None => value.to_owned(),
        Some(quoted) => unescape(quoted.strip_suffix('"')?)?,
    };
    let is_key = (1..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    is_key.then_some(key)
}

/// Unescapes the text between the quotes of a string. A backslash can only precede a quote or another backslash.
fn unescape(text: &str) -> Option<String> {
    let mut unescaped = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        unescaped.push(match char {
            '\\' => chars.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            '"' => return None,
            other => other,
        });
    }
    Some(unescaped)
}

/// A hash of the method, the path, the preconditions and the body. It includes their lengths, so that the same bytes,
/// divided differently, have another hash.
fn fingerprint(request: &Request) -> String {
    let body = request.body.as_deref().unwrap_or_default();
    let [if_match, if_none_match] = [Header::IfMatch, Header::IfNoneMatch].map(|name| request.header(name));
    let parts = [
        Some(request.method.as_bytes()),
        request.path.as_deref().map(str::as_bytes),
        if_match.as_deref().map(str::as_bytes),
        if_none_match.as_deref().map(str::as_bytes),
        Some(body),
    ];
    let hash = parts.into_iter().fold(Sha256::new(), |hash, part| {
        let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
        hash.chain_update(length.to_be_bytes()).chain_update(part.unwrap_or_default())
    });
    hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_with_or_without_quotes() {
        let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
        for (value, key) in [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            ("\"8e03978e\"", Some("8e03978e")),
            ("!~", Some("!~")),
            ("a\"b\\", Some("a\"b\\")),
            (r#""a\"b\\""#, Some(r#"a"b\"#)),
            (&longest, Some(&longest)),
            (&format!("\"{longest}\""), Some(&longest)),
            (&too_long, None),
            (&format!("\"{too_long}\""), None),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("\"a", None),
            (r#""a\""#, None),
            (r#""a\b""#, None),
            (r#""a"b""#, None),
            ("\"a\";b=1", None),
            ("a b", None),
            ("\"a b\"", None),
            ("a, b", None),
            ("é", None),
            ("a\u{7f}", None),
            ("a\n", None),
        ] {
            assert_eq!(parse(value).as_deref(), key, "{value:?}");
        }
    }
}
