//! The HTTP request in an event, in the same form for every event source.

use super::path;

/// An HTTP request.
#[derive(Debug)]
pub struct Request {
    /// The method as sent; it may be one that HTTP does not define.
    pub method: String,
    /// The path below stage and base path, decoded; `None` if it is not UTF-8.
    pub path: Option<String>,
    /// The path in the client's URL, percent-encoded. It includes the stage only where the client's URL does.
    pub full_path: String,
    /// The part of the client's path that [`Self::path`] is decoded from; `None` if the event source decodes the path
    /// itself, which makes `/` and `%2F` the same.
    pub encoded_path: Option<String>,
    /// The decoded query parameters in order, including repeated ones.
    pub query: Vec<(String, String)>,
    /// The headers that this service reads, in order, including repeated ones.
    pub headers: Vec<(Header, String)>,
    /// Identifies the caller, if the event source authenticates callers. Two callers never have the same text.
    pub caller: Option<String>,
    /// The body's bytes.
    pub body: Result<Vec<u8>, InvalidBody>,
    /// The maximum size of a reply's JSON that the event source accepts.
    pub max_reply_bytes: usize,
}

/// Why an event's body cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InvalidBody {
    /// The event says that the body is base64, but it is not.
    NotBase64,
    /// The body is a JSON value other than a string or `null`.
    NotText,
}

/// A header that this service reads. Every other header is ignored.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Header {
    /// The content codings that the client accepts.
    AcceptEncoding,
    /// The headers that a page wants to send (CORS preflight).
    AccessControlRequestHeaders,
    /// The coding of the request's body.
    ContentEncoding,
    /// The media type of the request's body.
    ContentType,
    /// The key that makes a request safe to repeat.
    IdempotencyKey,
    /// The versions that the client requires.
    IfMatch,
    /// The versions that the client has or does not want.
    IfNoneMatch,
    /// The origin of the page that sends the request.
    Origin,
}

impl Header {
    /// The header with this name. Case does not matter (RFC 9110 §5.1).
    pub(super) fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Header); 8] = [
            ("accept-encoding", Header::AcceptEncoding),
            ("access-control-request-headers", Header::AccessControlRequestHeaders),
            ("content-encoding", Header::ContentEncoding),
            ("content-type", Header::ContentType),
            ("idempotency-key", Header::IdempotencyKey),
            ("if-match", Header::IfMatch),
            ("if-none-match", Header::IfNoneMatch),
            ("origin", Header::Origin),
        ];
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, header)| *header)
    }
}

impl Request {
    /// Removes the configured base path. A path that does not begin with it stays as it is.
    pub fn strip_base_path(&mut self, base_path: &str) {
        let rest = self.path.as_deref().and_then(|path| path.strip_prefix(base_path));
        if let Some(rest) = rest.filter(|rest| !base_path.is_empty() && (rest.is_empty() || rest.starts_with('/'))) {
            self.path = Some(path::rooted(rest).into_owned());
            self.encoded_path = self.encoded_path.take().map(|encoded| path::below(&encoded, base_path.len()));
        }
    }

    /// A header's value without the whitespace around it (RFC 9110 §5.5). The values of a repeated header are joined
    /// with commas (§5.3).
    #[must_use]
    pub fn header(&self, header: Header) -> Option<String> {
        let values: Vec<_> =
            self.headers.iter().filter(|(name, _)| *name == header).map(|(_, value)| trim(value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
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
    fn a_base_path_is_removed_where_a_segment_ends() {
        for (encoded, base_path, path, rest) in [
            ("/api/ns_movies/a%2Fb-1", "/api", "/ns_movies/a/b-1", "/ns_movies/a%2Fb-1"),
            ("/my%20api/x%20", "/my api", "/x ", "/x%20"),
            ("/api", "/api", "/", "/"),
            ("/apins_movies/", "/api", "/apins_movies/", "/apins_movies/"),
            ("/ns_movies/", "/api", "/ns_movies/", "/ns_movies/"),
            ("/ns_movies/", "", "/ns_movies/", "/ns_movies/"),
        ] {
            let decoded = path::Form::Encoded.decode(encoded).into_owned();
            let mut request = Request {
                method: String::new(),
                path: String::from_utf8(decoded).ok(),
                full_path: encoded.to_owned(),
                encoded_path: Some(encoded.to_owned()),
                query: Vec::new(),
                headers: Vec::new(),
                caller: None,
                body: Ok(Vec::new()),
                max_reply_bytes: 0,
            };
            request.strip_base_path(base_path);
            assert_eq!(
                (request.path.as_deref(), request.encoded_path.as_deref()),
                (Some(path), Some(rest)),
                "{encoded}"
            );
            assert_eq!(request.full_path, encoded);
        }
    }
}
