//! Maps a method and a path to an operation.
//!
//! [`crate::event`] has decoded the path once and removed the stage and the base path. Everything after `/ns_movies/`
//! is one id, slashes included, because a decoded path does not show which of them belong to an id.
//!
//! `docs/changing.md` says what a new operation needs here.

use crate::swagger_ui::SwaggerUiFile;

/// What a request asks for. A movie's operation has the id from the path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route<'a> {
    /// GET the movies.
    List,
    /// POST a movie.
    Create,
    /// GET a movie.
    Read(&'a str),
    /// PUT or PATCH a movie.
    Update(&'a str),
    /// DELETE a movie.
    Delete(&'a str),
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

impl Route<'_> {
    /// The operation's name, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::Read(_) => "read",
            Self::Update(_) => "update",
            Self::Delete(_) => "delete",
            Self::Health => "health",
            Self::OpenApi => "openapi",
            Self::SwaggerUi => "swagger_ui",
            Self::SwaggerUiFile(_) => "swagger_ui_file",
            Self::Options(_) => "options",
        }
    }

    /// Whether the operation writes a movie.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self, Self::Create | Self::Update(_) | Self::Delete(_))
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
        return find_movies(method, below);
    }
    let route = match path {
        "/" => Route::SwaggerUi,
        "/swagger.json" => Route::OpenApi,
        "/health" => Route::Health,
        _ => SwaggerUiFile::at(path).map(Route::SwaggerUiFile).ok_or(NoRoute::NotFound)?,
    };
    if matches!(method, "GET" | "HEAD") { Ok(route) } else { options_or_refuse(method, "GET, HEAD, OPTIONS") }
}

/// The operation on all movies or on one. `below` is what follows their path.
fn find_movies<'a>(method: &str, below: &'a str) -> Result<Route<'a>, NoRoute> {
    if matches!(below, "" | "/") {
        return match method {
            "GET" | "HEAD" => Ok(Route::List),
            "POST" => Ok(Route::Create),
            other => options_or_refuse(other, "GET, HEAD, POST, OPTIONS"),
        };
    }
    let id = below.strip_prefix('/').ok_or(NoRoute::NotFound)?;
    match method {
        "GET" | "HEAD" => Ok(Route::Read(id)),
        "PUT" | "PATCH" => Ok(Route::Update(id)),
        "DELETE" => Ok(Route::Delete(id)),
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
            assert_eq!(find("GET", path), Ok(Route::List), "GET {path}");
            assert_eq!(find("HEAD", path), Ok(Route::List), "HEAD {path}");
            assert_eq!(find("POST", path), Ok(Route::Create), "POST {path}");
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
        for id in ["a b-1", "a/b-1", "/-1", "../x-1", "a?b#c-1", "health"] {
            let path = format!("/ns_movies/{id}");
            assert_eq!(find("GET", &path), Ok(Route::Read(id)), "GET {path}");
            assert_eq!(find("PUT", &path), Ok(Route::Update(id)), "PUT {path}");
            assert_eq!(find("PATCH", &path), Ok(Route::Update(id)), "PATCH {path}");
            assert_eq!(find("DELETE", &path), Ok(Route::Delete(id)), "DELETE {path}");
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
