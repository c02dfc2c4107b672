//! Cursors: opaque tokens that say where a listing continues.
//!
//! A cursor consists of a checksum and the id of the last movie of a page. The checksum covers the table's name, the
//! listing's filters and the id. It detects a cursor that was changed, or that belongs to another listing or table. It
//! is not a signature, because a cursor does not grant access: anyone may list the movies.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::movie::MAX_ID_BYTES;

const CHECKSUM_BYTES: usize = 16;

/// The cursor after the movie with the id `last`, in the listing of `table` with `filters`, which are percent-encoded.
#[must_use]
pub fn encode(table: &str, filters: &str, last: &str) -> String {
    let mut bytes = checksum(table, filters, last).to_vec();
    bytes.extend_from_slice(last.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The id after which `cursor` continues; `None` if it was not issued for this listing.
#[must_use]
pub fn decode(table: &str, filters: &str, cursor: &str) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (found, last) = bytes.split_at_checked(CHECKSUM_BYTES)?;
    let last = str::from_utf8(last).ok()?;
    // Anyone can compute a checksum, but DynamoDB fails for a key of an invalid length.
    let is_key = (1..=MAX_ID_BYTES).contains(&last.len());
    (is_key && found == checksum(table, filters, last)).then(|| last.to_owned())
}

fn checksum(table: &str, filters: &str, last: &str) -> [u8; CHECKSUM_BYTES] {
    let mut context = Sha256::new();
    // A table's name and percent-encoded text contain no NUL, so that no two inputs have the same bytes.
    for part in ["cursor 1", table, filters] {
        context.update(part.as_bytes());
        context.update([0]);
    }
    context.update(last.as_bytes());
    let mut checksum = [0; CHECKSUM_BYTES];
    for (to, from) in checksum.iter_mut().zip(context.finalize()) {
        *to = from;
    }
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_continues_after_any_id() {
        for id in ["The Dare-2020", "Face/Off-1997", "日本-1", "\u{0}-1", &format!("{}-1", "x".repeat(2046))] {
            assert_eq!(decode("movies", "", &encode("movies", "", id)).as_deref(), Some(id), "{id}");
        }
    }

    #[test]
    fn a_cursor_of_another_listing_is_rejected() {
        let cursor = encode("movies", "", "The Dare-2020");
        for (name, table, filters) in [("a filter", "movies", "year=2020"), ("a table", "others", "")] {
            assert_eq!(decode(table, filters, &cursor), None, "another {name}");
        }
    }

    #[test]
    fn a_cursor_with_an_id_of_an_invalid_length_is_rejected() {
        for length in [0, 2049] {
            assert_eq!(decode("movies", "", &encode("movies", "", &"x".repeat(length))), None, "{length} bytes");
        }
    }

    #[test]
    fn a_cursor_with_any_character_changed_added_or_cut_is_rejected() {
        let decode = |cursor: &str| decode("movies", "", cursor);
        let cursor = encode("movies", "", "The Dare-2020");
        for at in 0..cursor.len() {
            for other in ['A', 'B', 'z', '_', '=', ' '] {
                let mut changed: Vec<char> = cursor.chars().collect();
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert!(changed == cursor || decode(&changed).is_none(), "{changed}");
            }
            assert_eq!(decode(cursor.get(..at).unwrap()), None, "cut to {at} characters");
        }
        assert_eq!(decode(&format!("{cursor}A")), None);
        assert_eq!(decode(&"A".repeat(1_000_000)), None);
    }
}
