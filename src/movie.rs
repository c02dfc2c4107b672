//! What a movie is: the types whose values are always valid.
//!
//! A [`Movie`], a [`MoviePatch`] and a [`MovieId`] can only be had by parsing, so nothing behind this module checks a
//! field again. Every bad field of a body is reported at once, each with a JSON Pointer (RFC 6901).
//!
//! This module knows nothing of HTTP statuses ([`crate::api`]) or of DynamoDB ([`crate::store`]).

use std::{fmt, net::Ipv6Addr, str::FromStr};

use lambda_http::http::uri::Authority;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

/// DynamoDB's limit for a partition key, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 2048;

/// How many field errors one answer lists; a hostile body can hold a hundred thousand.
const MAX_FIELD_ERRORS: usize = 100;

/// How many bytes of an unknown field's name an error repeats.
const MAX_NAME_BYTES: usize = 200;

/// A movie's title: any text that is not blank, kept to the letter, never normalised.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Title(String);

impl Title {
    /// Takes any text but blank; the length is limited by [`MovieId::new`], which knows the year too.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.to_owned()))
    }
}

/// The year a movie was released, 1 to 9999.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Year(u16);

impl Year {
    /// `None` outside 1 to 9999.
    #[must_use]
    pub fn new(year: u64) -> Option<Self> {
        (1..=9999).contains(&year).then(|| u16::try_from(year).ok().map(Self))?
    }

    /// The year as a number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

/// Reads the one spelling that [`Year`]'s `Display` writes: digits with no sign and no leading zero.
impl FromStr for Year {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let canonical = text.len() <= 4 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if !canonical {
            return Err(());
        }
        text.parse().ok().and_then(Self::new).ok_or(())
    }
}

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `{title}-{year}`, the table's partition key.
///
/// A year has no dash, so the last dash splits an id and two different movies never share one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MovieId {
    text: String,
    title: Title,
    year: Year,
}

impl MovieId {
    /// `None` when the id would pass [`MAX_ID_BYTES`].
    #[must_use]
    pub fn new(title: &Title, year: Year) -> Option<Self> {
        let text = format!("{}-{year}", title.0);
        (text.len() <= MAX_ID_BYTES).then(|| Self { text, title: title.clone(), year })
    }

    /// Reads an id as a client gives it; `None` when no movie can have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (title, year) = text.rsplit_once('-')?;
        Self::new(&Title::parse(title)?, year.parse().ok()?)
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

/// A movie, whole and valid. Serialises to the JSON that clients see.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Movie {
    /// Not blank.
    pub title: Title,
    /// Year released.
    pub year: Year,
    /// Names of the cast, in order.
    pub cast: Vec<String>,
    /// Absolute `http` or `https` URL of a picture.
    pub image: ImageUrl,
    /// Free text, may be empty.
    pub description: String,
}

impl Movie {
    /// The id that the movie's title and year make.
    ///
    /// # Errors
    /// [`Invalid::Fields`] when it would be too long for a key.
    pub fn id(&self) -> Result<MovieId, Invalid> {
        MovieId::new(&self.title, self.year).ok_or_else(|| Invalid::Fields(vec![id_too_long()]))
    }

    /// Reads a movie from a JSON document with all five fields and no other.
    ///
    /// # Errors
    /// [`Invalid`], with every bad field.
    pub fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let (fields, errors) = read_fields(json)?;
        Self::from_fields(fields, errors)
    }

    /// Reads a movie from JSON that is parsed already, as a seed file's entries are.
    ///
    /// # Errors
    /// [`Invalid`], with every bad field.
    pub fn from_value(value: Value) -> Result<Self, Invalid> {
        let object: Object = serde_json::from_value(value).map_err(|error| Invalid::Json(error.to_string()))?;
        let (fields, errors) = check_fields(object);
        Self::from_fields(fields, errors)
    }

    fn from_fields(fields: MoviePatch, mut errors: FieldErrors) -> Result<Self, Invalid> {
        let MoviePatch { title, year, cast, image, description } = fields;
        for (name, missing) in [
            ("title", title.is_none()),
            ("year", year.is_none()),
            ("cast", cast.is_none()),
            ("image", image.is_none()),
            ("description", description.is_none()),
        ] {
            if missing {
                errors.missing(name);
            }
        }
        match (title, year, cast, image, description) {
            (Some(title), Some(year), Some(cast), Some(image), Some(description)) if errors.list.is_empty() => {
                let movie = Self { title, year, cast, image, description };
                movie.id()?;
                Ok(movie)
            }
            _ => Err(Invalid::Fields(errors.list)),
        }
    }
}

/// The fields to change, the rest staying as they are: a JSON Merge Patch (RFC 7396) for a flat, closed object.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MoviePatch {
    /// A new title, which moves the movie to another id.
    pub title: Option<Title>,
    /// A new year, which moves the movie to another id.
    pub year: Option<Year>,
    /// A new cast, replacing the whole list.
    pub cast: Option<Vec<String>>,
    /// A new picture.
    pub image: Option<ImageUrl>,
    /// A new description.
    pub description: Option<String>,
}

impl MoviePatch {
    /// Reads the fields to change from a JSON document with at least one of the five fields and no other.
    ///
    /// # Errors
    /// [`Invalid`], with every bad field. `null`, which would remove a field, is bad: all five are required.
    pub fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let (fields, errors) = read_fields(json)?;
        if !errors.list.is_empty() {
            return Err(Invalid::Fields(errors.list));
        }
        if fields == Self::default() {
            return Err(Invalid::Empty);
        }
        Ok(fields)
    }

    /// The id that the movie at `current` has after this patch.
    ///
    /// # Errors
    /// [`Invalid::Fields`] when it would be too long for a key.
    pub fn id_after(&self, current: &MovieId) -> Result<MovieId, Invalid> {
        let title = self.title.as_ref().unwrap_or(&current.title);
        MovieId::new(title, self.year.unwrap_or(current.year)).ok_or_else(|| Invalid::Fields(vec![id_too_long()]))
    }

    /// The movie after this patch.
    #[must_use]
    pub fn apply(&self, movie: Movie) -> Movie {
        let patch = self.clone();
        Movie {
            title: patch.title.unwrap_or(movie.title),
            year: patch.year.unwrap_or(movie.year),
            cast: patch.cast.unwrap_or(movie.cast),
            image: patch.image.unwrap_or(movie.image),
            description: patch.description.unwrap_or(movie.description),
        }
    }
}

/// An absolute `http` or `https` URL with a host. It is stored and shown, never fetched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ImageUrl(String);

impl ImageUrl {
    /// `None` for anything that a browser would not take for a web address as it stands.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let is_clean = !text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c));
        let authority: Authority = rest.split(['/', '?', '#']).next()?.parse().ok()?;
        (is_web && is_clean && has_host(&authority)).then(|| Self(text.to_owned()))
    }

    /// The URL as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether there is a host, and a port that is one if any is written.
fn has_host(authority: &Authority) -> bool {
    let host = authority.host();
    let valid = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ipv6) => ipv6.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains(['[', ']']),
    };
    let after_user = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, after)| after);
    let port = after_user.strip_prefix(host).unwrap_or_default();
    valid && (port.is_empty() || port == ":" || authority.port_u16().is_some())
}

impl AsRef<str> for Title {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a document is not a movie or a patch. The texts are for clients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Invalid {
    /// Not one JSON object: what is wrong, and where.
    Json(String),
    /// A patch that changes nothing.
    Empty,
    /// An object whose fields are not a movie's: each bad field.
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

fn id_too_long() -> FieldError {
    FieldError {
        pointer: "/title".to_owned(),
        detail: format!("is too long: title, dash and year are at most {MAX_ID_BYTES} bytes of UTF-8 together"),
    }
}

/// A JSON object with its members in order, also those that are written twice.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The errors found so far, bounded.
#[derive(Default)]
struct FieldErrors {
    list: Vec<FieldError>,
    /// Fields that were there, well or badly typed.
    seen: Vec<&'static str>,
}

impl FieldErrors {
    fn add(&mut self, pointer: String, detail: &str) {
        if self.list.len() < MAX_FIELD_ERRORS {
            self.list.push(FieldError { pointer, detail: detail.to_owned() });
        }
    }

    fn missing(&mut self, name: &'static str) {
        if !self.seen.contains(&name) {
            self.add(format!("/{name}"), "is required");
        }
    }
}

fn read_fields(json: &[u8]) -> Result<(MoviePatch, FieldErrors), Invalid> {
    let object = serde_json::from_slice(json).map_err(|error| Invalid::Json(error.to_string()))?;
    Ok(check_fields(object))
}

fn check_fields(Object(members): Object) -> (MoviePatch, FieldErrors) {
    let mut fields = MoviePatch::default();
    let mut errors = FieldErrors::default();
    for (name, value) in members {
        let Some(&name) = ["title", "year", "cast", "image", "description"].iter().find(|known| **known == name) else {
            errors.add(pointer_to(&name), "is not a field of a movie: title, year, cast, image and description are");
            continue;
        };
        let pointer = format!("/{name}");
        if errors.seen.contains(&name) {
            errors.add(pointer, "is given more than once");
            continue;
        }
        errors.seen.push(name);
        match name {
            "title" => {
                fields.title = value.as_str().and_then(Title::parse);
                if fields.title.is_none() {
                    errors.add(pointer, "must be a string that is not blank");
                }
            }
            "year" => {
                fields.year = value.as_u64().and_then(Year::new);
                if fields.year.is_none() {
                    errors.add(pointer, "must be an integer from 1 to 9999");
                }
            }
            "cast" => fields.cast = check_cast(value, &mut errors),
            "image" => {
                fields.image = value.as_str().and_then(ImageUrl::parse);
                if fields.image.is_none() {
                    errors.add(pointer, "must be an absolute http or https URL with a host");
                }
            }
            _ => match value {
                Value::String(text) => fields.description = Some(text),
                _ => errors.add(pointer, "must be a string"),
            },
        }
    }
    (fields, errors)
}

fn check_cast(value: Value, errors: &mut FieldErrors) -> Option<Vec<String>> {
    let Value::Array(entries) = value else {
        errors.add("/cast".to_owned(), "must be an array of strings");
        return None;
    };
    let mut cast = Vec::with_capacity(entries.len());
    let mut valid = true;
    for (index, entry) in entries.into_iter().enumerate() {
        if let Value::String(name) = entry {
            cast.push(name);
        } else {
            valid = false;
            errors.add(format!("/cast/{index}"), "must be a string");
        }
    }
    valid.then_some(cast)
}

/// A JSON Pointer to a member, of a length that an answer can carry.
fn pointer_to(name: &str) -> String {
    let cut = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_NAME_BYTES).last();
    let shown = name.get(..cut.unwrap_or_default()).unwrap_or_default();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("/{}{more}", shown.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        r#"{"title":"The Dare","year":2020,"cast":["A"],"image":"https://x.org/a.jpg","description":""}"#;

    fn pointers(json: &str) -> Vec<String> {
        match Movie::from_json(json.as_bytes()) {
            Err(Invalid::Fields(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("expected field errors, got {other:?}"),
        }
    }

    #[test]
    fn a_whole_movie_is_read_and_written_alike() {
        let movie = Movie::from_json(WHOLE.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&movie).unwrap(), WHOLE);
        assert_eq!(movie.id().unwrap().as_str(), "The Dare-2020");
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
        assert_eq!(pointers(&json), ["/description", "/year"]);
    }

    #[test]
    fn only_integers_from_1_to_9999_are_years() {
        for bad in ["0", "-1", "10000", "2020.5", "2020.0", "1e3", "1e30", "\"2020\"", "true", "[2020]"] {
            assert_eq!(pointers(&WHOLE.replace("2020", bad)), ["/year"], "{bad}");
        }
        for good in ["1", "9999"] {
            assert!(Movie::from_json(WHOLE.replace("2020", good).as_bytes()).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_not_one_json_object_is_not_read() {
        for bad in ["", " ", "{", "[]", "7", "null", "\"x\"", "{} x", "\u{feff}{}", "{\"title\":\"\\ud800\"}"] {
            assert!(matches!(Movie::from_json(bad.as_bytes()), Err(Invalid::Json(_))), "{bad:?}");
        }
        let deep = format!("{{\"title\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(matches!(Movie::from_json(deep.as_bytes()), Err(Invalid::Json(_))));
        assert!(matches!(Movie::from_json(b"{\"title\":\"\xff\"}"), Err(Invalid::Json(_))));
    }

    #[test]
    fn the_answer_to_a_hostile_body_stays_small() {
        let many: Vec<_> = (0..50_000).map(|n| format!("\"{n}\":0")).collect();
        assert_eq!(pointers(&format!("{{{}}}", many.join(","))).len(), MAX_FIELD_ERRORS);
        let long = format!("{{\"{}\":0}}", "é".repeat(100_000));
        assert!(pointers(&long)[0].len() < 2 * MAX_NAME_BYTES);
    }

    #[test]
    fn the_last_dash_splits_an_id() {
        for id in ["Spider-Man-2002", "-1", "--1", "a b-1999", "..-2020", "?-1", "\u{0}-1"] {
            let parsed = MovieId::parse(id);
            assert_eq!(parsed.as_ref().map(MovieId::as_str), (id != "-1").then_some(id), "{id:?}");
        }
        for no_id in ["", "-", "x", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０", " -2020"] {
            assert_eq!(MovieId::parse(no_id), None, "{no_id:?}");
        }
    }

    #[test]
    fn an_id_fits_a_partition_key() {
        let longest = Title::parse(&"é".repeat(1021)).unwrap();
        assert_eq!(MovieId::new(&longest, Year(2020)).unwrap().as_str().len(), 2047);
        let too_long = Title::parse(&"é".repeat(1022)).unwrap();
        assert_eq!(MovieId::new(&too_long, Year(2020)), None);
        let patch = MoviePatch { title: Some(too_long), ..MoviePatch::default() };
        assert!(patch.id_after(&MovieId::parse("x-2020").unwrap()).is_err());
    }

    #[test]
    fn an_image_is_a_web_address() {
        for good in [
            "https://cdn.pixabay.com/photo/film-3057394_1280.jpg",
            "HTTP://EXAMPLE.org",
            "http://localhost:8080/?q=1#f",
            "http://user:pw@[::1]:80/x",
            "https://example.org/фильм.jpg",
        ] {
            assert!(ImageUrl::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "nope",
            "/x.png",
            "//h/x",
            "http:",
            "http:/h",
            "http://",
            "http:///x",
            "https://?x",
            "http://:80/",
            "http://user@/",
            "http://h:99999/",
            "http://h:x/",
            "http://[::1",
            "http://[zz]/",
            " http://h",
            "http://h/ x",
            "http://h/\n",
            "http://h\\@g/",
            "javascript:alert(1)",
            "javascript://h/%0aalert(1)",
            "data:text/html,x",
            "ftp://h/x",
            "file:///etc/passwd",
            "http://h/<b>",
        ] {
            assert!(ImageUrl::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let movie = Movie::from_json(WHOLE.as_bytes()).unwrap();
        let patch = MoviePatch::from_json(br#"{"year":1999}"#).unwrap();
        assert_eq!(patch.id_after(&movie.id().unwrap()).unwrap().as_str(), "The Dare-1999");
        assert_eq!(patch.apply(movie.clone()), Movie { year: Year(1999), ..movie });
        assert_eq!(MoviePatch::from_json(b"{}"), Err(Invalid::Empty));
    }
}
