//! The OpenAPI 3.1 document that `/swagger.json` serves.
//!
//! `generate` makes it from the code: schemas from the types, limits from the constants, examples from real movies and
//! problems, methods from the routes, and the rest from the description beside each operation. The result is kept in
//! `openapi/swagger.json`, so that a change of what clients see is a diff to review. A test compares the two, and
//! `make openapi` writes the file. A deployed function contains only the text.
//!
//! `docs/changing.md` says what a new field, operation or entity needs here.

#[cfg(feature = "local")]
mod components;
#[cfg(feature = "local")]
pub(crate) mod describe;
#[cfg(feature = "local")]
pub(crate) mod entities;
#[cfg(feature = "local")]
pub mod generate;

/// The document. Its server is a relative reference, so that it is right behind every event source.
pub const DOCUMENT: &str = include_str!("openapi/swagger.json");
