//! Writes with an `Idempotency-Key`.

use serde_json::{Value, json};

use super::{Call, Response, Service, movie};

pub const DARE: &str = "/ns_movies/The%20Dare-2020";

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
pub fn writes() -> [Write; 5] {
    let read_and_write = &["GetItem", "TransactWriteItems"];
    let write = |method, path, body, calls| Write { method, path, body, calls };
    [
        write("POST", "/ns_movies/", movie("New", 2000), &["TransactWriteItems"]),
        write("PUT", DARE, json!({"description": "Changed."}), read_and_write),
        write("PATCH", DARE, json!({"cast": ["Changed"]}), read_and_write),
        write("PATCH", DARE, json!({"title": "Renamed"}), read_and_write),
        write("DELETE", DARE, json!(null), &["TransactWriteItems"]),
    ]
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
