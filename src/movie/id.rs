//! The id of a movie: how it is made and parsed, and what clients are told about it.

use super::{Movie, MoviePatch, Title, Year};
use crate::fields::{FieldError, Fields, Invalid};

/// `{title}-{year}`, the table's partition key.
///
/// A year has no dash, so the last dash separates title and year, and two different movies never share an id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MovieId {
    text: String,
    title: Title,
    year: Year,
}

impl MovieId {
    /// The fields in an id, as in the path of an operation.
    pub const FORM: &str = "{title}-{year}";
    /// What an id is, for people.
    pub const DESCRIPTION: &str = "`title`, a dash and `year`";
    /// The longest id, in bytes of UTF-8: DynamoDB's limit for a partition key.
    pub const MAX_BYTES: usize = 2048;
    /// A regular expression that matches every id.
    pub const PATTERN: &str = "^ *([^ ]+ +[^ ]+ +)*([^ ]+ +)?[^ ]*-[1-9][0-9]{0,3}$";

    /// `None` if the id would exceed [`Self::MAX_BYTES`].
    #[must_use]
    pub fn new(title: &Title, year: Year) -> Option<Self> {
        let text = format!("{}-{year}", title.as_ref());
        (text.len() <= Self::MAX_BYTES).then(|| Self { text, title: title.clone(), year })
    }

    /// Parses an id from a client; `None` if a movie cannot have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (title, year) = text.rsplit_once('-')?;
        Self::new(&title.to_owned().try_into().ok()?, year.parse().ok()?)
    }

    /// The title in it.
    #[must_use]
    pub fn title(&self) -> &Title {
        &self.title
    }

    /// The year in it.
    #[must_use]
    pub fn year(&self) -> Year {
        self.year
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Movie {
    /// The movie's id.
    ///
    /// # Errors
    /// [`Invalid::Fields`] if the id is too long for a key.
    pub fn id(&self) -> Result<MovieId, Invalid> {
        id_of(&self.title, self.year)
    }

    /// Whether this is the movie's id. Unlike [`Self::id`], this copies nothing: a page compares a thousand ids.
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
        id_of(self.title.as_ref().unwrap_or(current.title()), self.year.unwrap_or(current.year()))
    }
}

fn id_of(title: &Title, year: Year) -> Result<MovieId, Invalid> {
    MovieId::new(title, year).ok_or_else(|| Invalid::Fields(vec![too_long()]))
}

/// Adds an error if title and year are too long for an id. A year that is absent or invalid counts as the shortest one.
pub(super) fn check(title: Option<&Title>, year: Option<Year>, fields: &mut Fields) {
    if title.is_some_and(|title| MovieId::new(title, year.unwrap_or(Year::FIRST)).is_none()) {
        let FieldError { pointer, detail } = too_long();
        fields.add_error(&pointer, detail);
    }
}

fn too_long() -> FieldError {
    let max = MovieId::MAX_BYTES;
    let detail = format!("is too long: title, dash and year are at most {max} bytes of UTF-8 together");
    FieldError { pointer: "/title".to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn year_of(number: i64) -> Year {
        number.try_into().unwrap()
    }

    fn movie(title: &str, year: i64) -> Movie {
        let movie = json!({"title": title, "year": year, "cast": [], "image": "https://x.org/", "description": ""});
        Movie::from_json(movie.to_string().as_bytes()).unwrap()
    }

    fn pointers<T: std::fmt::Debug>(read: Result<T, Invalid>) -> Vec<String> {
        match read {
            Err(Invalid::Fields(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("expected field errors, got {other:?}"),
        }
    }

    #[test]
    fn a_movie_has_one_id() {
        let movie = movie("The-Dare-1", 2020);
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
    fn a_title_that_is_too_long_for_an_id_is_an_error_among_the_others() {
        let sent =
            |length: usize, year: &str| format!(r#"{{"title":"{}","year":{year},"image":7}}"#, "x".repeat(length));
        for (length, year, expected) in [
            (2043, "2020", vec!["/image"]),
            (2044, "2020", vec!["/image", "/title"]),
            // No year is shorter than one digit.
            (2046, "\"\"", vec!["/image", "/year"]),
            (2047, "\"\"", vec!["/image", "/title", "/year"]),
        ] {
            let mut found = pointers(MoviePatch::from_json(sent(length, year).as_bytes()));
            found.sort();
            assert_eq!(found, expected, "{length} {year}");
            let whole = Movie::from_json(sent(length, year).as_bytes());
            assert_eq!(pointers(whole).len(), expected.len() + ["/cast", "/description"].len(), "{length} {year}");
        }
        let current = MovieId::parse("A-2020").unwrap();
        for (length, fits) in [(2043, true), (2044, false)] {
            let patch = MoviePatch::from_json(json!({"title": "x".repeat(length)}).to_string().as_bytes()).unwrap();
            let id = patch.id_after(&current);
            if fits {
                assert_eq!(id.unwrap().as_str().len(), MovieId::MAX_BYTES);
            } else {
                assert_eq!(pointers(id), ["/title"]);
            }
        }
        let other = Movie { title: Title::try_from("x".repeat(MovieId::MAX_BYTES)).unwrap(), ..movie("A", 1) };
        assert!(matches!(other.id(), Err(Invalid::Fields(errors)) if errors == [too_long()]));
    }

    #[test]
    fn the_last_dash_splits_an_id() {
        for (id, title, year) in [
            ("Spider-Man-2002", "Spider-Man", 2002),
            ("--1", "-", 1),
            ("a b-1999", "a b", 1999),
            ("..-2020", "..", 2020),
            ("?-1", "?", 1),
            ("\u{0}-9999", "\u{0}", 9999),
        ] {
            let parsed = MovieId::parse(id).unwrap();
            assert_eq!((parsed.as_str(), parsed.title().as_ref(), parsed.year()), (id, title, year_of(year)));
            assert_eq!(parsed.as_str(), id);
        }
        for no_id in ["", "-", "-1", "x", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０", " -2020"]
        {
            assert_eq!(MovieId::parse(no_id), None, "{no_id:?}");
        }
    }

    #[test]
    fn an_id_fits_a_partition_key() {
        for (title, year, fits) in
            [("x".repeat(2043), 2020, true), ("x".repeat(2044), 2020, false), ("x".repeat(2044), 999, true)]
        {
            let id = format!("{title}-{year}");
            let title = Title::try_from(title).unwrap();
            let new = MovieId::new(&title, year_of(year));
            assert_eq!(new.as_ref().map(MovieId::as_str), fits.then_some(id.as_str()));
            assert_eq!(MovieId::parse(&id), new);
        }
        let in_bytes = Title::try_from("é".repeat(1022)).unwrap();
        assert_eq!(MovieId::new(&in_bytes, year_of(2020)), None);
    }

    #[test]
    fn an_id_has_its_form_and_matches_its_pattern() {
        let matches = |id: &str| jsonschema::is_valid(&json!({"pattern": MovieId::PATTERN}), &json!(id));
        for (title, year) in [("The Dare", 2020), ("-", 1), ("a\n-b", 9999), (" a\n", 10), (&"- ".repeat(1020), 1)] {
            let movie = movie(title, year);
            let fields = json!(movie);
            let form = MovieId::FORM.replace("{title}", title).replace("{year}", &fields["year"].to_string());
            assert_eq!(movie.id().unwrap().as_str(), form);
            assert!(matches(&form), "{form:?}");
        }
        for no_id in ["", "-", "1", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０"] {
            assert!(!matches(no_id), "{no_id:?}");
        }
    }

    /// Calls `see` for each member of the document that is a text.
    fn each_text(value: &Value, name: &str, see: &mut impl FnMut(&str, &str)) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| each_text(value, name, see)),
            Value::Array(values) => values.iter().for_each(|value| each_text(value, name, see)),
            Value::String(text) => see(name, text),
            _ => {}
        }
    }

    #[test]
    fn the_document_has_the_same_rule() {
        let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        let parameter = &document["components"]["parameters"]["Id"];
        assert_eq!(parameter["schema"]["maxLength"], MovieId::MAX_BYTES);
        assert_eq!(parameter["schema"]["pattern"], MovieId::PATTERN);
        let described = format!("{}, at most {} bytes of UTF-8. ", MovieId::DESCRIPTION, MovieId::MAX_BYTES);
        assert!(parameter["description"].as_str().unwrap().starts_with(&described));
        assert!(document["info"]["description"].as_str().unwrap().contains(MovieId::DESCRIPTION));

        let example = &document["components"]["schemas"]["Movie"]["examples"][0];
        let id = Movie::from_json(example.to_string().as_bytes()).unwrap().id().unwrap().as_str().to_owned();
        assert_eq!(parameter["example"], id);
        let links = document["paths"]["/ns_movies/"]["post"]["responses"]["200"]["links"].as_object().unwrap();
        for link in links.values() {
            assert_eq!(link["parameters"]["id"], MovieId::FORM.replace('{', "{$response.body#/"));
        }
        let mut seen = 0;
        each_text(&document, "", &mut |name, text| {
            let shown = match name {
                "detail" => text.strip_prefix("Movie '").and_then(|text| text.split('\'').next()).map(str::to_owned),
                "instance" => text
                    .strip_prefix("/ns_movies/")
                    .map(|id| percent_encoding::percent_decode_str(id).decode_utf8().unwrap().into_owned()),
                _ => None,
            };
            if let Some(shown) = shown.filter(|shown| !shown.is_empty()) {
                assert_eq!(shown, id, "{name}: {text}");
                seen += 1;
            }
        });
        assert!(seen > 3, "{seen}");
    }
}
