//! The configuration, which is read from environment variables at the start. `docs/operations.md` lists them.

mod origin;

pub use origin::{AllowOrigins, NotAnOrigin, Origin};

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
    /// `BASE_PATH`: the prefix of the API's paths behind a load balancer or proxy. It starts with a slash and does not
    /// end with one. Empty by default. An event does not say where the prefix ends.
    pub base_path: String,
    /// `SWAGGER_UI`: `on` (the default), or `off` for an API without the page at `/`.
    pub swagger_ui: bool,
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

        let origins = variable("CORS_ALLOW_ORIGINS").unwrap_or_else(|| "*".to_owned());
        let cors_allow_origins = origins.parse().map_err(|NotAnOrigin(text)| {
            let problem = format!(
                "is {origins:?}, and {text:?} is not an origin: list origins such as https://example.org, separated by \
                 commas, with an international host name in Punycode (xn--…), or set it to *"
            );
            ConfigError::new("CORS_ALLOW_ORIGINS", problem)
        })?;

        let base_path = variable("BASE_PATH").unwrap_or_default();
        if !base_path.is_empty() && (!base_path.starts_with('/') || base_path.ends_with('/')) {
            let problem = format!("is {base_path:?}: start it with a slash and end it without one, as in /api");
            return Err(ConfigError::new("BASE_PATH", problem));
        }
        let swagger_ui = match variable("SWAGGER_UI").as_deref() {
            None | Some("" | "on") => true,
            Some("off") => false,
            Some(other) => return Err(ConfigError::new("SWAGGER_UI", format!("is {other:?}: set it to on or off"))),
        };
        Ok(Self { table_name, idempotency_table_name, cors_allow_origins, base_path, swagger_ui })
    }
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
            (&[("TABLE_NAME", "m"), ("CORS_ALLOW_ORIGINS", "example.org")], "CORS_ALLOW_ORIGINS", "\"example.org\""),
            (&[("TABLE_NAME", "m"), ("CORS_ALLOW_ORIGINS", "")], "CORS_ALLOW_ORIGINS", "\"\""),
            (
                &[("TABLE_NAME", "m"), ("CORS_ALLOW_ORIGINS", "https://a.org, https://b.org/x")],
                "CORS_ALLOW_ORIGINS",
                "\"https://b.org/x\"",
            ),
            (&[("TABLE_NAME", "m"), ("BASE_PATH", "api/")], "BASE_PATH", "\"api/\""),
            (&[("TABLE_NAME", "m"), ("SWAGGER_UI", "no")], "SWAGGER_UI", "\"no\""),
        ] {
            let error = read(variables).unwrap_err();
            assert!(error.contains(name) && error.contains(value), "{variables:?}: {error}");
        }
    }
}
