//! A movie's title, and its id, which consists of title and year.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Year;
use crate::fields::Field;

/// DynamoDB's limit for a partition key, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 2048;

/// A movie's title: any text that is not blank. It is stored exactly as sent, and never normalized.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Title(String);

impl Field for Title {
    const RULE: &'static str = "must be a string that is not blank";
}

/// Accepts any text that is not blank. [`MovieId::new`] limits the length, because it knows the year too.
impl TryFrom<String> for Title {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if is_blank(&text) { Err(Self::RULE) } else { Ok(Self(text)) }
    }
}

fn is_blank(title: &str) -> bool {
    title.chars().all(char::is_whitespace)
}

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
    /// `None` if the id would exceed [`MAX_ID_BYTES`].
    #[must_use]
    pub fn new(title: &Title, year: Year) -> Option<Self> {
        let text = format!("{}-{year}", title.0);
        (text.len() <= MAX_ID_BYTES).then(|| Self { text, title: title.clone(), year })
    }

    /// Parses an id from a client; `None` if a movie cannot have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (title, year) = text.rsplit_once('-')?;
        Self::new(&title.to_owned().try_into().ok()?, year.parse().ok()?)
    }

    /// Whether a text is an id that a movie can have.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        let parts = text.rsplit_once('-').filter(|_| text.len() <= MAX_ID_BYTES);
        parts.is_some_and(|(title, year)| !is_blank(title) && year.parse::<Year>().is_ok())
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

impl fmt::Display for MovieId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Title {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_dash_splits_an_id() {
        for (id, title, year) in [
            ("Spider-Man-2002", "Spider-Man", 2002),
            ("--1", "-", 1),
            ("a b-1999", "a b", 1999),
            ("..-2020", "..", 2020),
            ("?-1", "?", 1),
            ("\u{0}-1", "\u{0}", 1),
        ] {
            let parsed = MovieId::parse(id).unwrap();
            assert_eq!((parsed.as_str(), parsed.title().as_ref(), parsed.year().get()), (id, title, year));
            assert!(MovieId::is_one(id), "{id:?}");
        }
        for no_id in ["", "-", "-1", "x", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０", " -2020"]
        {
            assert_eq!((MovieId::parse(no_id), MovieId::is_one(no_id)), (None, false), "{no_id:?}");
        }
    }

    #[test]
    fn an_id_fits_a_partition_key() {
        let longest = Title::try_from("é".repeat(1021)).unwrap();
        assert_eq!(MovieId::new(&longest, Year::new(2020).unwrap()).unwrap().as_str().len(), 2047);
        let too_long = Title::try_from("é".repeat(1022)).unwrap();
        assert_eq!(MovieId::new(&too_long, Year::new(2020).unwrap()), None);
        assert!(MovieId::is_one(&format!("{}-2020", longest.0)) && !MovieId::is_one(&format!("{}-2020", too_long.0)));
    }
}
