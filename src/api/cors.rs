//! CORS (Fetch standard): which pages may call the API, and with which headers.

use lambda_http::http::{HeaderMap, HeaderValue, header};

use super::response::set_header;
use crate::{
    config::Config,
    event::{Header, Request},
};

/// Tells a browser whether the page that sent the request may read the response.
pub(super) fn allow_origin(config: &Config, request: &Request, headers: &mut HeaderMap) {
    let origins = &config.cors_allow_origins;
    if origins.iter().any(|origin| origin == "*") {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        // One header, since replies have room for one value of each name.
        let others = headers.get(header::VARY).and_then(|vary| vary.to_str().ok());
        let vary = others.map_or_else(|| "Origin".to_owned(), |others| format!("{others}, Origin"));
        let _ = set_header(headers, header::VARY, &vary);
        match request.header(Header::Origin).filter(|origin| origins.contains(origin)) {
            Some(origin) => {
                let _ = set_header(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, &origin);
            }
            None => return,
        }
    }
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Location, Retry-After, Allow"),
    );
}

/// Tells a browser what a page may send.
pub(super) fn allow_request(allow: &'static str, headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, If-Match, If-None-Match, X-Amz-Content-Sha256, X-Amz-Date, \
             X-Amz-Security-Token, X-Api-Key",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}
