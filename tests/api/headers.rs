//! The headers of a response that the OpenAPI document leaves out, with their values: caching, CORS, `Allow`, protection of
//! the page. `contract.rs` checks those of the document. No response has any other. Every response in a test is checked here.

use std::collections::BTreeMap;

use crate::contract::{essence, methods, operation, resolve, template};

const JSON: &str = "application/json";
const JSON_OR_MERGE_PATCH: &str = "application/merge-patch+json, application/json";
const EXPOSED: &str = "ETag, Link, Location, Retry-After, Allow, Accept-Patch, Idempotency-Replayed";

/// Panics unless the response to `method` on `path` (decoded, without stage and base path) has exactly these headers.
pub fn check(method: &str, path: &str, status: u64, headers: &BTreeMap<String, String>) {
    let line = format!("{method} {path:.200}, status {status}: {headers:?}");
    let response = Response { method, template: template(path), status, headers };
    let mut expected = response.expected();
    for (name, value) in headers {
        match expected.remove(name) {
            Some(Value::Text(text)) => assert_eq!(value, &text, "{name}: {line}"),
            Some(Value::Begins(text)) => assert!(value.starts_with(text), "{name}: {line}"),
            Some(Value::Length) => assert!(value.parse::<usize>().is_ok(), "{name}: {line}"),
            None => assert!(response.is_documented(name), "{name} is not expected: {line}"),
        }
    }
    assert!(expected.is_empty(), "missing: {:?}: {line}", expected.keys());
}

/// What a header must be.
enum Value {
    Text(String),
    Begins(&'static str),
    Length,
}

type Expected = BTreeMap<String, Value>;

struct Response<'a> {
    method: &'a str,
    /// The path in the document.
    template: Option<&'static str>,
    status: u64,
    headers: &'a BTreeMap<String, String>,
}

impl Response<'_> {
    fn expected(&self) -> Expected {
        let mut expected = Expected::new();
        let mut add = |name: &str, value: &str| drop(expected.insert(name.to_owned(), Value::Text(value.to_owned())));
        add("x-content-type-options", "nosniff");
        match self.status {
            204 => {
                add("allow", &self.allow());
                add("access-control-allow-methods", &self.allow());
                add("access-control-max-age", "600");
                if self.supports_patch() {
                    add("accept-patch", JSON_OR_MERGE_PATCH);
                }
                // Absent if no requested name is a token (`cors.rs`).
                if let Some(names) = self.headers.get("access-control-allow-headers") {
                    add("access-control-allow-headers", names);
                }
            }
            400.. => {
                add("content-type", "application/problem+json");
                add("cache-control", "no-store");
            }
            _ => {}
        }
        match self.status {
            405 => add("allow", &self.allow()),
            415 => {
                let is_patch = matches!(self.method, "PUT" | "PATCH");
                let types = if is_patch { JSON_OR_MERGE_PATCH } else { JSON };
                let is_type = self.headers.contains_key("accept");
                let (name, value) = if is_type { ("accept", types) } else { ("accept-encoding", "identity") };
                add(name, value);
                if is_patch {
                    add("accept-patch", types);
                }
            }
            503 => add("retry-after", "1"),
            _ => {}
        }
        if self.has_version() {
            add("cache-control", self.cache_control());
        }
        self.add_content(&mut expected);
        self.add_origin(&mut expected);
        expected
    }

    /// Whether it is a success that has an `ETag`.
    fn has_version(&self) -> bool {
        matches!(self.status, 200 | 304) && self.method != "DELETE"
    }

    fn cache_control(&self) -> &'static str {
        match self.template {
            Some("/health") => "no-store",
            // The path contains the version.
            Some(template) if template.starts_with("/swagger-ui/") => "public, max-age=31536000, immutable",
            _ => "no-cache",
        }
    }

    fn add_content(&self, expected: &mut Expected) {
        let mut add = |name: &str, value| drop(expected.insert(name.to_owned(), value));
        if self.method == "HEAD" && self.status != 304 {
            add("content-length", Value::Length);
        }
        if !self.has_version() {
            return;
        }
        if self.status == 200 {
            let essence = essence(self.headers);
            // JSON has no charset (RFC 8259 §11).
            let charset = if essence.starts_with("text/") { "; charset=utf-8" } else { "" };
            add("content-type", Value::Text(format!("{essence}{charset}")));
            if self.template.is_some_and(|template| template.starts_with("/swagger-ui/")) {
                add("content-encoding", Value::Text("gzip".to_owned()));
            }
        }
        if self.template == Some("/") {
            add("content-security-policy", Value::Begins("default-src 'none'; "));
            add("referrer-policy", Value::Text("no-referrer".to_owned()));
            add("x-frame-options", Value::Text("DENY".to_owned()));
        }
    }

    /// A response that depends on a header of the request varies by it (Fetch standard, CORS).
    fn add_origin(&self, expected: &mut Expected) {
        let mut add = |name: &str, value: &str| drop(expected.insert(name.to_owned(), Value::Text(value.to_owned())));
        let origin = self.headers.get("access-control-allow-origin");
        if let Some(origin) = origin {
            add("access-control-allow-origin", origin);
            add("access-control-expose-headers", EXPOSED);
        }
        let by_names = (self.status == 204).then_some("Access-Control-Request-Headers");
        let by_origin = (origin.is_none_or(|origin| origin != "*")).then_some("Origin");
        let vary: Vec<_> = by_names.into_iter().chain(by_origin).collect();
        if !vary.is_empty() {
            add("vary", &vary.join(", "));
        }
    }

    fn allow(&self) -> String {
        methods(self.template.expect("a path of the document"))
    }

    fn supports_patch(&self) -> bool {
        self.template.is_some_and(|template| operation(template, "PATCH").is_some())
    }

    fn is_documented(&self, name: &str) -> bool {
        let method = if self.method == "HEAD" { "GET" } else { self.method };
        let operation = self.template.and_then(|template| operation(template, method));
        let headers = operation.map(|operation| &resolve(&operation["responses"][self.status.to_string()])["headers"]);
        let mut names = headers.and_then(|headers| headers.as_object()).into_iter().flat_map(|headers| headers.keys());
        names.any(|documented| documented.eq_ignore_ascii_case(name))
    }
}

#[test]
fn a_header_that_is_wrong_missing_or_unknown_is_found() {
    let right = [
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", EXPOSED),
        ("content-type", "application/problem+json"),
        ("cache-control", "no-store"),
        ("retry-after", "1"),
    ];
    let right: BTreeMap<_, _> = right.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let find = |headers: &BTreeMap<_, _>| std::panic::catch_unwind(|| check("GET", "/health", 503, headers)).is_err();
    assert!(!find(&right));
    for name in right.keys() {
        let mut missing = right.clone();
        missing.remove(name);
        assert!(find(&missing), "{name} is missing");
        let mut wrong = right.clone();
        wrong.insert(name.clone(), "x".to_owned());
        assert!(find(&wrong), "{name} is wrong");
    }
    let mut unknown = right;
    unknown.insert("server".to_owned(), "x".to_owned());
    assert!(find(&unknown));
}
