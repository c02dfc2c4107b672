//! Why a document is not an entity or a patch: all invalid fields, each with a JSON Pointer (RFC 6901).

use serde::Serialize;

use super::Noun;

/// The maximum number of errors in a response, in addition to one for each of the entity's own fields. A hostile body
/// can cause a hundred thousand.
const MAX_OTHER_ERRORS: usize = 100;

/// The maximum length of an unknown field's name in an error, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Why a document is not an entity or a patch. The texts are for clients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Invalid {
    /// Not one JSON object: what is wrong, and where.
    Json(String),
    /// A patch that changes nothing.
    Empty,
    /// An object with invalid fields: all of them.
    Fields(Vec<FieldError>),
}

/// One bad field.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the field, or to the entry of an array.
    pub pointer: String,
    /// What a valid value is.
    pub detail: String,
}

impl FieldError {
    pub(crate) fn new(pointer: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), detail: detail.into() }
    }
}

/// The errors found so far. Their number is limited.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors {
    list: Vec<FieldError>,
    /// The number of errors from [`Self::add_other`].
    others: usize,
}

impl FieldErrors {
    /// Adds an error in one of an entity's own fields.
    pub(crate) fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.list.push(FieldError::new(pointer, detail));
    }

    /// Adds an error of which a body can cause any number, such as one for an unknown field. After
    /// [`MAX_OTHER_ERRORS`], it ignores further ones.
    pub(crate) fn add_other(&mut self, pointer: &str, detail: &str) {
        if self.others < MAX_OTHER_ERRORS {
            self.others += 1;
            self.add(pointer, detail);
        }
    }

    /// Adds the error that `name` is not one of the `known` fields of the entity.
    pub(crate) fn add_unknown(&mut self, name: &str, noun: Noun, known: &[&str]) {
        let known = match known {
            [first @ .., last] if !first.is_empty() => format!("{} and {last} are", first.join(", ")),
            fields => format!("{} is", fields.concat()),
        };
        self.add_other(&pointer_to(name), &format!("is not a field of {}: {known}", noun.with_article));
    }

    /// Returns the value that was read, or the errors if there are any.
    pub(crate) fn or<T>(self, read: Option<T>) -> Result<T, Invalid> {
        read.filter(|_| self.list.is_empty()).ok_or(Invalid::Fields(self.list))
    }
}

/// A JSON Pointer to a member. A long name is cut.
fn pointer_to(name: &str) -> String {
    let cut = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_NAME_BYTES).last();
    let shown = name.get(..cut.unwrap_or_default()).unwrap_or_default();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("/{}{more}", shown.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_an_unknown_field_lists_the_known_fields() {
        for (known, expected) in [
            (&["title"][..], "title is"),
            (&["title", "year"], "title and year are"),
            (&["a", "b", "c"], "a, b and c are"),
        ] {
            let mut errors = FieldErrors::default();
            errors.add_unknown("x", Noun { one: "movie", with_article: "a movie" }, known);
            assert_eq!(errors.list[0].detail, format!("is not a field of a movie: {expected}"));
        }
    }

    #[test]
    fn a_pointer_shows_up_to_200_bytes_of_a_name() {
        for (name, pointer) in [
            ("a/b~c".to_owned(), "/a~1b~0c".to_owned()),
            ("x".repeat(200), format!("/{}", "x".repeat(200))),
            ("x".repeat(201), format!("/{}…", "x".repeat(200))),
            // The character that the cut would split is left out.
            (format!("x{}", "é".repeat(100)), format!("/x{}…", "é".repeat(99))),
        ] {
            assert_eq!(pointer_to(&name), pointer);
        }
    }
}
