//! Maps a method and a path to an operation.
//!
//! [`crate::event`] has decoded the path once and removed the stage and the base path. Everything after `/ns_movies/`
//! is one id, slashes included, because a title may contain any character.
//!
//! `docs/changing.md` says what a new operation and a second entity need here.

use crate::{fields::Noun, movie::Movie, swagger_ui::SwaggerUiFile};

/// What a request asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route<'a> {
    /// An operation on movies.
    Movies(Crud<'a>),
    /// GET the health of the service.
    Health,
    /// GET the OpenAPI document.
    OpenApi,
    /// GET Swagger UI.
    SwaggerUi,
    /// GET a file of Swagger UI.
    SwaggerUiFile(&'static SwaggerUiFile),
    /// OPTIONS of a known path, with its methods.
    Options(Allow),
}

/// An operation on a collection, or on the entity in it with an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Crud<'a> {
    /// GET the collection.
    List,
    /// POST to the collection.
    Create,
    /// GET an entity.
    Read(&'a str),
    /// PUT or PATCH an entity.
    Update(&'a str),
    /// DELETE an entity.
    Delete(&'a str),
}

impl Route<'_> {
    /// The operation's name, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Movies(Crud::List) => "list",
            Self::Movies(Crud::Create) => "create",
            Self::Movies(Crud::Read(_)) => "read",
            Self::Movies(Crud::Update(_)) => "update",
            Self::Movies(Crud::Delete(_)) => "delete",
            Self::Health => "health",
            Self::OpenApi => "openapi",
            Self::SwaggerUi => "swagger_ui",
            Self::SwaggerUiFile(_) => "swagger_ui_file",
            Self::Options(_) => "options",
        }
    }

    /// What the operation writes; `None` if it only reads.
    #[must_use]
    pub fn written(&self) -> Option<Noun> {
        match self {
            Self::Movies(crud) => crud.is_write().then_some(Movie::NOUN),
            Self::Health | Self::OpenApi | Self::SwaggerUi | Self::SwaggerUiFile(_) | Self::Options(_) => None,
        }
    }
}

impl Crud<'_> {
    fn is_write(&self) -> bool {
        match self {
            Self::List | Self::Read(_) => false,
            Self::Create | Self::Update(_) | Self::Delete(_) => true,
        }
    }
}

/// The methods of a path, as an `Allow` header (RFC 9110 §10.2.1).
pub type Allow = &'static str;

/// Why a request has no operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoRoute {
    /// The path does not exist.
    NotFound,
    /// The path does not support the method.
    MethodNotAllowed(Allow),
}

/// The first segments of the service's own paths. A base path with one of them would be ambiguous.
pub const FIRST_SEGMENTS: [&str; 4] = ["ns_movies", "health", "swagger.json", "swagger-ui"];

/// The path of the movies. A movie's path adds a slash and its id.
pub const MOVIES: &str = "/ns_movies";

/// Finds the operation. HEAD is routed as GET, and its response loses the body later.
///
/// # Errors
/// [`NoRoute`] for an unknown path, or a known path with another method.
pub fn find<'a>(method: &str, path: &'a str) -> Result<Route<'a>, NoRoute> {
    if let Some(below) = path.strip_prefix(MOVIES) {
        return crud(method, below, Route::Movies);
    }
    let route = match path {
        "/" => Route::SwaggerUi,
        "/swagger.json" => Route::OpenApi,
        "/health" => Route::Health,
        _ => SwaggerUiFile::at(path).map(Route::SwaggerUiFile).ok_or(NoRoute::NotFound)?,
    };
    if matches!(method, "GET" | "HEAD") { Ok(route) } else { options_or_refuse(method, "GET, HEAD, OPTIONS") }
}

/// The operation on a collection, or on an entity in it. `below` is what follows the collection's path.
fn crud<'a>(method: &str, below: &'a str, route: fn(Crud<'a>) -> Route<'a>) -> Result<Route<'a>, NoRoute> {
    if matches!(below, "" | "/") {
        return match method {
            "GET" | "HEAD" => Ok(route(Crud::List)),
            "POST" => Ok(route(Crud::Create)),
            other => options_or_refuse(other, "GET, HEAD, POST, OPTIONS"),
        };
    }
    let id = below.strip_prefix('/').ok_or(NoRoute::NotFound)?;
    match method {
        "GET" | "HEAD" => Ok(route(Crud::Read(id))),
        "PUT" | "PATCH" => Ok(route(Crud::Update(id))),
        "DELETE" => Ok(route(Crud::Delete(id))),
        other => options_or_refuse(other, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    }
}

fn options_or_refuse<'a>(method: &str, allow: Allow) -> Result<Route<'a>, NoRoute> {
    if method == "OPTIONS" { Ok(Route::Options(allow)) } else { Err(NoRoute::MethodNotAllowed(allow)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_collection_has_two_paths() {
        for path in ["/ns_movies", "/ns_movies/"] {
            assert_eq!(find("GET", path), Ok(Route::Movies(Crud::List)), "GET {path}");
            assert_eq!(find("HEAD", path), Ok(Route::Movies(Crud::List)), "HEAD {path}");
            assert_eq!(find("POST", path), Ok(Route::Movies(Crud::Create)), "POST {path}");
            assert_eq!(find("OPTIONS", path), Ok(Route::Options("GET, HEAD, POST, OPTIONS")), "OPTIONS {path}");
            assert_eq!(
                find("DELETE", path),
                Err(NoRoute::MethodNotAllowed("GET, HEAD, POST, OPTIONS")),
                "DELETE {path}"
            );
        }
    }

    #[test]
    fn everything_after_the_collection_is_one_id() {
        for id in ["The Dare-2020", "Face/Off-1997", "/-1", "../x-1", "a?b#c-1", "health"] {
            let path = format!("/ns_movies/{id}");
            assert_eq!(find("GET", &path), Ok(Route::Movies(Crud::Read(id))), "GET {path}");
            assert_eq!(find("PUT", &path), Ok(Route::Movies(Crud::Update(id))), "PUT {path}");
            assert_eq!(find("PATCH", &path), Ok(Route::Movies(Crud::Update(id))), "PATCH {path}");
            assert_eq!(find("DELETE", &path), Ok(Route::Movies(Crud::Delete(id))), "DELETE {path}");
            assert!(matches!(find("POST", &path), Err(NoRoute::MethodNotAllowed(_))), "POST {path}");
        }
    }

    #[test]
    fn other_paths_are_unknown_whatever_the_method() {
        for path in ["", "/x", "/ns_moviesx", "/NS_MOVIES/", "/health/", "//ns_movies/", "/x/ns_movies/"] {
            for method in ["GET", "OPTIONS", "BREW", ""] {
                assert_eq!(find(method, path), Err(NoRoute::NotFound), "{method} {path}");
            }
        }
    }
}
