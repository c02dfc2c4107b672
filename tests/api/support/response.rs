//! A reply as an HTTP response.

use std::collections::BTreeMap;

use movies::event::Event;
use serde_json::Value;
use url::{Position, Url};

use super::Function;
use crate::{contract, headers};

/// Sends the bytes of an event to the function, and returns its reply.
pub async fn send_event(function: &Function, event: &[u8]) -> Response {
    let mut response = Response::read(function.reply(event).await);
    if let Event::Http(_, mut request) = Event::from_bytes(event) {
        request.strip_base_path(&function.config.base_path);
        if let Some(path) = request.path {
            let (status, body) = (response.status, response.body.as_bytes());
            contract::check(&request.method, &path, status, &response.headers, body);
            headers::check(&request.method, &path, status, &response.headers);
            response.url = request.url_path;
            return response;
        }
    }
    assert_eq!(response.status, 400, "{response:?}");
    response
}

/// A reply, as the HTTP response that the client would receive.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u64,
    pub headers: BTreeMap<String, String>,
    /// A text, or base64.
    pub body: String,
    pub reply: Value,
    /// The path of the request's URL. Relative references are resolved against it.
    pub url: String,
}

impl Response {
    fn read(reply: Value) -> Self {
        // A load balancer accepts a text or no body, but not null.
        assert!(!reply.as_object().unwrap().values().any(Value::is_null), "{reply}");
        let mut headers = BTreeMap::new();
        for (name, value) in reply["headers"].as_object().unwrap() {
            headers.insert(name.to_lowercase(), value.as_str().unwrap().to_owned());
        }
        for (name, values) in reply["multiValueHeaders"].as_object().unwrap() {
            assert!(!headers.contains_key(name), "{name} would be sent twice");
            headers.insert(name.to_lowercase(), values[0].as_str().unwrap().to_owned());
        }
        let body = reply["body"].as_str().unwrap_or_default().to_owned();
        Self { status: reply["statusCode"].as_u64().unwrap(), headers, body, reply, url: String::new() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn etag(&self) -> &str {
        &self.headers["etag"]
    }

    /// The target of the link to the next page.
    pub fn link(&self) -> Option<&str> {
        let (target, relation) = self.headers.get("link")?.strip_prefix('<')?.split_once('>')?;
        assert_eq!(relation, "; rel=\"next\"");
        Some(target)
    }

    /// The path and query of the next page.
    pub fn next(&self) -> Option<String> {
        self.link().map(|target| self.resolve(target))
    }

    /// The path in `Location`.
    pub fn location(&self) -> String {
        self.resolve(&self.headers["location"])
    }

    /// The path and query of a relative reference in this response (RFC 3986 §5.3).
    pub fn resolve(&self, reference: &str) -> String {
        assert!(reference.starts_with(['.', '?']), "{reference} is relative");
        let url = Url::parse("http://localhost").and_then(|host| host.join(&self.url)?.join(reference)).unwrap();
        url[Position::BeforePath..].to_owned()
    }

    /// The JSON Pointers of a validation problem.
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}
