//! CORS (Fetch standard): which pages may call the API, and with which headers.

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::message::set_header;
use crate::{
    config::{AllowOrigins, Config},
    event::{Request, trim},
    problem::Problem,
};

/// The headers that a page may send if its preflight does not list any. They are the headers that the API and the event
/// sources read.
const KNOWN_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
                             X-Amz-Content-Sha256, X-Amz-Date, X-Amz-Security-Token, X-Api-Key";

/// The maximum length of the names in a preflight response, in bytes.
const MAX_NAMES_BYTES: usize = 4096;

/// Tells a browser whether the page that sent the request may read the response.
pub(super) fn allow_origin(config: &Config, request: &Request, headers: &mut HeaderMap) {
    let origin = match &config.cors_allow_origins {
        AllowOrigins::Any => Some(HeaderValue::from_static("*")),
        AllowOrigins::Listed(origins) => {
            add_vary(headers, "Origin");
            let sent = request.header(&header::ORIGIN).unwrap_or_default();
            Some(sent).filter(|sent| origins.contains(sent)).and_then(|origin| HeaderValue::try_from(origin).ok())
        }
    };
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Location, Retry-After, Allow, Accept-Patch, Idempotency-Replayed"),
    );
}

/// Tells a browser which methods and headers a page may send.
pub(super) fn allow_request(request: &Request, methods: &'static str, headers: &mut HeaderMap) -> Result<(), Problem> {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    // The response lists names, because `*` does not include `Authorization`.
    let names = match request.header(&header::ACCESS_CONTROL_REQUEST_HEADERS) {
        Some(requested) => allowed_names(&requested),
        None => KNOWN_HEADERS.to_owned(),
    };
    if !names.is_empty() {
        set_header(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &names)?;
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    add_vary(headers, "Access-Control-Request-Headers");
    Ok(())
}

/// The requested names that are tokens (RFC 9110 §5.6.2). If the page's request has another header, the browser blocks
/// the request.
fn allowed_names(requested: &str) -> String {
    let mut names = String::new();
    for name in requested.split(',').map(trim).filter(|name| HeaderName::from_bytes(name.as_bytes()).is_ok()) {
        let separator = if names.is_empty() { "" } else { ", " };
        if names.len() + separator.len() + name.len() > MAX_NAMES_BYTES {
            break;
        }
        names.push_str(separator);
        names.push_str(name);
    }
    names
}

/// Adds a name to `Vary`. It stays one header, because a reply can contain only one value for each header.
fn add_vary(headers: &mut HeaderMap, name: &'static str) {
    let others = headers.get(header::VARY).and_then(|vary| vary.to_str().ok());
    let vary = others.map_or_else(|| name.to_owned(), |others| format!("{others}, {name}"));
    if let Ok(vary) = HeaderValue::try_from(vary) {
        headers.insert(header::VARY, vary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_allows_every_requested_name_that_is_a_token() {
        let long = vec!["x".repeat(100); 50].join(",");
        let bounded = vec!["x".repeat(100); 40].join(", ");
        for (name, requested, allowed) in [
            ("traces", "baggage,sentry-trace,traceparent", "baggage, sentry-trace, traceparent"),
            ("authorization", "authorization", "authorization"),
            ("case and blanks", " X-Requested-With ,\tIdempotency-Key", "X-Requested-With, Idempotency-Key"),
            ("every token character", "!#$%&'*+-.^_`|~09az", "!#$%&'*+-.^_`|~09az"),
            ("a blank in a name", "x-a, x b, x-c", "x-a, x-c"),
            ("a line feed", "x-a\r\nset-cookie: a=b", ""),
            ("other separators", "x(y), x:y, é, \"x\", x-a", "x-a"),
            ("empty names", ",, ,", ""),
            ("a long list", &long, &bounded),
        ] {
            assert_eq!(allowed_names(requested), allowed, "{name}");
        }
    }
}
