//! Request -> route -> operation -> response: what each operation of the contract does with HTTP.
//!
//! [`handle`] never fails: every error is a [`Problem`], and this is the one place where an error becomes one. Bodies
//! are read and written here; what a movie is, [`crate::movie`] knows, and where it is kept, [`crate::store`].

use std::{fmt::Write as _, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest;
use serde::Serialize;

use crate::{
    config::Config,
    cursor,
    event::{self, Header, InvalidBody, Request},
    movie::{Invalid, Movie, MovieId, MoviePatch, Year},
    openapi,
    problem::Problem,
    route::{self, NoRoute, Route},
    store::{Page, Precondition, Store, StoreError, VersionedMovie},
    swagger_ui::{self, Asset},
};

/// The largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The largest listing that is sent, in bytes of the reply to the front door: an ALB takes 1 MB, the others 6 MB or
/// more. A page that would be larger ends earlier.
const MAX_LIST_BYTES: usize = 900_000;

/// How many movies a page has when nothing is said, and at most.
pub const DEFAULT_LIMIT: usize = 100;
/// See [`DEFAULT_LIMIT`].
pub const MAX_LIMIT: usize = 1000;

/// How many etags an `If-Match` may name: as many as DynamoDB's `IN` takes.
const MAX_ETAGS: usize = 100;

/// Everything an id is made of but RFC 3986's unreserved characters is escaped in a link.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The service: what is needed to answer a request.
#[derive(Clone, Debug)]
pub struct App {
    /// The movies.
    pub store: Store,
    /// What was configured.
    pub config: Config,
}

/// Answers a request within `budget`; `request_id` is for the client to name when it reports a problem. The answer's
/// first part is the name of the route, for the log.
pub async fn handle(
    app: &App,
    mut request: Request,
    request_id: &str,
    budget: Duration,
) -> (&'static str, Response<Body>) {
    request.strip_base_path(&app.config.base_path);
    let is_write = !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let (name, answer) = match route(app, &request) {
        Err(problem) => ("none", Err(problem)),
        Ok(route) => {
            let operation = AssertUnwindSafe(operate(app, &request, route)).catch_unwind();
            let answer = match tokio::time::timeout(budget, operation).await {
                Ok(Ok(answer)) => answer,
                // A bug; the panic hook has logged where it is.
                Ok(Err(_)) => Err(Problem::internal()),
                // A write that is cut off here may still happen: that is what the problem says.
                Err(_) => Err(Problem::unavailable(is_write)),
            };
            (route.name(), answer)
        }
    };
    let mut response = answer.unwrap_or_else(|problem| problem.into_response(&request.full_path, request_id));

    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    allow_origin(&app.config, &request, headers);
    let is_bodiless = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if request.method == "HEAD" && !is_bodiless {
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    if request.method == "HEAD" || is_bodiless {
        *response.body_mut() = Body::Empty;
    }
    (name, response)
}

fn route<'a>(app: &App, request: &'a Request) -> Result<Route<'a>, Problem> {
    let path = request.path.as_deref().ok_or_else(|| Problem::bad_request("The path is not UTF-8."))?;
    if !app.config.swagger_ui && swagger_ui::owns(path) {
        return Err(Problem::no_such_path());
    }
    route::find(&request.method, path).map_err(|none| match none {
        NoRoute::NotFound => Problem::no_such_path(),
        NoRoute::MethodNotAllowed(allow) => Problem::method_not_allowed(allow),
    })
}

async fn operate(app: &App, request: &Request, route: Route<'_>) -> Result<Response<Body>, Problem> {
    match route {
        Route::List => list(app, request).await,
        Route::Create => create(app, request).await,
        Route::Read(id) => read(app, request, id).await,
        Route::Update(id) => update(app, request, id).await,
        Route::Delete(id) => delete(app, request, id).await,
        Route::Health => health(app, request).await,
        Route::OpenApi => Ok(with_etag(request, ok(openapi::document(".")), None)),
        Route::SwaggerUi => Ok(with_etag(request, swagger_ui::page(&base_of_page(request)), None)),
        Route::SwaggerUiFile(asset) => Ok(swagger_ui_file(request, asset)),
        Route::Options(allow) => Ok(options(allow)),
    }
}

async fn list(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    let year = parameter(request, "year")?.map(|year| {
        year.parse::<Year>().map_err(|()| Problem::bad_request("The parameter year must be an integer from 1 to 9999."))
    });
    let year = year.transpose()?;
    let limit = match parameter(request, "limit")? {
        None => DEFAULT_LIMIT,
        Some(limit) => page_size(limit).ok_or_else(|| {
            Problem::bad_request(format!("The parameter limit must be an integer from 1 to {MAX_LIMIT}."))
        })?,
    };
    let query = cursor::Query { table: app.store.table(), year };
    let after = parameter(request, "cursor")?.map(|cursor| {
        cursor::decode(query, cursor).ok_or_else(|| {
            Problem::bad_request("The parameter cursor is none that this listing gave out. Start it again without.")
        })
    });

    let page = app.store.list(year, after.transpose()?, limit).await.map_err(|error| problem(error, "", false))?;
    let (json, etag, next) = list_json(page)?;
    let mut response = ok(json);
    let headers = response.headers_mut();
    if let Some(last) = next {
        let mut link = format!("<?limit={limit}");
        if let Some(year) = year {
            let _ = write!(link, "&year={year}");
        }
        let _ = write!(link, "&cursor={}>; rel=\"next\"", cursor::encode(query, &last));
        insert(headers, header::LINK, &link);
    }
    Ok(with_etag(request, response, Some(&etag)))
}

/// Digits only: Rust's own parser would take a plus sign too.
fn page_size(limit: &str) -> Option<usize> {
    let digits = Some(limit).filter(|limit| limit.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
}

/// The tutorial's map of id to movie, its etag, and the id after which the next page starts.
///
/// Written by hand around serde's output of each movie, since what fits one reply is known only as it is written. Which
/// movies they are, in which states, makes the etag: that is all that the text depends on.
fn list_json(mut page: Page) -> Result<(String, String, Option<String>), Problem> {
    let mut json = vec![b'{'];
    let mut etag = digest::Context::new(&digest::SHA256);
    let (mut counted, mut escapes) = (0, 0);
    let mut next = page.next.take();
    let mut last: Option<String> = None;
    for (id, stored) in page.into_movies() {
        let end = json.len();
        if last.is_some() {
            json.push(b',');
        }
        append_json(&mut json, &id)?;
        json.push(b':');
        append_json(&mut json, &stored.movie)?;
        // The reply carries this text as a JSON string, in which some bytes take two; up to half the limit, none need
        // be counted.
        if json.len() > MAX_LIST_BYTES / 2 {
            let new = json.get(counted..).unwrap_or_default();
            escapes += new.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
            counted = json.len();
            if last.is_some() && counted + escapes > MAX_LIST_BYTES {
                json.truncate(end);
                next = last;
                break;
            }
        }
        // A stamp is of one write to one movie.
        etag.update(stored.etag.as_bytes());
        last = Some(id);
    }
    json.push(b'}');
    let json = String::from_utf8(json).map_err(|_| Problem::internal())?;
    Ok((json, hex(&etag.finish()), next))
}

fn append_json(json: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), Problem> {
    serde_json::to_writer(json, value).map_err(|_| Problem::internal())
}

async fn create(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    let movie = Movie::from_json(body(request, &["application/json"], "application/json")?).map_err(bad_body)?;
    let id = movie.id().map_err(bad_body)?;
    let stored = app.store.create(&id, movie).await.map_err(|error| problem(error, id.as_str(), true))?;
    moved(request, &id, &stored)
}

async fn read(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = movie_id(id)?;
    let stored = app.store.get(&id).await.map_err(|error| problem(error, id.as_str(), false))?;
    Ok(with_etag(request, ok(to_json(&stored.movie)?), Some(&stored.etag)))
}

async fn update(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    const TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];
    let id = movie_id(id)?;
    let json = body(request, &TYPES, "application/json, application/merge-patch+json")?;
    let patch = MoviePatch::from_json(json).map_err(bad_body)?;
    let new_id = patch.id_after(&id).map_err(bad_body)?;
    let expected = expected(request)?;
    if new_id == id {
        let stored =
            app.store.update(&id, &patch, &expected).await.map_err(|error| problem(error, id.as_str(), true))?;
        return Ok(with_etag(request, ok(to_json(&stored.movie)?), Some(&stored.etag)));
    }
    let renamed = app.store.rename(&id, &new_id, &patch, &expected).await.map_err(|error| {
        let named = if error == StoreError::Exists { &new_id } else { &id };
        problem(error, named.as_str(), true)
    })?;
    moved(request, &new_id, &renamed)
}

async fn delete(app: &App, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
    let id = movie_id(id)?;
    let expected = expected(request)?;
    app.store.delete(&id, &expected).await.map_err(|error| problem(error, id.as_str(), true))?;
    Ok(Response::new(Body::Empty))
}

async fn health(app: &App, request: &Request) -> Result<Response<Body>, Problem> {
    app.store.ping().await.map_err(|error| problem(error, "", false))?;
    let mut response = with_etag(request, ok(r#"{"status":"ok"}"#.to_owned()), None);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn swagger_ui_file(request: &Request, asset: &Asset) -> Response<Body> {
    let gzip = swagger_ui::accepts_gzip(&request.header(Header::AcceptEncoding).unwrap_or_default());
    let mut response = with_etag(request, asset.response(gzip), Some(&Asset::etag(gzip)));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

/// A plain OPTIONS and a CORS preflight alike; the origin's part is added to every response.
fn options(allow: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, If-Match, If-None-Match, X-Amz-Content-Sha256, X-Amz-Date, \
             X-Amz-Security-Token, X-Api-Key",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Tells a browser whether the page that asks may read the answer (Fetch standard, "CORS protocol").
fn allow_origin(config: &Config, request: &Request, headers: &mut lambda_http::http::HeaderMap) {
    let origins = &config.cors_allow_origins;
    if origins.iter().any(|origin| origin == "*") {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        // One header, since replies have room for one value of each name.
        let others = headers.get(header::VARY).and_then(|vary| vary.to_str().ok());
        let vary = others.map_or_else(|| "Origin".to_owned(), |others| format!("{others}, Origin"));
        insert(headers, header::VARY, &vary);
        match request.header(Header::Origin).filter(|origin| origins.contains(origin)) {
            Some(origin) => insert(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, &origin),
            None => return,
        }
    }
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Location, Retry-After, Allow"),
    );
}

/// The id in a path; one that no movie can have is as unknown as any other.
fn movie_id(id: &str) -> Result<MovieId, Problem> {
    if id.len() > crate::movie::MAX_ID_BYTES {
        return Err(Problem::bad_request("The id in the path is longer than 2,048 bytes; no movie has such an id."));
    }
    MovieId::parse(id).ok_or_else(|| Problem::no_such_movie(id))
}

/// A query parameter that may be given once.
fn parameter<'a>(request: &'a Request, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Problem::bad_request(format!("The parameter {name} is given more than once."))),
        (value, None) => Ok(value),
    }
}

/// The body, if it is JSON of a type that is read, plain, and of a sane size.
fn body<'a>(request: &'a Request, types: &[&str], accepted: &'static str) -> Result<&'a [u8], Problem> {
    let content_type = request.header(Header::ContentType).unwrap_or_default();
    let essence = event::trim(content_type.split(';').next().unwrap_or_default());
    if !essence.is_empty() && !types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        return Err(Problem::unsupported_type(accepted));
    }
    let encoding = request.header(Header::ContentEncoding).unwrap_or_default();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(Problem::unsupported_encoding());
    }
    let body = request.body.as_deref().map_err(|invalid| match invalid {
        InvalidBody::NotBase64 => Problem::bad_body("The event's body is not valid base64."),
        InvalidBody::NotText => Problem::bad_body("The event's body is not a string. Put the JSON text into a string."),
    })?;
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::too_large(format!("The body is larger than {MAX_BODY_BYTES} bytes.")));
    }
    if body.trim_ascii().is_empty() {
        return Err(Problem::bad_body("There is no body; send a JSON object with the movie's fields."));
    }
    Ok(body)
}

fn bad_body(invalid: Invalid) -> Problem {
    match invalid {
        Invalid::Json(detail) => Problem::bad_body(format!("{detail}.")),
        Invalid::Empty => Problem::bad_request("No field is given; name at least one to change."),
        Invalid::Fields(errors) => Problem::bad_fields(errors),
    }
}

/// The one place where an error of the store becomes a problem; `id` is the movie it is about.
fn problem(error: StoreError, id: &str, is_write: bool) -> Problem {
    match error {
        StoreError::NotFound => Problem::no_such_movie(id),
        StoreError::Exists => Problem::movie_exists(id),
        StoreError::Stale => Problem::precondition_failed(),
        StoreError::TooLarge => Problem::too_large("The movie is too large to be stored: 400 KB at most."),
        StoreError::Unavailable => Problem::unavailable(is_write),
        StoreError::Corrupt => Problem::internal(),
    }
}

/// `If-Match`. A weak etag never matches (RFC 9110 §13.1.1), nor does text that is no etag: the client's condition
/// cannot hold then, and the answer is 412.
fn expected(request: &Request) -> Result<Precondition, Problem> {
    let Some(header) = request.header(Header::IfMatch) else { return Ok(Precondition::Any) };
    if header == "*" {
        return Ok(Precondition::Any);
    }
    let etags: Vec<_> = opaque_tags(&header).filter(|(weak, _)| !weak).map(|(_, tag)| tag.to_owned()).collect();
    if etags.len() > MAX_ETAGS {
        return Err(Problem::bad_request(format!("If-Match names more than {MAX_ETAGS} etags.")));
    }
    Ok(Precondition::OneOf(etags))
}

/// The etags in a list, without their quotes, and whether each is weak. An etag may hold a comma.
fn opaque_tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once('"')?;
        let (tag, after) = after.split_once('"')?;
        rest = after;
        Some((before.ends_with("W/"), tag))
    })
}

/// Adds the validator: the movie's own, or one made of the body. A GET whose client has the state already gets a 304.
fn with_etag(request: &Request, mut response: Response<Body>, etag: Option<&str>) -> Response<Body> {
    let etag = match (etag, response.body()) {
        (Some(etag), _) => etag.to_owned(),
        (None, body) => hex(&digest::digest(&digest::SHA256, body.as_ref())),
    };
    insert(response.headers_mut(), header::ETAG, &format!("\"{etag}\""));
    // An etag is of use only to a client that asks again before it uses its copy.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let known = request.header(Header::IfNoneMatch).unwrap_or_default();
    let is_known = known == "*" || opaque_tags(&known).any(|(_, tag)| tag == etag);
    if is_known && matches!(request.method.as_str(), "GET" | "HEAD") {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// The first 128 bits of a hash.
fn hex(digest: &digest::Digest) -> String {
    digest.as_ref().iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// A movie that is now at `id`.
fn moved(request: &Request, id: &MovieId, stored: &VersionedMovie) -> Result<Response<Body>, Problem> {
    let mut response = with_etag(request, ok(to_json(&stored.movie)?), Some(&stored.etag));
    let location = location(request, id);
    insert(response.headers_mut(), header::LOCATION, &location);
    Ok(response)
}

/// A movie's URL, relative to the request's own: a service cannot know its URL behind every gateway (RFC 3986 §4.2).
fn location(request: &Request, id: &MovieId) -> String {
    let below = request.encoded_path.as_deref().and_then(|path| path.strip_prefix(route::COLLECTION));
    // Where the path came decoded, all of it is one segment.
    let slashes = below.map_or_else(
        || usize::from(request.path.as_deref() != Some(route::COLLECTION)),
        |below| below.matches('/').count(),
    );
    let up = if slashes == 0 { "./".to_owned() } else { "../".repeat(slashes) };
    format!("{up}{}/{}", route::COLLECTION.trim_start_matches('/'), utf8_percent_encode(id.as_str(), RESERVED))
}

/// The folder of the service's own paths, relative to the page's URL: a stage is also served without a slash at its end.
fn base_of_page(request: &Request) -> String {
    match request.full_path.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => format!("./{last}"),
        _ => ".".to_owned(),
    }
}

fn ok(json: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(json));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn to_json(value: &(impl Serialize + ?Sized)) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|_| Problem::internal())
}

/// Sets a header from text that is made of visible ASCII.
fn insert(headers: &mut lambda_http::http::HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_told_apart_in_a_list() {
        let list = r#""a", W/"b","c,d" , garbage, "open"#;
        assert_eq!(opaque_tags(list).collect::<Vec<_>>(), [(false, "a"), (true, "b"), (false, "c,d")]);
        assert_eq!(opaque_tags("").count(), 0);
    }
}
