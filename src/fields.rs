//! Fields of an entity: one table of them, from which parsing, patching, errors and JSON Schemas are made.
//!
//! [`fields!`] makes them of a struct. What depends on a field's type is in [`Field`], and what depends on whether the
//! field is optional in [`Member`].

mod errors;
mod field;
mod object;
#[cfg(feature = "local")]
pub(crate) mod schema;
mod table;

pub use errors::{FieldError, Invalid};
pub use field::Change;

pub(crate) use errors::FieldErrors;
pub(crate) use field::{Field, Member, Sent};
pub(crate) use object::Object;
pub(crate) use table::fields;

/// What texts for clients call an entity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Noun {
    /// Such as `movie`.
    pub one: &'static str,
    /// Such as `a movie`.
    pub with_article: &'static str,
}
