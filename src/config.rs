//! The environment, read once at start. An error names its variable.

use std::fmt;

/// All that can be configured from outside, but for AWS's own variables.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table_name: String,
    /// `CORS_ALLOW_ORIGINS`: the origins whose pages may call the API, comma-separated, or `*` (the default) for all.
    pub cors_allow_origins: Vec<String>,
    /// `BASE_PATH`: the path that a load balancer or proxy puts before the API's own and that nothing else in the event
    /// tells, with a leading slash and none at its end; empty by default.
    pub base_path: String,
    /// `SWAGGER_UI`: `on` (the default), or `off` for an API that shows no page at `/`.
    pub swagger_ui: bool,
    /// `TLS_ROOTS`: a PEM file of the certificate authorities to trust instead of those of [`crate::tls`].
    pub tls_roots: Option<String>,
}

/// A variable that is missing or wrong.
#[derive(Debug, Eq, PartialEq)]
pub struct ConfigError {
    variable: &'static str,
    problem: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment variable {} {}", self.variable, self.problem)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the configuration from `variable`, which has the shape of [`std::env::var`].
    ///
    /// # Errors
    /// The first variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let table_name = variable("TABLE_NAME").filter(|name| !name.is_empty()).ok_or(ConfigError {
            variable: "TABLE_NAME",
            problem: "is missing: set it to the DynamoDB table's name",
        })?;

        let origins = variable("CORS_ALLOW_ORIGINS").unwrap_or_else(|| "*".to_owned());
        let origins: Vec<_> = origins.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
        if origins.iter().any(|origin| *origin != "*" && !origin.contains("://")) {
            let problem = "is wrong: list origins such as https://example.org, comma-separated, or *";
            return Err(ConfigError { variable: "CORS_ALLOW_ORIGINS", problem });
        }

        let base_path = variable("BASE_PATH").unwrap_or_default();
        if !base_path.is_empty() && (!base_path.starts_with('/') || base_path.ends_with('/')) {
            let problem = "is wrong: start it with a slash and end it without, as in /api";
            return Err(ConfigError { variable: "BASE_PATH", problem });
        }
        let swagger_ui = match variable("SWAGGER_UI").as_deref() {
            None | Some("" | "on") => true,
            Some("off") => false,
            Some(_) => return Err(ConfigError { variable: "SWAGGER_UI", problem: "is wrong: it is on or off" }),
        };
        Ok(Self {
            table_name,
            cors_allow_origins: origins.into_iter().map(str::to_owned).collect(),
            base_path,
            swagger_ui,
            tls_roots: variable("TLS_ROOTS").filter(|path| !path.is_empty()),
        })
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
        assert_eq!((config.cors_allow_origins.as_slice(), config.base_path.as_str()), (&["*".to_owned()][..], ""));
    }

    #[test]
    fn an_error_names_its_variable() {
        for (variables, name) in [
            (&[][..], "TABLE_NAME"),
            (&[("TABLE_NAME", "")], "TABLE_NAME"),
            (&[("TABLE_NAME", "m"), ("CORS_ALLOW_ORIGINS", "example.org")], "CORS_ALLOW_ORIGINS"),
            (&[("TABLE_NAME", "m"), ("BASE_PATH", "api/")], "BASE_PATH"),
            (&[("TABLE_NAME", "m"), ("SWAGGER_UI", "no")], "SWAGGER_UI"),
        ] {
            assert!(read(variables).unwrap_err().contains(name));
        }
    }
}
