//! The values of a movie's fields. Every value is valid: it can only be created by parsing.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::fields::{Field, Integer, Text};

/// A movie's title.
pub type Title = Text;

/// The year in which a movie was released.
pub type Year = Integer<1, 9999>;

/// An absolute `http` or `https` URL with a host. It is stored and shown as it was sent, never fetched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ImageUrl(String);

impl Field for ImageUrl {
    fn rule() -> String {
        "must be an absolute http or https URL with a host".to_owned()
    }
}

impl TryFrom<String> for ImageUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_web_address(&text) { Ok(Self(text)) } else { Err(Self::rule()) }
    }
}

/// Whether `text` is the URL of a web server, without a character that could end it in HTML or in a log line.
///
/// `url` parses only what precedes the path. It accepts every path, and would look for the host of `http:///x` in it. It
/// knows a host name with other than ASCII characters only in its form for DNS, such as `xn--bcher-kva.example`.
fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_unsafe = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\');
    let path = rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default();
    is_web && !text.contains(is_unsafe) && text.strip_suffix(path).is_some_and(|origin| Url::parse(origin).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_web_address() {
        let good = "https://cdn.pixabay.com/photo/film-3057394_1280.jpg HTTP://EXAMPLE.org hTTpS://example.org?x \
            http://localhost:8080/?q=1#f http://h?u=http://other/ http://user:pw@[::1]:80/x http://[::1] http://user@h/x http://h:/x \
            http://h:65535 http://127.0.0.1#f http://my_bucket.s3.amazonaws.com/x http://h//x/../y?u=http://other:99999/ \
            http://h/%zz|^`{} https://example.org/фильм.jpg https://xn--bcher-kva.example/";
        for good in good.split(' ') {
            assert_eq!(ImageUrl::try_from(good.to_owned()), Ok(ImageUrl(good.to_owned())));
        }
        // The last one is a host name in another script, which has a form in ASCII.
        let bad = r#"nope /x.png //h/x http: http:/h http:h http:// http:///x https://?x https://#x http://:80/ http://user@/
            http://h:65536/ http://h:99999/ http://h:x/ http://[::1 http://[zz]/ http://[::1%25eth0]/ http://999.1.1.1/
            http://a%20b/ http://a^b/ http://h\@g/ http://h/\ http://h/" http://h/<b http://h/b> javascript:alert(1)
            javascript://h/%0aalert(1) data:text/html,x ftp://h/x file:///etc/passwd httpss://h/ xhttp://h/
            https://bücher.example/"#;
        for bad in bad.split_whitespace() {
            assert_eq!(ImageUrl::try_from(bad.to_owned()), Err(ImageUrl::rule()), "{bad}");
        }
        let rule = "must be an absolute http or https URL with a host".to_owned();
        assert_eq!(ImageUrl::try_from(String::new()), Err(rule));
        for blank in [' ', '\t', '\n', '\0', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}'] {
            for bad in ["_http://h/x", "http_://h/x", "http://h_/x", "http://h/x_y", "http://h/x_"] {
                let bad = bad.replace('_', &blank.to_string());
                assert_eq!(ImageUrl::try_from(bad.clone()), Err(ImageUrl::rule()), "{bad:?}");
            }
        }
    }
}
