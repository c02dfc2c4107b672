//! The query parameters of a listing of movies, as one type, and functions for the parameters of every listing.

use crate::{cursor, event::Request, movie::Year, problem::Problem};

/// The default number of movies on a page.
const DEFAULT_LIMIT: usize = 100;

/// How many movies a page has at most.
const MAX_LIMIT: usize = 1000;

/// The query parameters of a listing of movies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListQuery {
    /// How many movies the page has at most.
    pub limit: usize,
    /// The one year to list.
    pub year: Option<Year>,
    /// The id after which the page starts.
    pub cursor: Option<String>,
}

impl ListQuery {
    /// Reads the parameters of a request to list `table`. Unknown parameters are ignored.
    ///
    /// # Errors
    /// A 400 that names the parameter.
    pub(super) fn read(request: &Request, table: &str) -> Result<Self, Problem> {
        let limit = limit(request)?;
        let year = parameter(request, "year")?.map(|year| {
            year.parse::<Year>().map_err(|()| Problem::bad_request("`year` must be an integer from 1 to 9999."))
        });
        let mut query = Self { limit, year: year.transpose()?, cursor: None };
        query.cursor = cursor(request, table, &query.filters())?;
        Ok(query)
    }

    /// The query string for the page after the movie with the id `last`.
    pub(super) fn after(&self, table: &str, last: &str) -> String {
        after(self.limit, table, &self.filters(), last)
    }

    /// The query string of the parameters that select movies. A cursor is valid only for the same filters. `limit` can
    /// change from page to page.
    fn filters(&self) -> String {
        let Self { limit: _, year, cursor: _ } = self;
        let mut filters = form_urlencoded::Serializer::new(String::new());
        filters.extend_pairs(year.map(|year| ("year", year.to_string())));
        filters.finish()
    }
}

/// How many entities a page has at most.
///
/// # Errors
/// A 400 that names the parameter.
pub(super) fn limit(request: &Request) -> Result<usize, Problem> {
    let limit = parameter(request, "limit")?.map(|limit| {
        page_size(limit)
            .ok_or_else(|| Problem::bad_request(format!("`limit` must be an integer from 1 to {MAX_LIMIT}.")))
    });
    Ok(limit.transpose()?.unwrap_or(DEFAULT_LIMIT))
}

/// The id after which a page of `table` with `filters` starts.
///
/// # Errors
/// A 400 that names the parameter.
pub(super) fn cursor(request: &Request, table: &str, filters: &str) -> Result<Option<String>, Problem> {
    let cursor = parameter(request, "cursor")?.map(|cursor| {
        cursor::decode(table, filters, cursor)
            .ok_or_else(|| Problem::bad_request("`cursor` was not issued for this listing. Start again without it."))
    });
    cursor.transpose()
}

/// The query string for the page after the id `last`.
pub(super) fn after(limit: usize, table: &str, filters: &str, last: &str) -> String {
    let cursor = cursor::encode(table, filters, last);
    let separator = if filters.is_empty() { "" } else { "&" };
    format!("limit={limit}{separator}{filters}&cursor={cursor}")
}

/// Accepts digits only, because Rust's parser accepts a plus sign too.
fn page_size(limit: &str) -> Option<usize> {
    let digits = Some(limit).filter(|limit| limit.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
}

/// The value of a parameter, which can occur only once.
fn parameter<'a>(request: &'a Request, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Problem::bad_request(format!("`{name}` is given more than once."))),
        (value, None) => Ok(value),
    }
}
