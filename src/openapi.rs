//! The OpenAPI 3.1 document that `/swagger.json` serves.
//!
//! `generate` makes it from the code: schemas from the types, limits from the constants, examples from real movies and
//! problems, methods from the routes, and the rest from the description beside each operation. The result is kept in
//! `openapi/swagger.json`, so that a change of what clients see is a diff to review. A test compares the two, and
//! `make openapi` writes the file. A deployed function contains only the text.

#[cfg(feature = "local")]
mod components;
#[cfg(feature = "local")]
pub(crate) mod describe;
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
