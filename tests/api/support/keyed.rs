//! Writes with an `Idempotency-Key`.

use serde_json::{Value, json};

use super::{Call, Response, Service, change, collection, movies::renames, new, other_change, stored};

/// A write that succeeds on the seeded table.
#[derive(Clone, Debug)]
pub struct Write {
    pub method: &'static str,
    pub path: &'static str,
    pub body: Value,
    /// Its calls to DynamoDB after the read of the key.
    pub calls: &'static [&'static str],
}

impl Write {
    pub fn call<'a>(&self, service: &'a Service, key: &str) -> Call<'a> {
        let call = service.call(self.method, self.path).header("Idempotency-Key", key);
        if self.body.is_null() { call } else { call.json(&self.body) }
    }

    pub async fn send(&self, service: &Service, key: &str) -> Response {
        self.call(service, key).send().await
    }
}

/// Each kind of write.
pub fn writes() -> Vec<Write> {
    let read_and_write = &["GetItem", "TransactWriteItems"];
    let write = |method, path, body, calls| Write { method, path, body, calls };
    let path = stored().path.as_str();
    let mut writes = vec![
        write("POST", collection(), new(1).body, &["TransactWriteItems"]),
        write("PUT", path, change(), read_and_write),
        write("PATCH", path, other_change(), read_and_write),
        write("DELETE", path, json!(null), &["TransactWriteItems"]),
    ];
    writes.extend(renames().into_iter().map(|patch| write("PATCH", path, patch, read_and_write)));
    writes
}

/// Checks that the response is a replay of `first`.
pub fn assert_replayed(first: &Response, again: &Response, row: &str) {
    assert_eq!(first.headers.get("idempotency-replayed"), None, "{row}");
    assert_same(first, again, row);
    assert_eq!(again.headers.get("idempotency-replayed").map(String::as_str), Some("true"), "{row}: {again:?}");
}

/// Checks that the responses are equal, except that one can be a replay.
pub fn assert_same(one: &Response, other: &Response, row: &str) {
    let of = |response: &Response| {
        let mut headers = response.headers.clone();
        headers.remove("idempotency-replayed");
        (response.status, headers, response.body.clone())
    };
    assert_eq!(of(one), of(other), "{row}");
}
