//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): lets a client that lost a response send its request
//! again.
//!
//! The service builds the response before the write, and stores it in the transaction of the write. So either the key
//! has no record and nothing was written, or its record contains the response. Requests do not lock anything or wait
//! for each other. If DynamoDB's response is lost, or if the same request arrives twice at once, the service reads the
//! key again. A response that it finds then is marked as replayed, because the request may not be the one that wrote it.
//!
//! A key belongs to its caller: the same key of another caller has another record.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, header},
};
use sha2::{Digest as _, Sha256};

use super::{App, message};
use crate::{
    event::Request,
    problem::Problem,
    store::{KeyRecord, KeyTable, Plan, RecordedResponse, StoreError, carry_out},
};

/// Begins each partition key. Change it with the form of a record, a fingerprint, or a caller, so that no release reads a
/// record of another form.
const VERSION: &str = "1";

/// The header that marks the response to an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The maximum length of a key.
const MAX_KEY_CHARS: usize = 255;

/// A write with an `Idempotency-Key`.
pub(super) struct KeyedRequest<'a> {
    request: &'a Request,
    keys: KeyTable,
    /// The partition key of the record.
    key: String,
    /// Identifies the request: its method, the movie's id, the preconditions and the body.
    fingerprint: String,
}

impl<'a> KeyedRequest<'a> {
    /// A request with this value of `Idempotency-Key`. `id` is the movie's id in the path.
    ///
    /// # Errors
    /// A 400 for a value that is not a key, and if the deployment has no table for keys.
    pub fn new(app: &App, request: &'a Request, key: &str, id: Option<&str>) -> Result<Self, Problem> {
        // If the event shows two keys, the value has a space between them.
        if !(1..=MAX_KEY_CHARS).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::InvalidKey);
        }
        let table = app.config.idempotency_table_name.as_deref().ok_or(Problem::NoKeyTable)?;
        let key = partition_key(request.caller.as_deref(), key);
        Ok(Self { request, keys: app.store.keys(table), key, fingerprint: fingerprint(request, id) })
    }

    /// The response to an earlier request with the same key, if there is one.
    ///
    /// # Errors
    /// A 422 if the earlier request differs from this one.
    pub async fn replay(&self) -> Result<Option<Response<Body>>, Problem> {
        let found = self.keys.get(&self.key).await.map_err(|error| Problem::from_store(error, ""))?;
        let Some(found) = found else { return Ok(None) };
        if found.fingerprint != self.fingerprint {
            return Err(Problem::KeyReused);
        }
        let mut response = message::written(self.request, found.response)?;
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// Carries out `plan`, and records the response that `respond` builds from its result. If an earlier request used the
    /// key, nothing is written. `to_problem` turns an error of the write into a problem.
    ///
    /// Call it after everything in the request has been checked, because an invalid request must not depend on the
    /// table of keys.
    ///
    /// # Errors
    /// Those of `to_problem`; a 422 if an earlier request differs; a 413, before the write, if the response is too large.
    pub async fn write<T, F: Future<Output = Result<Plan<T>, StoreError>>>(
        &self,
        plan: impl Fn() -> F,
        respond: impl Fn(&T) -> Result<RecordedResponse, Problem>,
        to_problem: impl Fn(StoreError) -> Problem,
    ) -> Result<Response<Body>, Problem> {
        if let Some(response) = self.replay().await? {
            return Ok(response);
        }
        let written = carry_out(|| async {
            let plan = plan().await?;
            // A movie that cannot be serialized is a bug.
            let response = respond(&plan.result).map_err(|_| StoreError::Corrupt)?;
            let (key, fingerprint) = (self.key.clone(), self.fingerprint.clone());
            let record = KeyRecord { key, fingerprint, response: response.clone() };
            Ok(plan.and(self.keys.record(&record)?, response))
        });
        match written.await {
            Ok(response) => message::written(self.request, response),
            // This request, or a copy of it that arrived at the same time, may have succeeded.
            Err(error) => self.replay().await?.ok_or_else(|| to_problem(error)),
        }
    }
}

/// The partition key of a caller's key. No other caller and no other key have the same one, because its three parts have
/// no space. A caller can be longer than a partition key, so a hash stands for it.
fn partition_key(caller: Option<&str>, key: &str) -> String {
    let caller = caller.map(|caller| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(caller))).unwrap_or_default();
    format!("{VERSION} {caller} {key}")
}

/// A hash of the method, the movie's id, the preconditions and the body. It includes their lengths, so that the same
/// bytes, divided differently, have another hash. It does not include the path, because the collection has two.
fn fingerprint(request: &Request, id: Option<&str>) -> String {
    let body = request.body.as_deref().unwrap_or_default();
    let [if_match, if_none_match] = [&header::IF_MATCH, &header::IF_NONE_MATCH].map(|name| request.header(name));
    let parts = [
        Some(request.method.as_bytes()),
        id.map(str::as_bytes),
        if_match.as_deref().map(str::as_bytes),
        if_none_match.as_deref().map(str::as_bytes),
        Some(body),
    ];
    let hash = parts.into_iter().fold(Sha256::new(), |hash, part| {
        let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
        hash.chain_update(length.to_be_bytes()).chain_update(part.unwrap_or_default())
    });
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::api::tests::request;

    #[test]
    fn a_key_of_one_caller_is_not_that_of_another_caller() {
        let parts = ["", "a", "b", "ab", "-", "1", "a b", "b a", "\"a\"", "1 a", "null"];
        let mut texts: Vec<String> = parts.iter().flat_map(|a| parts.map(|b| format!("{a}{b}"))).collect();
        // The hash of a caller, as another caller or at the beginning of a key.
        let hashes = ["", "a"].map(|caller| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(caller)));
        texts.extend(hashes.iter().flat_map(|hash| parts.map(|part| format!("{hash}{part}"))));
        texts.sort();
        texts.dedup();
        let callers: Vec<_> = texts.iter().map(|caller| Some(caller.as_str())).chain([None]).collect();
        let keys: Vec<_> = texts.iter().map(|key| key.replace(' ', "!")).collect::<BTreeSet<_>>().into_iter().collect();
        let all: BTreeSet<_> =
            callers.iter().flat_map(|caller| keys.iter().map(|key| partition_key(*caller, key))).collect();
        assert_eq!(all.len(), callers.len() * keys.len());
        assert!(all.len() > 3_000);
        let longest = partition_key(Some(&"x".repeat(100_000)), &"k".repeat(MAX_KEY_CHARS));
        assert!(longest.len() <= 2_048, "DynamoDB's limit of a partition key: {}", longest.len());
    }

    #[test]
    fn another_form_of_a_record_needs_another_version() {
        // If one of these values changes, change `VERSION` too.
        let caller = r#"["iam","arn:aws:iam::1:user/Ann"]"#;
        assert_eq!(partition_key(Some(caller), "k"), "1 wv_0N_rzObG6KlULKZJQHwS3Xd7J0laM3pdIDBFkDyk k");
        let request = request("PUT", "/ns_movies/A-1", &json!({"If-Match": "\"v1\""}));
        assert_eq!(fingerprint(&request, Some("A-1")), "txnveNbtid0vxWPo6TO87ocYo5iEJ3JGzgRxxQGxYnY");
        let response =
            RecordedResponse { etag: Some("v".to_owned()), id: Some("A-1".to_owned()), body: "{}".to_owned() };
        let record = KeyRecord { key: "k".to_owned(), fingerprint: "f".to_owned(), response };
        let expected = json!({"key": "k", "fingerprint": "f", "response": {"etag": "v", "id": "A-1", "body": "{}"}});
        assert_eq!(serde_json::to_value(record).unwrap(), expected);
    }
}
