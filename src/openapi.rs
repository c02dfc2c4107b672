//! The OpenAPI 3.1 document that `/swagger.json` serves.
//!
//! `generate` creates it from the code: schemas from the types, limits from the constants, examples from real movies
//! and problems, methods from the routes, and the rest from the description in the file of each operation. The result
//! is stored in `openapi/swagger.json`, so that every change for clients is a diff to review. A test compares the file
//! with the code, and `make openapi` writes it. A deployed function contains only the file.
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

/// The document. The URL of its server is relative, so that it is correct for every event source.
pub const DOCUMENT: &str = include_str!("openapi/swagger.json");
