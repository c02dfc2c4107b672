//! The configuration, which is read from environment variables at the start. `docs/operations.md` lists them.

use url::Url;

use crate::route::FIRST_SEGMENTS;

/// All settings, except for AWS's own variables.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table_name: String,
    /// `IDEMPOTENCY_TABLE_NAME`: the DynamoDB table that remembers requests with an `Idempotency-Key`. Without it, such
    /// requests are rejected.
    pub idempotency_table_name: Option<String>,
    /// `CORS_ALLOW_ORIGINS`: the origins whose pages may call the API, separated by commas, or `*` (the default).
    pub cors_allow_origins: AllowOrigins,
    /// `BASE_PATH`: the prefix that paths may have before the service's own path, such as `/api`. It is not
    /// percent-encoded. Empty by default.
    pub base_path: String,
    /// `SWAGGER_UI`: `on` (the default), or `off` for an API without the page at `/`.
    pub swagger_ui: bool,
}

/// Whose pages may call the API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AllowOrigins {
    /// Pages of every origin.
    Any,
    /// Pages of these origins, as browsers send them.
    Listed(Vec<String>),
}

/// A variable that is missing or wrong.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("environment variable {variable} {problem}")]
pub struct ConfigError {
    variable: &'static str,
    problem: String,
}

impl ConfigError {
    pub(crate) fn new(variable: &'static str, problem: impl Into<String>) -> Self {
        Self { variable, problem: problem.into() }
    }
}

impl Config {
    /// Reads the configuration. `variable` returns the value of an environment variable.
    ///
    /// # Errors
    /// The first variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let table_name = variable("TABLE_NAME")
            .filter(|name| !name.is_empty())
            .ok_or_else(|| ConfigError::new("TABLE_NAME", "is missing: set it to the DynamoDB table's name"))?;

        let idempotency_table_name = variable("IDEMPOTENCY_TABLE_NAME").filter(|name| !name.is_empty());

        let cors_allow_origins = read_origins(&variable("CORS_ALLOW_ORIGINS").unwrap_or_else(|| "*".to_owned()))?;
        let base_path = read_base_path(&variable("BASE_PATH").unwrap_or_default())?;
        let swagger_ui = match variable("SWAGGER_UI").as_deref() {
            None | Some("" | "on") => true,
            Some("off") => false,
            Some(other) => return Err(ConfigError::new("SWAGGER_UI", format!("is {other:?}: set it to on or off"))),
        };
        Ok(Self { table_name, idempotency_table_name, cors_allow_origins, base_path, swagger_ui })
    }
}

/// Reads `*`, or origins separated by commas. An origin is valid if it is its own serialization (RFC 6454 §6.2), because
/// the service compares it with what a browser sends.
fn read_origins(list: &str) -> Result<AllowOrigins, ConfigError> {
    if list.trim() == "*" {
        return Ok(AllowOrigins::Any);
    }
    let mut origins = Vec::new();
    for text in list.split(',').map(str::trim) {
        // To `url`, an asterisk is a character of a host. Browsers compare origins without wildcards.
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && !text.contains('*'));
        let origin = url.map(|url| url.origin().ascii_serialization());
        if origin.as_deref() != Some(text) {
            let right = origin.map_or_else(
                || {
                    "list origins such as https://app.example.org, separated by commas, with an international host \
                     name in Punycode (xn--…), or set it to *"
                        .to_owned()
                },
                |origin| format!("browsers send {origin}"),
            );
            let problem = format!("contains {text:?}, which is not an origin as browsers send it: {right}");
            return Err(ConfigError::new("CORS_ALLOW_ORIGINS", problem));
        }
        origins.push(text.to_owned());
    }
    Ok(AllowOrigins::Listed(origins))
}

/// Reads a path of whole segments. `/` alone is the empty prefix.
fn read_base_path(text: &str) -> Result<String, ConfigError> {
    if matches!(text, "" | "/") {
        return Ok(String::new());
    }
    let mut segments = text.split('/');
    let is_rooted = segments.next() == Some("");
    // Clients and proxies remove `.` and `..` from a path. The others end a path or escape a character.
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains(['%', '?', '#']);
    if !is_rooted || !segments.clone().all(is_segment) {
        let problem = format!(
            "is {text:?}: set it to a path such as /api or /api/v1, without a slash at its end, and not percent-encoded"
        );
        return Err(ConfigError::new("BASE_PATH", problem));
    }
    if let Some(own) = segments.next().filter(|first| FIRST_SEGMENTS.contains(first)) {
        let problem = format!("is {text:?}: choose a prefix that does not begin with /{own}, a path of the service");
        return Err(ConfigError::new("BASE_PATH", problem));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::read(find).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_table_must_be_named() {
        let config = read(&[("TABLE_NAME", "movies")]).unwrap();
        assert_eq!((config.cors_allow_origins, config.base_path.as_str()), (AllowOrigins::Any, ""));
        assert_eq!(config.idempotency_table_name, None);
    }

    #[test]
    fn an_error_names_its_variable_and_the_value() {
        for (variables, name, value) in [
            (&[][..], "TABLE_NAME", "is missing"),
            (&[("TABLE_NAME", "")], "TABLE_NAME", "is missing"),
            (&[("TABLE_NAME", "m"), ("SWAGGER_UI", "no")], "SWAGGER_UI", "\"no\""),
        ] {
            let error = read(variables).unwrap_err();
            assert!(error.contains(name) && error.contains(value), "{variables:?}: {error}");
        }
    }

    #[test]
    fn a_base_path_is_a_path_of_whole_segments() {
        let base_path = |text: &str| read_base_path(text).map_err(|error| error.to_string());
        for (text, expected) in [("", ""), ("/", ""), ("/api", "/api"), ("/api/v1", "/api/v1"), ("/my api", "/my api")]
        {
            assert_eq!(base_path(text).as_deref(), Ok(expected));
        }
        // Only the first segment counts, and only as a whole.
        for text in ["/api/health", "/health2", "/Health", "/ns_movies.v1"] {
            assert_eq!(base_path(text).as_deref(), Ok(text));
        }
        for text in [
            "api",
            "api/",
            "/api/",
            "//",
            "//api",
            "/api//v1",
            "/.",
            "/api/..",
            "/my%20api",
            "/a?b",
            "/a#b",
            " /api",
            "https://a.org/api",
        ] {
            let error = base_path(text).unwrap_err();
            assert!(error.contains("BASE_PATH") && error.contains(&format!("{text:?}")), "{text}: {error}");
            assert!(error.contains("such as /api"), "{text}: {error}");
        }
        for text in ["/health", "/health/x", "/ns_movies", "/swagger.json", "/swagger-ui/v1"] {
            let error = base_path(text).unwrap_err();
            assert!(error.contains("BASE_PATH") && error.contains("a path of the service"), "{text}: {error}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        let origins = |list: &str| read_origins(list).map_err(|error| error.to_string());
        for star in ["*", " * "] {
            assert_eq!(origins(star), Ok(AllowOrigins::Any));
        }
        for origin in [
            "https://app.example.org",
            "http://localhost:3000",
            "https://example.org:8443",
            "http://192.0.2.1",
            "http://[::1]:3000",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(origins(origin), Ok(AllowOrigins::Listed(vec![origin.to_owned()])));
        }
        let two = ["https://a.org", "http://b.org"].map(str::to_owned).to_vec();
        assert_eq!(origins("https://a.org , http://b.org"), Ok(AllowOrigins::Listed(two)));
    }

    #[test]
    fn the_error_for_another_spelling_has_the_right_one() {
        for (text, right) in [
            ("https://App.example.org/", "https://app.example.org"),
            ("https://app.example.org/", "https://app.example.org"),
            ("HTTPS://example.org", "https://example.org"),
            ("https://example.org:443", "https://example.org"),
            ("http://example.org:80", "http://example.org"),
            ("https://example.org:", "https://example.org"),
            ("https://example.org/path?q#f", "https://example.org"),
            ("https://user:pw@example.org", "https://example.org"),
            ("https:example.org", "https://example.org"),
            ("https://ex%61mple.org", "https://example.org"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("http://127.1", "http://127.0.0.1"),
        ] {
            let error = read_origins(&format!("https://a.org, {text}")).unwrap_err().to_string();
            assert!(error.contains("CORS_ALLOW_ORIGINS") && error.contains(&format!("{text:?}")), "{error}");
            assert!(error.ends_with(&format!("browsers send {right}")), "{text}: {error}");
        }
    }

    #[test]
    fn text_that_is_no_origin_at_all_is_rejected() {
        for (list, text) in [
            ("", ""),
            (",", ""),
            ("https://a.org,", ""),
            (",https://a.org", ""),
            ("*,https://a.org", "*"),
            ("https://a.org, null", "null"),
            ("example.org", "example.org"),
            ("//example.org", "//example.org"),
            ("https://", "https://"),
            ("https://*.example.org", "https://*.example.org"),
            ("https://bücher.example", "https://bücher.example"),
            ("https://exa mple.org", "https://exa mple.org"),
            ("https://example.org:99999", "https://example.org:99999"),
            ("https://192.0.2.256", "https://192.0.2.256"),
            ("https://[::1", "https://[::1"),
            ("ftp://example.org", "ftp://example.org"),
            ("file:///x", "file:///x"),
            ("chrome-extension://abc", "chrome-extension://abc"),
            ("javascript://example.org", "javascript://example.org"),
        ] {
            let error = read_origins(list).unwrap_err().to_string();
            assert!(error.contains(&format!("contains {text:?}")) && error.contains("list origins such as"), "{error}");
        }
    }
}
