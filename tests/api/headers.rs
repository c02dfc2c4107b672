//! The headers of a response that the OpenAPI document leaves out, with their values: caching, CORS, `Allow`, protection of
//! the page. `contract.rs` checks those of the document. No response has any other. Every response in a test is checked here.

use std::collections::BTreeMap;

use crate::contract::{essence, operation, resolve, template};

const JSON_OR_MERGE_PATCH: &str = "application/merge-patch+json, application/json";
const EXPOSED: &str = "ETag, Link, Location, Retry-After, Allow, Accept-Patch, Idempotency-Replayed";

/// Panics unless the response to `method` on `path` (decoded, without stage and base path) has exactly these headers.
pub fn check(method: &str, path: &str, status: u64, headers: &BTreeMap<String, String>) {
    let line = format!("{method} {path:.200}, status {status}: {headers:?}");
    let sent = |name: &str| headers.get(name).map(String::as_str);
    let template = template(path);
    let allow = template.map(methods).unwrap_or_default();

    let (is_preflight, is_problem) = (status == 204, status >= 400);
    let is_update = matches!(method, "PUT" | "PATCH");
    // A success that has an `ETag`.
    let has_version = matches!(status, 200 | 304) && method != "DELETE";
    let has_content = has_version && status == 200;
    let is_page = has_version && template == Some("/");
    let is_file = has_version && template.is_some_and(|template| template.starts_with("/swagger-ui/"));

    // JSON has no charset (RFC 8259 §11).
    let text = format!("{}; charset=utf-8", essence(headers));
    let content_type = if text.starts_with("text/") { &text } else { essence(headers) };
    let cache_control = match template {
        _ if is_problem || template == Some("/health") => "no-store",
        // The path contains the version.
        _ if is_file => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let length = sent("content-length").filter(|length| length.parse::<usize>().is_ok()).unwrap_or("a number");
    let is_strict = |policy: &&str| {
        policy.starts_with("default-src 'none'; script-src 'self' 'sha256-") && !policy.contains("unsafe")
    };
    let policy = sent("content-security-policy").filter(is_strict);
    let accepted = if is_update { JSON_OR_MERGE_PATCH } else { "application/json" };
    let names_types = status == 415 && sent("accept").is_some();
    let takes_patch = if is_preflight { allow.contains("PATCH") } else { status == 415 && is_update };
    // A response that depends on a header of the request varies by it (Fetch standard, CORS).
    let origin = sent("access-control-allow-origin");
    let by_names = is_preflight.then_some("Access-Control-Request-Headers");
    let by_origin = (origin != Some("*")).then_some("Origin");
    let vary: Vec<_> = by_names.into_iter().chain(by_origin).collect();
    let vary = vary.join(", ");

    let expected = [
        ("x-content-type-options", Some("nosniff")),
        ("content-type", is_problem.then_some("application/problem+json").or(has_content.then_some(content_type))),
        ("content-encoding", (is_file && has_content).then_some("gzip")),
        ("content-length", (method == "HEAD" && status != 304).then_some(length)),
        ("cache-control", (is_problem || has_version).then_some(cache_control)),
        ("content-security-policy", is_page.then_some(policy.unwrap_or("a strict policy"))),
        ("referrer-policy", is_page.then_some("no-referrer")),
        ("x-frame-options", is_page.then_some("DENY")),
        ("allow", (is_preflight || status == 405).then_some(&*allow)),
        ("accept", names_types.then_some(accepted)),
        ("accept-encoding", (status == 415 && !names_types).then_some("identity")),
        ("accept-patch", takes_patch.then_some(JSON_OR_MERGE_PATCH)),
        ("retry-after", (status == 503).then_some("1")),
        ("access-control-allow-methods", is_preflight.then_some(&*allow)),
        // Absent if no requested name is a token (`cors.rs`).
        ("access-control-allow-headers", sent("access-control-allow-headers").filter(|_| is_preflight)),
        ("access-control-max-age", is_preflight.then_some("600")),
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", origin.map(|_| EXPOSED)),
        ("vary", Some(&*vary).filter(|vary| !vary.is_empty())),
    ];
    for (name, value) in expected {
        assert_eq!(sent(name), value, "{name}: {line}");
    }
    let method = if method == "HEAD" { "GET" } else { method };
    let operation = template.and_then(|template| operation(template, method));
    let documented =
        operation.and_then(|operation| resolve(&operation["responses"][status.to_string()])["headers"].as_object());
    for name in headers.keys() {
        let is_expected = expected.iter().any(|(known, _)| known == name);
        let is_documented = documented.is_some_and(|known| known.keys().any(|known| known.eq_ignore_ascii_case(name)));
        assert!(is_expected || is_documented, "{name} is not expected: {line}");
    }
}

/// The methods of a path of the document, as an `Allow` header. The document has HEAD and OPTIONS only as a sentence.
pub fn methods(template: &str) -> String {
    let is_supported = |method: &&str| match *method {
        "OPTIONS" => true,
        "HEAD" => operation(template, "GET").is_some(),
        method => operation(template, method).is_some(),
    };
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    methods.into_iter().filter(is_supported).collect::<Vec<_>>().join(", ")
}
