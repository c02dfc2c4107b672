//! A request of each kind, which succeeds on a seeded service.

use serde_json::{Value, json};

use super::{Call, Response, Service, change, collection, movies::renames, new, other_change, stored};

/// A header of a request. In its value, `CURRENT` stands for the version of the stored movie.
pub type Header = (&'static str, &'static str);

/// The header that makes a request safe to repeat.
pub const KEY: Header = ("Idempotency-Key", "key");

/// A request. Its body is null if it has none.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub body: Value,
}

impl Request {
    pub fn new(method: &'static str, path: &str, body: Value) -> Self {
        Self { method, path: path.to_owned(), body }
    }

    pub fn call<'a>(&self, service: &'a Service) -> Call<'a> {
        let call = service.call(self.method, &self.path);
        if self.body.is_null() { call } else { call.json(&self.body) }
    }

    pub async fn send(&self, service: &Service) -> Response {
        self.call(service).send().await
    }

    pub async fn send_with_key(&self, service: &Service, key: &str) -> Response {
        self.call(service).header(KEY.0, key).send().await
    }
}

/// Each kind of read that calls DynamoDB.
pub fn reads() -> Vec<Request> {
    [&stored().path, collection(), "/health"].map(|path| Request::new("GET", path, json!(null))).into()
}

/// Each kind of write.
pub fn writes() -> Vec<Request> {
    [vec![Request::new("POST", collection(), new(1).body)], changes()].concat()
}

/// Each kind of write to a movie that exists.
pub fn changes() -> Vec<Request> {
    let changes = [("PUT", change()), ("PATCH", other_change()), ("DELETE", json!(null))];
    let rename = renames().into_iter().next().map(|patch| ("PATCH", patch));
    changes.into_iter().chain(rename).map(|(method, body)| Request::new(method, &stored().path, body)).collect()
}

pub fn with<'a>(call: Call<'a>, headers: &[Header], etag: &str) -> Call<'a> {
    let version = etag.trim_matches('"');
    headers.iter().fold(call, |call, (name, value)| call.header(name, &value.replace("CURRENT", version)))
}

/// Checks that a response is equal to the first one, except for the header that says so.
pub fn assert_replayed(first: &Response, again: &Response, row: &str) {
    let mut expected = first.headers.clone();
    assert_eq!(expected.insert("idempotency-replayed".to_owned(), "true".to_owned()), None, "{row}");
    assert_eq!((again.status, &again.headers, &again.body), (first.status, &expected, &first.body), "{row}");
}
