//! A reply as an HTTP response.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use movies::event::Event;
use serde_json::{Value, json};

use super::Function;
use crate::{bodies, contract, headers};

/// Sends the bytes of an event to the function, and returns its reply.
pub async fn send_event(function: &Function, event: &[u8]) -> Response {
    let request = match Event::from_bytes(event) {
        Event::Http(_, mut request) => {
            request.strip_base_path(&function.config.base_path);
            let body = request.body.clone().unwrap_or_default();
            Some((request.method, request.path, request.url_path, body))
        }
        Event::Unknown => None,
    };
    let mut response = Response::read(&function.reply(event).await);
    match request {
        Some((method, Some(path), url, body)) => {
            bodies::check(&method, &path, &body, response.status, response.body.as_bytes());
            contract::check(&method, &path, response.status, &response.headers, response.body.as_bytes());
            headers::check(&method, &path, response.status, &response.headers);
            response.url = url;
        }
        Some((_, None, ..)) | None => assert_eq!(response.status, 400, "{response:?}"),
    }
    response
}

/// A reply, as the HTTP response that the client would receive.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u64,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// The body that the client receives.
    pub bytes: Vec<u8>,
    pub reply: Value,
    /// The path of the request's URL. Relative references are resolved against it.
    pub url: String,
}

impl Response {
    fn read(reply: &Value) -> Self {
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
        let is_base64 = reply["isBase64Encoded"].as_bool().unwrap();
        let bytes = if is_base64 { BASE64_STANDARD.decode(&body).unwrap() } else { body.clone().into_bytes() };
        let status = reply["statusCode"].as_u64().unwrap();
        if status >= 400 && !body.is_empty() {
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(problem["status"], json!(status));
            for member in ["type", "title", "detail", "request_id"] {
                assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
            }
        }
        Self { status, headers, body, bytes, reply: reply.clone(), url: String::new() }
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

    /// The path and query of the next page, without the stage.
    pub fn next(&self) -> Option<String> {
        self.link().map(|target| below_stage(&self.resolve(target)))
    }

    /// The path in `Location`, without the stage.
    pub fn location(&self) -> String {
        below_stage(&self.resolve(&self.headers["location"]))
    }

    /// The path of a relative reference in this response (RFC 3986 §5.3).
    pub fn resolve(&self, reference: &str) -> String {
        if reference.starts_with('?') {
            return format!("{}{reference}", self.url);
        }
        assert!(reference.starts_with('.'), "{reference} is relative");
        let mut folder: Vec<_> = self.url.split('/').collect();
        folder.pop();
        for segment in reference.split('/') {
            match segment {
                "." => {}
                ".." if folder.len() > 1 => drop(folder.pop()),
                _ => folder.push(segment),
            }
        }
        folder.join("/")
    }

    /// The JSON Pointers of a validation problem.
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

fn below_stage(path: &str) -> String {
    path.strip_prefix("/Prod").unwrap_or(path).to_owned()
}
