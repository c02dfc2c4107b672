//! The URL of a movie's picture.

use std::net::Ipv6Addr;

use lambda_http::http::uri::Authority;
use serde::{Deserialize, Serialize};

use crate::fields::Field;

/// An absolute `http` or `https` URL with a host. It is stored and shown, never fetched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ImageUrl(String);

impl Field for ImageUrl {
    const RULE: &'static str = "must be an absolute http or https URL with a host";
}

impl TryFrom<String> for ImageUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, &'static str> {
        if is_web_address(&url) { Ok(Self(url)) } else { Err(Self::RULE) }
    }
}

/// Whether a browser accepts `text` as a web address without a correction.
fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_clean = text.chars().all(|c| match c {
        '"' | '<' | '>' | '\\' => false,
        '!'..='~' => true,
        other => !other.is_whitespace() && !other.is_control(),
    });
    is_web && is_clean && rest.strip_prefix("//").is_some_and(|rest| has_host(authority(rest)))
}

/// The part before the path, the query or the fragment.
fn authority(rest: &str) -> &str {
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Whether there is a host, and whether the port is valid if there is one.
fn has_host(authority: &str) -> bool {
    // A faster check for a host name without user and port, the most common case. A page has up to a thousand URLs.
    let is_plain = |byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if !authority.is_empty() && authority.bytes().all(is_plain) {
        return true;
    }
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host();
    let valid = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ipv6) => ipv6.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains(['[', ']']),
    };
    let after_user = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, after)| after);
    let port = after_user.strip_prefix(host).unwrap_or_default();
    valid && (port.is_empty() || port == ":" || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_web_address() {
        for good in [
            "https://cdn.pixabay.com/photo/film-3057394_1280.jpg",
            "HTTP://EXAMPLE.org",
            "http://localhost:8080/?q=1#f",
            "http://user:pw@[::1]:80/x",
            "http://[::1]",
            "http://user@h/x",
            "http://h:/x",
            "https://example.org/фильм.jpg",
        ] {
            assert!(ImageUrl::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "nope",
            "/x.png",
            "//h/x",
            "http:",
            "http:/h",
            "http://",
            "http:///x",
            "https://?x",
            "http://:80/",
            "http://user@/",
            "http://h:99999/",
            "http://h:x/",
            "http://[::1",
            "http://[zz]/",
            " http://h",
            "http://h/ x",
            "http://h/\n",
            "http://h\\@g/",
            "javascript:alert(1)",
            "javascript://h/%0aalert(1)",
            "data:text/html,x",
            "ftp://h/x",
            "file:///etc/passwd",
            "http://h/<b>",
        ] {
            assert!(ImageUrl::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
