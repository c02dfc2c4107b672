//! The year in which a movie was released.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fields::{Field, FieldErrors};

/// The year in which a movie was released, 1 to 9999.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Year(u16);

impl Year {
    /// The first year, which also gives the shortest ids.
    pub const FIRST: Self = Self(1);

    /// `None` outside 1 to 9999.
    #[must_use]
    pub fn new(year: u64) -> Option<Self> {
        (1..=9999).contains(&year).then(|| u16::try_from(year).ok().map(Self))?
    }

    /// The year as a number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Field for Year {
    const RULE: &'static str = "must be an integer from 1 to 9999";

    fn read(json: &RawValue, pointer: &str, errors: &mut FieldErrors) -> Option<Self> {
        let year = from_json_number(json.get());
        if year.is_none() {
            errors.add(pointer, Self::RULE);
        }
        year
    }
}

impl TryFrom<u64> for Year {
    type Error = &'static str;

    fn try_from(year: u64) -> Result<Self, &'static str> {
        Self::new(year).ok_or(Self::RULE)
    }
}

/// Reads a JSON number whose value is an integer, however it is written: `2020`, `2020.0` and `2.02e3` are the same.
///
/// It works on the decimal digits, because a binary floating-point number would round 0.9999999999999999999 to 1.
fn from_json_number(number: &str) -> Option<Year> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (number, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [integer, fraction].concat();
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    // The value is the significant digits, followed by this many zeros.
    let trimmed = i64::try_from(digits.len() - significant.len()).ok()?;
    let zeros = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(trimmed)?;
    let zeros = "000".get(..usize::try_from(zeros).ok()?)?;
    [significant, zeros].concat().parse().ok()
}

/// Parses only the form that `Display` writes: digits without a sign and without leading zeros.
impl FromStr for Year {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let canonical = text.len() <= 4 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if !canonical {
            return Err(());
        }
        text.parse().ok().and_then(Self::new).ok_or(())
    }
}

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_year_by_its_value() {
        for number in [
            "2020",
            "2020.0",
            "2020.000000000000000000000000000000",
            "2.02e3",
            "2.02E+3",
            "202000e-2",
            "0.202e4",
            "2020e0",
            "2020e-0",
            "0.000002020E9",
            "20200000000000000000000000000000000e-31",
        ] {
            assert_eq!(from_json_number(number), Some(Year(2020)), "{number}");
        }
        assert_eq!(from_json_number("1"), Some(Year(1)));
        assert_eq!(from_json_number("1e3"), Some(Year(1000)));
        assert_eq!(from_json_number("9999.0"), Some(Year(9999)));
    }

    #[test]
    fn any_other_number_is_not_a_year() {
        for number in [
            "0",
            "-0.0",
            "0e5",
            "0.0e99999999999999999999",
            "-1",
            "-2020.0",
            "0.9999999999999999999",
            "2020.5",
            "2020.0000000000000000000000000000001",
            "2021e-1",
            "9999.9999999999999999999",
            "10000",
            "1e4",
            "1e30",
            "1e400",
            "1e-400",
            "1e9223372036854775807",
            "1e-9223372036854775808",
            "1.5e-9223372036854775808",
            "1e99999999999999999999",
        ] {
            assert_eq!(from_json_number(number), None, "{number}");
        }
    }
}
