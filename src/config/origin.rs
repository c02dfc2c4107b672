//! The origins (RFC 6454) whose pages may call the API.

use std::str::FromStr;

use url::Url;

/// Whose pages may call the API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AllowOrigins {
    /// Pages of every origin.
    Any,
    /// Pages of these origins.
    Listed(Vec<Origin>),
}

/// An origin: scheme, host and port, normalized.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin(url::Origin);

/// A part of a list that is not an origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotAnOrigin(pub String);

/// Reads `*`, or origins separated by commas.
impl FromStr for AllowOrigins {
    type Err = NotAnOrigin;

    fn from_str(list: &str) -> Result<Self, NotAnOrigin> {
        if list.trim() == "*" {
            return Ok(Self::Any);
        }
        list.split(',').map(|origin| origin.trim().parse()).collect::<Result<_, _>>().map(Self::Listed)
    }
}

/// Reads an origin, with or without one slash at its end.
impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        // A URL parser silently corrects text that is not an origin, so only the characters of a host and a port are
        // accepted.
        let is_strict = text.split_once("://").is_some_and(|(scheme, rest)| {
            let authority = rest.strip_suffix('/').unwrap_or(rest);
            (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
                && authority.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
                && !authority.ends_with(':')
        });
        let url = Some(text).filter(|_| is_strict).and_then(|text| Url::parse(text).ok());
        url.map(|url| Self(url.origin())).ok_or_else(|| NotAnOrigin(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_normalized() {
        for (configured, sent) in [
            ("https://app.example.org", "https://app.example.org"),
            ("https://app.example.org/", "https://app.example.org"),
            ("https://Admin.Example.org", "https://admin.example.org"),
            ("HTTPS://example.org", "https://example.org"),
            ("https://example.org:443", "https://example.org"),
            ("http://example.org:80/", "http://example.org"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("http://192.0.2.1", "http://192.0.2.1"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(configured.parse::<Origin>(), sent.parse::<Origin>(), "{configured}");
            assert!(configured.parse::<Origin>().is_ok(), "{configured}");
        }
    }

    #[test]
    fn scheme_host_and_port_tell_origins_apart() {
        let origin: Origin = "https://example.org".parse().unwrap();
        for other in [
            "http://example.org",
            "https://example.org:80",
            "https://www.example.org",
            "https://example.org.evil.org",
            "https://example.com",
        ] {
            assert_ne!(other.parse::<Origin>().unwrap(), origin, "{other}");
        }
    }

    #[test]
    fn text_that_is_not_an_origin_is_rejected() {
        for text in [
            "",
            "/",
            "*",
            "null",
            "example.org",
            "//example.org",
            "https:example.org",
            "https:/example.org",
            "https://",
            "https:///",
            "https://:443",
            "https://example.org//",
            "https://example.org/path",
            "https://example.org/?q",
            "https://example.org?q",
            "https://example.org#f",
            "https://user@example.org",
            "https://user:pw@example.org",
            "https://example.org:",
            "https://example.org:99999",
            "https://example.org:-1",
            "https://example.org:x",
            "https://*.example.org",
            "https://exa mple.org",
            "https://example.org\n",
            "https://ex%61mple.org",
            "https://bücher.example",
            "https://[::1",
            "https://[zz]",
            "https://::1",
            "ftp://example.org",
            "file:///x",
            "chrome-extension://abc",
            "javascript://example.org",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NotAnOrigin(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_list_is_a_star_or_origins() {
        let origin = |text: &str| text.parse::<Origin>().unwrap();
        for (list, expected) in [
            ("*", Ok(AllowOrigins::Any)),
            (" * ", Ok(AllowOrigins::Any)),
            (
                "https://a.org , http://b.org/",
                Ok(AllowOrigins::Listed(vec![origin("https://a.org"), origin("http://b.org")])),
            ),
            ("", Err("")),
            (",", Err("")),
            ("https://a.org,", Err("")),
            ("*,https://a.org", Err("*")),
            ("https://a.org, null", Err("null")),
            ("https://a.org https://b.org", Err("https://a.org https://b.org")),
        ] {
            assert_eq!(list.parse(), expected.map_err(|text| NotAnOrigin(text.to_owned())), "{list}");
        }
    }
}
