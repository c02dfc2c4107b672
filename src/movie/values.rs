//! The values of a movie's fields, and the id. Every value is valid: it can only be created by parsing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::fields::{Field, Fields};

/// DynamoDB's limit for a partition key, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 2048;

/// A movie's title: any text that is not blank. It is stored exactly as sent, and never normalized.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Title(String);

impl Field for Title {
    const RULE: &'static str = "must be a string that is not blank";
}

/// Accepts any text that is not blank. [`MovieId::new`] limits the length, because it knows the year too.
impl TryFrom<String> for Title {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.trim().is_empty() { Err(Self::RULE) } else { Ok(Self(text)) }
    }
}

impl AsRef<str> for Title {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The year in which a movie was released, 1 to 9999.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Year(u16);

impl Year {
    /// The first year, which also gives the shortest ids.
    pub const FIRST: Self = Self(1);
}

impl Field for Year {
    const RULE: &'static str = "must be an integer from 1 to 9999";

    /// Parses a number by its value: `2020`, `2020.0` and `2.02e3` are the same. Only an item needs an exact integer,
    /// because DynamoDB compares all digits.
    fn read(json: &RawValue, pointer: &str, fields: &mut Fields) -> Option<Self> {
        let number = serde_json::from_str::<f64>(json.get()).ok();
        // `Display` writes a number without a fraction as digits.
        let year = number.and_then(|number| number.to_string().parse().ok());
        if year.is_none() {
            fields.add_error(pointer, Self::RULE);
        }
        year
    }
}

impl TryFrom<u64> for Year {
    type Error = &'static str;

    fn try_from(year: u64) -> Result<Self, &'static str> {
        u16::try_from(year).ok().filter(|year| (1..=9999).contains(year)).map(Self).ok_or(Self::RULE)
    }
}

/// Parses only the form that `Display` writes: digits without a sign and without leading zeros.
impl FromStr for Year {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_canonical = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let year = text.parse::<u64>().ok().filter(|_| is_canonical);
        year.and_then(|year| year.try_into().ok()).ok_or(())
    }
}

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An absolute `http` or `https` URL with a host. It is stored and shown as it was sent, never fetched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ImageUrl(String);

impl Field for ImageUrl {
    const RULE: &'static str = "must be an absolute http or https URL with a host";
}

impl TryFrom<String> for ImageUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if is_web_address(&text) { Ok(Self(text)) } else { Err(Self::RULE) }
    }
}

/// Whether `text` is the URL of a web server, without a character that could end it in HTML or in a log line.
///
/// `url` parses only what precedes the path. It accepts every path, and would look for the host of `http:///x` in it. It
/// knows a host name with other than ASCII characters only in its form for DNS, such as `xn--bcher-kva.example`.
fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_clean = text.chars().all(|c| match c {
        '"' | '<' | '>' | '\\' => false,
        '!'..='~' => true,
        other => !other.is_whitespace() && !other.is_control(),
    });
    let path = rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default();
    is_web && is_clean && text.strip_suffix(path).is_some_and(|origin| Url::parse(origin).is_ok())
}

/// `{title}-{year}`, the table's partition key.
///
/// A year has no dash, so the last dash separates title and year, and two different movies never share an id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MovieId {
    text: String,
    title: Title,
    year: Year,
}

impl MovieId {
    /// `None` if the id would exceed [`MAX_ID_BYTES`].
    #[must_use]
    pub fn new(title: &Title, year: Year) -> Option<Self> {
        let text = format!("{}-{year}", title.0);
        (text.len() <= MAX_ID_BYTES).then(|| Self { text, title: title.clone(), year })
    }

    /// Parses an id from a client; `None` if a movie cannot have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (title, year) = text.rsplit_once('-')?;
        Self::new(&title.to_owned().try_into().ok()?, year.parse().ok()?)
    }

    /// The title in it.
    #[must_use]
    pub fn title(&self) -> &Title {
        &self.title
    }

    /// The year in it.
    #[must_use]
    pub fn year(&self) -> Year {
        self.year
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for MovieId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(number: &str) -> Option<u16> {
        let json = format!("{{\"year\":{number}}}");
        let mut fields = Fields::read(json.as_bytes(), &["year"]).unwrap();
        let year = fields.required::<Year>("year");
        fields.finish(year).ok().map(|year| year.0)
    }

    #[test]
    fn a_title_is_any_text_that_is_not_blank() {
        for good in ["a", " a\n", "\u{0}", "\u{200b}", "\u{feff}", ".", "é", "e\u{301}", "🎬"] {
            assert_eq!(Title::try_from(good.to_owned()).unwrap().as_ref(), good);
        }
        for blank in ["", " ", "\t\r\n", "\u{85}", "\u{a0}\u{2003}\u{2028}\u{3000}"] {
            assert_eq!(Title::try_from(blank.to_owned()), Err(Title::RULE), "{blank:?}");
        }
    }

    #[test]
    fn a_number_is_a_year_by_its_value() {
        let forms = "2020 2020.0 2020.000000000000000000000000000000 2.02e3 2.02E+3 202000e-2 0.202e4 2020e0 2020e-0 \
            0.000002020E9 20200000000000000000000000000000000e-31";
        for number in forms.split(' ').chain(["\n2020 "]) {
            assert_eq!(year(number), Some(2020), "{number}");
        }
        // The binary number nearest to the last one is 1.
        for (number, expected) in
            [("1", 1), ("1e3", 1000), ("9999", 9999), ("9999.0", 9999), ("0.9999999999999999999", 1)]
        {
            assert_eq!(year(number), Some(expected), "{number}");
        }
    }

    #[test]
    fn any_other_value_is_not_a_year() {
        let others = "0 -0.0 0e5 0.0e99999999999999999999 0.5 -1 -2020.0 2020.5 2021e-1 9999.5 9999.9999999999999999999 \
            10000 1e4 1e30 1e308 1e400 1e-400 1e9223372036854775807 1.5e-9223372036854775808 1e99999999999999999999 \
            \"2020\" true null [2020] {\"2020\":2020}";
        for other in others.split(' ') {
            assert_eq!(year(other), None, "{other}");
        }
    }

    #[test]
    fn the_year_in_an_item_is_an_exact_integer() {
        for (year, is_year) in [(0, false), (1, true), (9999, true), (10_000, false), (65_536 + 2020, false)] {
            assert_eq!(serde_json::from_value::<Year>(year.into()).is_ok(), is_year, "{year}");
        }
        assert!(serde_json::from_str::<Year>("2020.0").is_err());
    }

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
            assert_eq!(ImageUrl::try_from(bad.to_owned()), Err(ImageUrl::RULE), "{bad}");
        }
        assert_eq!(ImageUrl::try_from(String::new()), Err(ImageUrl::RULE));
        for blank in [' ', '\t', '\n', '\0', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}'] {
            for bad in ["_http://h/x", "http_://h/x", "http://h_/x", "http://h/x_y", "http://h/x_"] {
                let bad = bad.replace('_', &blank.to_string());
                assert_eq!(ImageUrl::try_from(bad.clone()), Err(ImageUrl::RULE), "{bad:?}");
            }
        }
    }

    #[test]
    fn the_last_dash_splits_an_id() {
        for (id, title, year) in [
            ("Spider-Man-2002", "Spider-Man", 2002),
            ("--1", "-", 1),
            ("a b-1999", "a b", 1999),
            ("..-2020", "..", 2020),
            ("?-1", "?", 1),
            ("\u{0}-9999", "\u{0}", 9999),
        ] {
            let parsed = MovieId::parse(id).unwrap();
            assert_eq!((parsed.as_str(), parsed.title().as_ref(), parsed.year().0), (id, title, year));
            assert_eq!(parsed.to_string(), id);
        }
        for no_id in ["", "-", "-1", "x", "x-", "x-0", "x-02020", "x-+1", "x-10000", "x-2020/", "x-２０２０", " -2020"]
        {
            assert_eq!(MovieId::parse(no_id), None, "{no_id:?}");
        }
    }

    #[test]
    fn an_id_fits_a_partition_key() {
        for (title, year, fits) in
            [("x".repeat(2043), 2020, true), ("x".repeat(2044), 2020, false), ("x".repeat(2044), 999, true)]
        {
            let id = format!("{title}-{year}");
            let title = Title::try_from(title).unwrap();
            let new = MovieId::new(&title, Year(year));
            assert_eq!(new.as_ref().map(MovieId::as_str), fits.then_some(id.as_str()));
            assert_eq!(MovieId::parse(&id), new);
        }
        let in_bytes = Title::try_from("é".repeat(1022)).unwrap();
        assert_eq!(MovieId::new(&in_bytes, Year(2020)), None);
    }
}
