//! A listing: its query, its pages, and the cursors between them.
//!
//! A cursor consists of a checksum and the id of the last movie of a page. The checksum covers the table's name, the
//! listing's filters and the id. It detects a cursor that was changed, or that belongs to another listing or table. It
//! is not a signature, because a cursor does not grant access: anyone may list the movies.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use lambda_http::{Body, Response, http::header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{conditional, message};
use crate::{
    event::Request,
    movie::{MovieId, Year},
    problem::Problem,
    store::{Page, VersionedMovie},
};

/// The default number of movies on a page.
const DEFAULT_LIMIT: usize = 100;

/// How many movies a page has at most.
const MAX_LIMIT: usize = 1000;

/// The maximum size of a page's JSON, unless its only movie is larger. Escaping in a reply at most doubles it, and a load
/// balancer accepts 1 MB.
const MAX_BYTES: usize = 450_000;

const CHECKSUM_BYTES: usize = 16;

/// The query of a listing.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Query {
    /// How many movies the page has at most.
    pub limit: usize,
    /// The one year to list.
    pub year: Option<Year>,
    /// The id after which the page starts.
    pub after: Option<String>,
}

impl Query {
    /// Reads the parameters of a request to list `table`. Unknown parameters are ignored.
    ///
    /// # Errors
    /// A 400 that names the parameter.
    pub fn read(request: &Request, table: &str) -> Result<Self, Problem> {
        let limit = parameter(request, "limit", page_size)?;
        let year = parameter(request, "year", str::parse)?;
        let mut query = Self { limit: limit.unwrap_or(DEFAULT_LIMIT), year, after: None };
        query.after = parameter(request, "cursor", |cursor| {
            let after = decode_cursor(table, &query.filters(), cursor);
            after.ok_or_else(|| "was not issued for this listing. Start again without it".to_owned())
        })?;
        Ok(query)
    }

    /// The query string for the page after the movie with the id `last`.
    fn next(&self, table: &str, last: &str) -> String {
        let filters = self.filters();
        let separator = if filters.is_empty() { "" } else { "&" };
        format!("limit={}{separator}{filters}&cursor={}", self.limit, encode_cursor(table, &filters, last))
    }

    /// The query string of the parameters that select movies. A cursor is valid only for the same filters. `limit` can
    /// change from page to page.
    fn filters(&self) -> String {
        let Self { limit: _, year, after: _ } = self;
        let mut filters = form_urlencoded::Serializer::new(String::new());
        filters.extend_pairs(year.map(|year| ("year", year.to_string())));
        filters.finish()
    }
}

/// The value of a parameter, which can occur only once. `parse` returns the rule that a value breaks.
fn parameter<T>(
    request: &Request,
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, Problem> {
    let mut values = request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Problem::Parameter(name, "is given more than once".to_owned())),
        (None, None) => Ok(None),
        (Some(value), None) => parse(value).map(Some).map_err(|rule| Problem::Parameter(name, rule)),
    }
}

/// Accepts digits only, because Rust's parser accepts a plus sign too.
fn page_size(limit: &str) -> Result<usize, String> {
    let digits = Some(limit).filter(|limit| limit.bytes().all(|byte| byte.is_ascii_digit()));
    let size = digits.and_then(|digits| digits.parse().ok()).filter(|size| (1..=MAX_LIMIT).contains(size));
    size.ok_or_else(|| format!("must be an integer from 1 to {MAX_LIMIT}"))
}

/// The response with a page: a JSON object that maps ids to movies, and the link to the next page.
pub(super) fn respond(
    request: &Request,
    table: &str,
    query: &Query,
    page: Page<(String, VersionedMovie)>,
) -> Result<Response<Body>, Problem> {
    let (json, mut version, next) = fill(page)?;
    let mut response = message::json(json);
    if let Some(last) = next {
        // Relative to the request's own URL, as `Location` is.
        let link = format!("<?{}>; rel=\"next\"", query.next(table, &last));
        message::set_header(response.headers_mut(), header::LINK, &link)?;
        version.update(link);
    }
    conditional::evaluate(request, response, &conditional::hex(&version.finalize()))
}

/// The JSON of a page, a hash of the ids and versions of its movies, and the id of its last movie if more follow. Ends
/// before [`MAX_BYTES`], but has at least one movie.
fn fill(page: Page<(String, VersionedMovie)>) -> Result<(String, Sha256, Option<String>), Problem> {
    let Page { items: movies, mut next } = page;
    let mut json = vec![b'{'];
    let mut hash = Sha256::new();
    let mut last: Option<String> = None;
    for (id, VersionedMovie { movie, version }) in movies {
        let start = json.len();
        if last.is_some() {
            json.push(b',');
        }
        append(&mut json, &id)?;
        json.push(b':');
        append(&mut json, &movie)?;
        if last.is_some() && json.len() >= MAX_BYTES {
            json.truncate(start);
            next = last;
            break;
        }
        // The hash includes the id, because two items of other writers can have the same version.
        for part in [&id, &version] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        last = Some(id);
    }
    json.push(b'}');
    Ok((String::from_utf8(json).map_err(|_| Problem::Internal)?, hash, next))
}

fn append(json: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Problem> {
    serde_json::to_writer(json, value).map_err(|_| Problem::Internal)
}

/// The cursor after the movie with the id `last`, in the listing of `table` with `filters`, which are percent-encoded.
fn encode_cursor(table: &str, filters: &str, last: &str) -> String {
    let mut bytes = checksum(table, filters, last).to_vec();
    bytes.extend_from_slice(last.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The id after which `cursor` continues; `None` if it was not issued for this listing.
fn decode_cursor(table: &str, filters: &str, cursor: &str) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (found, last) = bytes.split_at_checked(CHECKSUM_BYTES)?;
    let last = str::from_utf8(last).ok()?;
    // Anyone can compute a checksum, but DynamoDB fails for a key of an invalid length.
    let is_key = (1..=MovieId::MAX_BYTES).contains(&last.len());
    (is_key && found == checksum(table, filters, last)).then(|| last.to_owned())
}

fn checksum(table: &str, filters: &str, last: &str) -> [u8; CHECKSUM_BYTES] {
    let mut context = Sha256::new();
    // A table's name and percent-encoded text contain no NUL, so that no two inputs have the same bytes.
    for part in ["cursor 1", table, filters] {
        context.update(part.as_bytes());
        context.update([0]);
    }
    context.update(last.as_bytes());
    let digest: [u8; 32] = context.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{api::tests::request, movie::Movie};

    #[test]
    fn a_cursor_continues_after_any_id() {
        for id in ["a b-1", "a/b-1", "日本-1", "\u{0}-1", &"x".repeat(MovieId::MAX_BYTES)] {
            assert_eq!(decode_cursor("movies", "", &encode_cursor("movies", "", id)).as_deref(), Some(id), "{id}");
        }
    }

    #[test]
    fn a_cursor_with_an_id_of_an_invalid_length_is_rejected() {
        for length in [0, MovieId::MAX_BYTES + 1] {
            assert_eq!(
                decode_cursor("movies", "", &encode_cursor("movies", "", &"x".repeat(length))),
                None,
                "{length} bytes"
            );
        }
    }

    #[test]
    fn a_cursor_with_any_character_changed_added_or_cut_is_rejected() {
        let decode = |cursor: &str| decode_cursor("movies", "", cursor);
        let cursor = encode_cursor("movies", "", "A-1");
        for at in 0..cursor.len() {
            for other in ['A', 'B', 'z', '_', '=', ' '] {
                let mut changed: Vec<char> = cursor.chars().collect();
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert!(changed == cursor || decode(&changed).is_none(), "{changed}");
            }
            assert_eq!(decode(cursor.get(..at).unwrap()), None, "cut to {at} characters");
        }
        assert_eq!(decode(&format!("{cursor}A")), None);
        assert_eq!(decode(&"A".repeat(1_000_000)), None);
    }

    fn listing(query: &str) -> Request {
        let mut request = request("GET", "/ns_movies", &Value::Null);
        request.query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        request
    }

    #[test]
    fn a_cursor_is_read_for_its_own_listing() {
        let (filter, other) = ("&year=2000", "&year=2001");
        for (of, with, of_table, expected) in [
            ("", "", "movies", Some("A-1")),
            (filter, filter, "movies", Some("A-1")),
            (filter, other, "movies", None),
            (filter, "", "movies", None),
            ("", filter, "movies", None),
            ("", "", "others", None),
        ] {
            let row = format!("{of:?} {with:?} {of_table}");
            let next = Query::read(&listing(&format!("limit=7{of}")), of_table).unwrap().next(of_table, "A-1");
            assert!(next.contains("limit=7") && next.contains(of), "{row}: {next}");
            let cursor = next.rsplit_once("cursor=").unwrap().1;
            let found = Query::read(&listing(&format!("limit=8{with}&cursor={cursor}")), "movies");
            if let Err(problem) = &found {
                assert!(matches!(problem, Problem::Parameter("cursor", _)), "{row}: {problem}");
            }
            assert_eq!(found.ok().and_then(|query| query.after).as_deref(), expected, "{row}");
        }
    }

    /// A movie whose large field is this text.
    fn movie(n: usize, text: &str) -> (String, VersionedMovie) {
        let fixture: Value = serde_json::from_str(include_str!("../../tests/fixture.json")).unwrap();
        let mut movie = fixture["new"]["body"].clone();
        movie[fixture["large"].as_str().unwrap()] = json!(text);
        let movie = Movie::from_json(movie.to_string().replace("{n}", &n.to_string()).as_bytes()).unwrap();
        (format!("{n}-1"), VersionedMovie { movie, version: "v".to_owned() })
    }

    #[test]
    fn a_page_ends_before_450_kb_and_has_at_least_one_movie() {
        let plain = |bytes: usize| "x".repeat(bytes);
        // The JSON of a movie without its text, with its id and what separates it from others.
        let rest = fill(Page { items: vec![movie(0, "")], next: None }).unwrap().0.len();
        for (name, texts, next, count, last) in [
            ("none", vec![], None, 0, None),
            ("none, but more follow", vec![], Some("Z-1"), 0, Some("Z-1")),
            ("all", vec![plain(10); 3], None, 3, None),
            ("all, and more follow", vec![plain(10); 3], Some("2-1"), 3, Some("2-1")),
            ("one that is larger", vec![plain(500_000)], None, 1, None),
            ("the first is larger", vec![plain(500_000), plain(1)], Some("Z-1"), 1, Some("0-1")),
            ("the second is larger", vec![plain(1), plain(500_000), plain(1)], None, 1, Some("0-1")),
            ("the third is one too many", vec![plain(200_000); 3], None, 2, Some("1-1")),
            ("quotes have two bytes each", vec!["\"".repeat(100_000); 3], None, 2, Some("1-1")),
            ("control characters have six", vec!["\u{1}".repeat(30_000); 3], None, 2, Some("1-1")),
            ("450,000 bytes", vec![plain(225_000 - rest), plain(225_000 - rest + 1)], None, 2, None),
            ("450,001 bytes", vec![plain(225_000 - rest), plain(225_000 - rest + 2)], None, 1, Some("0-1")),
        ] {
            let movies = texts.iter().enumerate().map(|(n, text)| movie(n, text)).collect();
            let (json, _, found) = fill(Page { items: movies, next: next.map(str::to_owned) }).unwrap();
            let page: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(page.as_object().unwrap().len(), count, "{name}");
            assert_eq!(found.as_deref(), last, "{name}");
            assert!(json.len() <= 450_000 || count == 1, "{name}: {} bytes", json.len());
        }
    }
}
