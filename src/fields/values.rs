//! Types for the fields of any entity: a text that is not blank, an integer within limits, and the URL of a web server.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use super::{Field, Fields};

/// Any text that is not blank. It is stored exactly as sent, and never normalized.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(String);

impl Field for Text {
    fn rule() -> String {
        "must be a string that is not blank".to_owned()
    }
}

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() { Err(Self::rule()) } else { Ok(Self(text)) }
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// An integer from `MIN` to `MAX`, which must be within 2^53, because not every JSON number beyond has an exact value
/// (RFC 8259 §6).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Integer<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Integer<MIN, MAX> {
    /// The least integer.
    pub const FIRST: Self = Self(MIN);
}

impl<const MIN: i64, const MAX: i64> Field for Integer<MIN, MAX> {
    fn rule() -> String {
        format!("must be an integer from {MIN} to {MAX}")
    }

    /// Parses a number by its value: `2020`, `2020.0` and `2.02e3` are the same. Only an item needs an exact integer,
    /// because DynamoDB compares all digits.
    fn read(json: &RawValue, pointer: &str, fields: &mut Fields) -> Option<Self> {
        let number = serde_json::from_str::<f64>(json.get()).ok();
        // `Display` writes a number without a fraction as digits.
        let integer = number.and_then(|number| number.to_string().parse::<i64>().ok());
        let value = integer.and_then(|integer| integer.try_into().ok());
        if value.is_none() {
            fields.add_error(pointer, Self::rule());
        }
        value
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Integer<MIN, MAX> {
    type Error = String;

    fn try_from(integer: i64) -> Result<Self, String> {
        const { assert!(-(1 << 53) <= MIN && MIN <= MAX && MAX <= 1 << 53) };
        if (MIN..=MAX).contains(&integer) { Ok(Self(integer)) } else { Err(Self::rule()) }
    }
}

/// Parses only the form that `Display` writes: digits without a plus sign and without leading zeros.
impl<const MIN: i64, const MAX: i64> FromStr for Integer<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_canonical = text == "0" || !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        let integer = text.parse::<i64>().ok().filter(|_| is_canonical);
        integer.and_then(|integer| integer.try_into().ok()).ok_or_else(Self::rule)
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Display for Integer<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An absolute `http` or `https` URL with a host. It is stored and shown as it was sent, never fetched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct WebUrl(String);

impl Field for WebUrl {
    fn rule() -> String {
        "must be an absolute http or https URL with a host".to_owned()
    }
}

impl TryFrom<String> for WebUrl {
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

    type Count = Integer<1, 9999>;
    type Degrees = Integer<-90, 90>;

    fn read<T: Field>(number: &str) -> Option<T> {
        let json = format!("{{\"n\":{number}}}");
        let mut fields = Fields::read(json.as_bytes(), &["n"]).unwrap();
        let value = fields.required("n");
        fields.finish(value).ok()
    }

    fn count(number: &str) -> Option<i64> {
        read::<Count>(number).map(|count| count.0)
    }

    #[test]
    fn a_text_is_any_string_that_is_not_blank() {
        for good in ["a", " a\n", "\u{0}", "\u{200b}", "\u{feff}", ".", "é", "e\u{301}", "🎬"] {
            assert_eq!(Text::try_from(good.to_owned()).unwrap().as_ref(), good);
        }
        for blank in ["", " ", "\t\r\n", "\u{85}", "\u{a0}\u{2003}\u{2028}\u{3000}"] {
            assert_eq!(Text::try_from(blank.to_owned()), Err(Text::rule()), "{blank:?}");
        }
    }

    #[test]
    fn a_number_is_an_integer_by_its_value() {
        let forms = "2020 2020.0 2020.000000000000000000000000000000 2.02e3 2.02E+3 202000e-2 0.202e4 2020e0 2020e-0 \
            0.000002020E9 20200000000000000000000000000000000e-31";
        for number in forms.split(' ').chain(["\n2020 "]) {
            assert_eq!(count(number), Some(2020), "{number}");
        }
        // The binary number nearest to the last one is 1.
        for (number, expected) in
            [("1", 1), ("1e3", 1000), ("9999", 9999), ("9999.0", 9999), ("0.9999999999999999999", 1)]
        {
            assert_eq!(count(number), Some(expected), "{number}");
        }
        for (number, expected) in [("0", 0), ("-0.0", 0), ("-90", -90), ("-9e1", -90), ("90.0", 90)] {
            assert_eq!(read::<Degrees>(number), Some(Integer(expected)), "{number}");
        }
    }

    #[test]
    fn any_other_value_is_not_an_integer_within_the_limits() {
        let others = "0 -0.0 0e5 0.0e99999999999999999999 0.5 -1 -2020.0 2020.5 2021e-1 9999.5 9999.9999999999999999999 \
            10000 1e4 1e30 1e308 1e400 1e-400 1e9223372036854775807 1.5e-9223372036854775808 1e99999999999999999999 \
            \"2020\" true null [2020] {\"2020\":2020}";
        for other in others.split(' ') {
            assert_eq!(count(other), None, "{other}");
        }
        for other in ["-91", "91", "0.5", "-1e30", "\"0\""] {
            assert_eq!(read::<Degrees>(other), None, "{other}");
        }
        assert_eq!(Degrees::rule(), "must be an integer from -90 to 90");
    }

    #[test]
    fn the_integer_in_an_item_is_exact() {
        for (count, is_valid) in [(0, false), (1, true), (9999, true), (10_000, false), (65_536 + 2020, false)] {
            assert_eq!(serde_json::from_value::<Count>(count.into()).is_ok(), is_valid, "{count}");
        }
        assert!(serde_json::from_str::<Count>("2020.0").is_err());
        assert_eq!(serde_json::to_string(&read::<Count>("2.02e3").unwrap()).unwrap(), "2020");
    }

    #[test]
    fn an_integer_has_one_form_as_text() {
        for text in ["-90", "-1", "0", "7", "90"] {
            assert_eq!(text.parse::<Degrees>().unwrap().to_string(), text);
        }
        for other in ["", "-", "-0", "00", "+7", "07", "-07", "7.0", " 7", "7 ", "--7", "91", "-91", "７"] {
            assert_eq!(other.parse::<Degrees>(), Err(Degrees::rule()), "{other:?}");
        }
    }

    #[test]
    fn a_web_url_has_a_host_and_no_character_that_ends_it() {
        let good = "https://cdn.pixabay.com/photo/film-3057394_1280.jpg HTTP://EXAMPLE.org hTTpS://example.org?x \
            http://localhost:8080/?q=1#f http://h?u=http://other/ http://user:pw@[::1]:80/x http://[::1] http://user@h/x http://h:/x \
            http://h:65535 http://127.0.0.1#f http://my_bucket.s3.amazonaws.com/x http://h//x/../y?u=http://other:99999/ \
            http://h/%zz|^`{} https://example.org/фильм.jpg https://xn--bcher-kva.example/";
        for good in good.split(' ') {
            assert_eq!(WebUrl::try_from(good.to_owned()), Ok(WebUrl(good.to_owned())));
        }
        // The last ones are a host name in another script, which has a form in ASCII.
        let bad = r#"nope /x.png //h/x http: http:/h http:h http:// http:///x https://?x https://#x http://:80/ http://user@/
            http://h:65536/ http://h:99999/ http://h:x/ http://[::1 http://[zz]/ http://[::1%25eth0]/ http://999.1.1.1/
            http://a%20b/ http://a^b/ http://h\@g/ http://h/\ http://h/" http://h/<b http://h/b> javascript:alert(1)
            javascript://h/%0aalert(1) data:text/html,x ftp://h/x file:///etc/passwd httpss://h/ xhttp://h/
            https://bücher.example/ https://Bücher.example/ https://%42ücher.example/"#;
        for bad in bad.split_whitespace() {
            assert_eq!(WebUrl::try_from(bad.to_owned()), Err(WebUrl::rule()), "{bad}");
        }
        let rule = "must be an absolute http or https URL with a host".to_owned();
        assert_eq!(WebUrl::try_from(String::new()), Err(rule));
        for blank in [' ', '\t', '\n', '\0', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}'] {
            for bad in ["_http://h/x", "http_://h/x", "http://h_/x", "http://h/x_y", "http://h/x_"] {
                let bad = bad.replace('_', &blank.to_string());
                assert_eq!(WebUrl::try_from(bad.clone()), Err(WebUrl::rule()), "{bad:?}");
            }
        }
    }
}
