//! The HTTP request in an event, in the same form for every event source.

use std::borrow::Cow;

use lambda_http::http::{HeaderMap, HeaderName, header};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// `Idempotency-Key`: makes a request safe to repeat.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The headers that this service reads.
static KNOWN_HEADERS: [HeaderName; 7] = [
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    IDEMPOTENCY_KEY,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::ORIGIN,
];

/// An HTTP request.
#[derive(Debug)]
pub struct Request {
    /// The method as sent; it may be one that HTTP does not define.
    pub method: String,
    /// The path below stage and base path, decoded; `None` if it is not UTF-8.
    pub path: Option<String>,
    /// What [`Self::path`] is decoded from, in the form of the event.
    pub raw_path: String,
    /// The form in which the event source passes a path on.
    pub path_form: PathForm,
    /// The path in the client's URL, percent-encoded. It includes the stage only where the client's URL does.
    pub url_path: String,
    /// The decoded query parameters in order, including repeated ones.
    pub query: Vec<(String, String)>,
    /// The headers that this service reads, including repeated ones. A value can be any text.
    pub headers: HeaderMap<String>,
    /// Identifies the caller of a request with an `Idempotency-Key`, if the event source authenticates callers. Two
    /// callers never have the same text.
    pub caller: Option<String>,
    /// The body's bytes.
    pub body: Result<Vec<u8>, InvalidBody>,
}

/// The form in which an event source passes a path on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PathForm {
    /// As the client sent it. An invalid escape (`%zz`) is literal text.
    Encoded,
    /// Decoded by the event source, which makes `/` and `%2F` the same. A percent sign stands for itself.
    Decoded,
}

/// Why an event's body cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InvalidBody {
    /// The event says that the body is base64, but it is not.
    NotBase64,
    /// The body is a JSON value other than a string or `null`.
    NotText,
}

impl PathForm {
    /// The path as text; `None` if it is not UTF-8.
    pub(super) fn decode(self, path: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Encoded => percent_decode_str(path).decode_utf8().ok(),
            Self::Decoded => Some(Cow::Borrowed(path)),
        }
    }

    /// The path as it is in a URL. Characters that a URL's path cannot contain are escaped.
    pub(super) fn encode(self, path: &str) -> String {
        const NOT_IN_A_PATH: &AsciiSet =
            &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'?').add(b'#');
        const NOT_ENCODED_YET: &AsciiSet = &NOT_IN_A_PATH.add(b'%');
        let set = if self == Self::Encoded { NOT_IN_A_PATH } else { NOT_ENCODED_YET };
        utf8_percent_encode(path, set).to_string()
    }

    /// The rest of a path after a prefix of whole segments. The prefix is decoded text such as `/api`.
    pub(super) fn below<'a>(self, path: &'a str, prefix: &str) -> Option<&'a str> {
        let segments = prefix.matches('/').count();
        let end = path.match_indices('/').nth(segments).map_or(path.len(), |(slash, _)| slash);
        let (start, rest) = path.split_at_checked(end)?;
        (self.decode(start)? == prefix).then_some(if rest.is_empty() { "/" } else { rest })
    }
}

impl Request {
    /// Removes the base path. A path that does not begin with it stays as it is.
    pub fn strip_base_path(&mut self, base_path: &str) {
        if base_path.is_empty() {
            return;
        }
        if let Some(rest) = self.path_form.below(&self.raw_path, base_path) {
            self.path = self.path_form.decode(rest).map(Cow::into_owned);
            self.raw_path = rest.to_owned();
        }
    }

    /// A header's value without the whitespace around it (RFC 9110 §5.5). The values of a repeated header are joined
    /// with commas (§5.3).
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<String> {
        let values: Vec<_> = self.headers.get_all(name).iter().map(|value| trim(value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// The header with this name, if this service reads it. Case does not matter (RFC 9110 §5.1).
pub(super) fn header_name(name: &str) -> Option<HeaderName> {
    KNOWN_HEADERS.iter().find(|known| known.as_str().eq_ignore_ascii_case(name)).cloned()
}

/// Removes spaces and tabs around a header's value. All other characters are part of the value.
#[must_use]
pub fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        use PathForm::{Decoded, Encoded};
        for (form, path, prefix, rest) in [
            (Encoded, "/api/ns_movies/a%2Fb-1", "/api", Some("/ns_movies/a%2Fb-1")),
            (Encoded, "/my%20api/x%20", "/my api", Some("/x%20")),
            (Encoded, "/api/v1/x", "/api/v1", Some("/x")),
            (Encoded, "/api", "/api", Some("/")),
            (Encoded, "/api/", "/api", Some("/")),
            (Encoded, "/api/api/x", "/api", Some("/api/x")),
            (Encoded, "/api%2Fx", "/api", None),
            (Encoded, "/%FF/x", "/api", None),
            (Encoded, "/apix/", "/api", None),
            (Encoded, "/x/", "/api", None),
            (Encoded, "", "/api", None),
            (Decoded, "/my api/x%20", "/my api", Some("/x%20")),
            (Decoded, "/my%20api/x", "/my api", None),
            (Decoded, "/é/x", "/é", Some("/x")),
        ] {
            assert_eq!(form.below(path, prefix), rest, "{path}");
        }
    }
}
