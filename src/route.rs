//! Finds the operation that a method and a path name.
//!
//! [`crate::event`] has decoded the path once and removed stage and base path. Everything after `/ns_movies/` is one id,
//! slashes included, because a title may contain any character.

use crate::swagger_ui::SwaggerUiFile;

/// What a request asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route<'a> {
    /// GET the collection.
    List,
    /// POST to the collection.
    Create,
    /// GET one movie.
    Read(&'a str),
    /// PUT or PATCH one movie.
    Update(&'a str),
    /// DELETE one movie.
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
}

/// The methods of a path, as an `Allow` header (RFC 9110 §10.2.1).
pub type Allow = &'static str;

/// Why a request has no operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoRoute {
    /// No such path.
    NotFound,
    /// The path has other methods.
    MethodNotAllowed(Allow),
}

/// The path of the collection. A movie's path adds a slash and its id.
pub const COLLECTION: &str = "/ns_movies";

/// Finds the operation. HEAD is routed as GET, and its response loses the body later.
///
/// # Errors
/// [`NoRoute`] for an unknown path, or a known path with another method.
pub fn find<'a>(method: &str, path: &'a str) -> Result<Route<'a>, NoRoute> {
    let below = path.strip_prefix(COLLECTION);
    match (below, path) {
        (Some("" | "/"), _) => match method {
            "GET" | "HEAD" => Ok(Route::List),
            "POST" => Ok(Route::Create),
            other => options_or_refuse(other, "GET, HEAD, POST, OPTIONS"),
        },
        (None, _) => {
            let route = match path {
                "/" => Route::SwaggerUi,
                "/swagger.json" => Route::OpenApi,
                "/health" => Route::Health,
                _ => SwaggerUiFile::at(path).map(Route::SwaggerUiFile).ok_or(NoRoute::NotFound)?,
            };
            if matches!(method, "GET" | "HEAD") { Ok(route) } else { options_or_refuse(method, "GET, HEAD, OPTIONS") }
        }
        (Some(below), _) => {
            let id = below.strip_prefix('/').ok_or(NoRoute::NotFound)?;
            match method {
                "GET" | "HEAD" => Ok(Route::Read(id)),
                "PUT" | "PATCH" => Ok(Route::Update(id)),
                "DELETE" => Ok(Route::Delete(id)),
                other => options_or_refuse(other, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            }
        }
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
        for id in ["The Dare-2020", "Face/Off-1997", "/-1", "../x-1", "a?b#c-1", "health"] {
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
