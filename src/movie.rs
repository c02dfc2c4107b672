//! Movies, as types whose values are always valid.
//!
//! A [`Movie`], a [`MoviePatch`] and a [`MovieId`] consist of values that only parsing can create, so no other module
//! checks a field again. Parsing reports all invalid fields of a body at once, each with a JSON Pointer (RFC 6901).
//!
//! This module does not depend on HTTP statuses ([`crate::api`]) or on DynamoDB ([`crate::store`]).

use serde::{Deserialize, Serialize};

use crate::fields::{FieldError, Fields, Integer, Invalid, Text, WebUrl};

/// A movie's title.
pub type Title = Text;

/// The year in which a movie was released.
pub type Year = Integer<1, 9999>;

/// A complete movie.
///
/// It serializes to the JSON that clients see, and to the attributes of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movie {
    /// Not blank, and part of the id.
    pub title: Title,
    /// When it was released.
    pub year: Year,
    /// Names of actors, in order.
    pub cast: Vec<String>,
    /// Absolute `http` or `https` URL of a picture.
    pub image: WebUrl,
    /// Free text, may be empty.
    pub description: String,
}

impl Movie {
    /// The names of the fields, in JSON and in an item.
    pub const FIELDS: &[&str] = &["title", "year", "cast", "image", "description"];

    /// Parses a JSON document that has every required field and only known fields.
    ///
    /// # Errors
    /// All invalid fields.
    pub fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let mut fields = Fields::read(json, Self::FIELDS)?;
        let title = fields.required("title");
        let year = fields.required("year");
        check_id(title.as_ref(), year, &mut fields);
        let cast = fields.required("cast");
        let image = fields.required("image");
        let description = fields.required("description");
        let movie = || Some(Self { title: title?, year: year?, cast: cast?, image: image?, description: description? });
        fields.finish(movie())
    }
}

/// The fields that change. Serializes to the JSON Merge Patch (RFC 7396) that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MoviePatch {
    /// The new title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// The new year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<Year>,
    /// The new cast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cast: Option<Vec<String>>,
    /// The new image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<WebUrl>,
    /// The new description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl MoviePatch {
    /// Parses the fields to change from a JSON document that has at least one field and only known fields.
    ///
    /// # Errors
    /// All invalid fields, or [`Invalid::Empty`].
    pub fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let mut fields = Fields::read(json, Movie::FIELDS)?;
        let patch = Self {
            title: fields.optional("title"),
            year: fields.optional("year"),
            cast: fields.optional("cast"),
            image: fields.optional("image"),
            description: fields.optional("description"),
        };
        check_id(patch.title.as_ref(), patch.year, &mut fields);
        let patch = fields.finish(Some(patch))?;
        if patch == Self::default() { Err(Invalid::Empty) } else { Ok(patch) }
    }
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
fn check_id(title: Option<&Title>, year: Option<Year>, fields: &mut Fields) {
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
pub(crate) mod tests;
