//! The service's description, OpenAPI 3.1, as `/swagger.json` serves it.
//!
//! `generate` makes it from the code: schemas from the types, limits from the constants, examples from real problems and
//! movies, methods from the routes. Its output is kept in `openapi/swagger.json`, so that a change of what clients see
//! is a diff to review, and a test compares the two (`make openapi` writes it anew). So a deployed function has the text
//! and nothing that makes it.

#[cfg(feature = "local")]
pub mod generate;

const DOCUMENT: &str = include_str!("openapi/swagger.json");

/// What stands in the kept document for the path of the service's own paths.
const SERVER: &str = "\"url\": \"/\"";

/// The description for a client that knows the service's own paths to be below `base`: an API's stage, a custom domain's
/// base path, or nothing. `base` is percent-encoded, as [`crate::event::Request::base`] is.
#[must_use]
pub fn document(base: &str) -> String {
    if base.is_empty() {
        return DOCUMENT.to_owned();
    }
    DOCUMENT.replacen(SERVER, &format!("\"url\": {}", serde_json::Value::from(base)), 1)
}
