//! Movies, as types whose values are always valid.
//!
//! A [`Movie`], a [`MoviePatch`] and a [`MovieId`] can only be created by parsing, so no other module checks a field
//! again. Parsing reports all invalid fields of a body at once, each with a JSON Pointer (RFC 6901).
//!
//! This module does not depend on HTTP statuses ([`crate::api`]) or on DynamoDB ([`crate::store`]).

mod id;
pub use id::{MAX_ID_BYTES, MovieId, Title};

mod image;
pub use image::ImageUrl;

mod year;
pub use year::Year;

use serde::{Deserialize, Serialize};

use crate::fields::{FieldError, FieldErrors, Invalid, fields};

// The only list of a movie's fields. A field of type `Option` is optional. The macro generates the type `SentMovie` for
// what a client sent, and `MoviePatch` for changes. `check` validates what a client sent as a whole.
fields! {
    a movie: SentMovie, MoviePatch, check;

    /// A complete movie.
    ///
    /// It serializes to the JSON that clients see, and to the attributes of an item.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Movie {
        /// Not blank. Title, dash and year form the id, which has at most 2,048 bytes in UTF-8.
        pub title: Title,
        /// Year of release.
        pub year: Year,
        /// Names of the cast, in order.
        pub cast: Vec<String>,
        /// Absolute `http` or `https` URL of a picture.
        pub image: ImageUrl,
        /// Free text, may be empty.
        pub description: String,
    }
}

impl Movie {
    /// The id, which consists of title and year.
    ///
    /// # Errors
    /// [`Invalid::Fields`] if the id is too long for a key.
    pub fn id(&self) -> Result<MovieId, Invalid> {
        MovieId::new(&self.title, self.year).ok_or_else(|| Invalid::Fields(vec![id_too_long()]))
    }

    /// Whether `id` is the movie's title, a dash and its year. Unlike [`Self::id`], this copies nothing: a page compares
    /// a thousand ids.
    #[must_use]
    pub fn has_id(&self, id: &str) -> bool {
        let year = id.strip_prefix(self.title.as_ref()).and_then(|rest| rest.strip_prefix('-'));
        year.is_some_and(|year| year.parse() == Ok(self.year))
    }
}

impl MoviePatch {
    /// The id that the movie at `current` has after this patch.
    ///
    /// # Errors
    /// [`Invalid::Fields`] if the id is too long for a key.
    pub fn id_after(&self, current: &MovieId) -> Result<MovieId, Invalid> {
        let title = self.title.clone().apply(current.title().clone());
        let year = self.year.clone().apply(current.year());
        MovieId::new(&title, year).ok_or_else(|| Invalid::Fields(vec![id_too_long()]))
    }
}

/// Checks the length of the id. If the year is missing or invalid, it assumes the shortest year.
fn check(sent: &SentMovie, errors: &mut FieldErrors) {
    let year = sent.year.value().copied().unwrap_or(Year::FIRST);
    if sent.title.value().is_some_and(|title| MovieId::new(title, year).is_none()) {
        let FieldError { pointer, detail } = id_too_long();
        errors.add(&pointer, detail);
    }
}

fn id_too_long() -> FieldError {
    let detail = format!("is too long: title, dash and year are at most {MAX_ID_BYTES} bytes of UTF-8 together");
    FieldError::new("/title", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Change;

    const WHOLE: &str =
        r#"{"title":"The Dare","year":2020,"cast":["A"],"image":"https://x.org/a.jpg","description":""}"#;

    fn pointers(json: &str) -> Vec<String> {
        match Movie::from_json(json.as_bytes()) {
            Err(Invalid::Fields(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("expected field errors, got {other:?}"),
        }
    }

    #[test]
    fn a_movie_is_parsed_and_serialized_without_a_change() {
        let movie = Movie::from_json(WHOLE.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&movie).unwrap(), WHOLE);
        assert_eq!(movie.id().unwrap().as_str(), "The Dare-2020");
    }

    #[test]
    fn a_movie_has_one_id() {
        let movie = Movie::from_json(WHOLE.replace("The Dare", "The-Dare-1").as_bytes()).unwrap();
        assert!(movie.has_id("The-Dare-1-2020") && movie.has_id(movie.id().unwrap().as_str()));
        for other in [
            "",
            "-",
            "-2020",
            "2020",
            "The-Dare-1",
            "The-Dare-1-",
            "The-Dare-12020",
            "The-Dare-1--2020",
            "The-Dare-1-1-2020",
            "The-Dare-1-2021",
            "The-Dare-1-02020",
            "The-Dare-1-+2020",
            "The-Dare-1-2020.0",
            "The-Dare-1-2020 ",
            "the-dare-1-2020",
            " The-Dare-1-2020",
        ] {
            assert!(!movie.has_id(other), "{other:?}");
        }
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let json = r#"{"title":" ","year":"2020","cast":["A",1,null],"image":"nope","extra/~":1}"#;
        let expected = ["/title", "/year", "/cast/1", "/cast/2", "/image", "/extra~1~0", "/description"];
        assert_eq!(pointers(json), expected);
    }

    #[test]
    fn a_null_or_repeated_field_is_bad() {
        let json = WHOLE.replace("\"description\":\"\"", "\"description\":null,\"year\":2021");
        assert_eq!(pointers(&json), ["/year", "/description"]);
    }

    #[test]
    fn only_integers_from_1_to_9999_are_years() {
        for bad in ["0", "-1", "10000", "2020.5", "1e30", "1e400", "\"2020\"", "true", "[2020]", "{\"2020\":2020}"] {
            assert_eq!(pointers(&WHOLE.replace("2020", bad)), ["/year"], "{bad}");
        }
        for (good, year) in [("1", 1), ("9999", 9999), (" 2020.0\n", 2020), ("2.02e3", 2020)] {
            let movie = Movie::from_json(WHOLE.replace("2020", good).as_bytes()).unwrap();
            assert_eq!(movie.year.get(), year, "{good}");
            let patch = MoviePatch::from_json(format!("{{\"year\":{good}}}").as_bytes()).unwrap();
            assert_eq!(patch.year, Change::Set(Year::new(year.into()).unwrap()), "{good}");
        }
    }

    #[test]
    fn only_one_json_object_is_a_movie() {
        for bad in
            ["", " ", "{", "[]", "7", "null", "\"x\"", "{} x", "\u{feff}{}", "{\"title\":\"\\x\"}", "{\"year\":01}"]
        {
            assert!(matches!(Movie::from_json(bad.as_bytes()), Err(Invalid::Json(_))), "{bad:?}");
        }
        assert!(matches!(Movie::from_json(b"{\"title\":\"\xff\"}"), Err(Invalid::Json(_))));
    }

    #[test]
    fn a_value_that_cannot_be_read_is_its_fields_error() {
        for field in ["title", "year", "cast", "image", "description"] {
            let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
            for value in ["\"\\ud800\"", "1e400", "-0.0", "{\"a\":[]}", deep.as_str()] {
                let json = format!("{{\"{field}\":{value}}}");
                let Err(Invalid::Fields(errors)) = MoviePatch::from_json(json.as_bytes()) else { panic!("{json:.60}") };
                assert!(errors.len() == 1 && errors[0].pointer.starts_with(&format!("/{field}")), "{json:.60}");
            }
        }
    }

    #[test]
    fn the_response_to_a_hostile_body_stays_small() {
        let many: Vec<_> = (0..50_000).map(|n| format!("\"{n}\":0")).collect();
        assert_eq!(pointers(&format!("{{{}}}", many.join(","))).len(), 105);
        let long = format!("{{\"{}\":0}}", "é".repeat(100_000));
        assert!(pointers(&long)[0].len() < 400);
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let movie = Movie::from_json(WHOLE.as_bytes()).unwrap();
        let patch = MoviePatch::from_json(br#"{"year":1999}"#).unwrap();
        assert_eq!(patch.id_after(&movie.id().unwrap()).unwrap().as_str(), "The Dare-1999");
        assert_eq!(patch.apply(movie.clone()), Movie { year: Year::new(1999).unwrap(), ..movie });
        assert_eq!(MoviePatch::from_json(b"{}"), Err(Invalid::Empty));
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"year":1999}"#);
    }
}
