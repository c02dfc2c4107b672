//! The fields of an entity. One table lists them, and parsers, patches and errors are generated from it.
//!
//! The macro [`fields!`] generates them from a struct. [`Field`] covers what depends on a field's type, and [`Member`]
//! covers what depends on whether the field is optional.

mod errors;
mod field;
mod object;
mod table;

pub use errors::{FieldError, Invalid};
pub use field::Change;

pub(crate) use errors::FieldErrors;
pub(crate) use field::{Field, Member, Sent};
pub(crate) use object::Object;
pub(crate) use table::fields;

/// The name of an entity in texts for clients.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Noun {
    /// Such as `movie`.
    pub one: &'static str,
    /// Such as `a movie`.
    pub with_article: &'static str,
}
