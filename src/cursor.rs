//! The opaque page token: where a listing goes on.
//!
//! A cursor is the id of the last movie of a page, behind a checksum over the id, the query and the table's name. A
//! cursor that was changed, that belongs to another query or that another table gave out is told apart by it. It is not
//! a signature and need not be one: it holds no secret, and whoever computes one by hand gets a page of movies that
//! anyone may list.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::movie::{MAX_ID_BYTES, Year};

const CHECKSUM_BYTES: usize = 16;

/// What a listing is of; a cursor continues just this one. The page size may change on the way.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The table listed.
    pub table: &'a str,
    /// The one year listed, if not all.
    pub year: Option<Year>,
}

/// The cursor after the movie with the id `last`.
#[must_use]
pub fn encode(query: Query<'_>, last: &str) -> String {
    let mut bytes = checksum(query, last).to_vec();
    bytes.extend_from_slice(last.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The id that `cursor` goes on after; `None` when it is not a cursor of this query.
#[must_use]
pub fn decode(query: Query<'_>, cursor: &str) -> Option<String> {
    if cursor.len() > 2 * (CHECKSUM_BYTES + MAX_ID_BYTES) {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (found, last) = bytes.split_at_checked(CHECKSUM_BYTES)?;
    let last = str::from_utf8(last).ok()?;
    (!last.is_empty() && found == checksum(query, last)).then(|| last.to_owned())
}

fn checksum(query: Query<'_>, last: &str) -> [u8; CHECKSUM_BYTES] {
    let mut context = Sha256::new();
    // NUL ends the table's name, which cannot hold one; the year has a fixed width: no two inputs read alike.
    context.update(b"cursor 1 ");
    context.update(query.table.as_bytes());
    context.update([0]);
    context.update(query.year.map_or(0, Year::get).to_be_bytes());
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

    const ALL: Query<'_> = Query { table: "movies", year: None };

    #[test]
    fn a_cursor_goes_on_after_any_id() {
        for id in ["The Dare-2020", "Face/Off-1997", "日本-1", "\u{0}-1", &format!("{}-1", "x".repeat(2046))] {
            assert_eq!(decode(ALL, &encode(ALL, id)).as_deref(), Some(id));
        }
    }

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        let cursor = encode(ALL, "The Dare-2020");
        assert_eq!(decode(Query { year: Year::new(2020), ..ALL }, &cursor), None);
        assert_eq!(decode(Query { table: "others", ..ALL }, &cursor), None);
    }

    #[test]
    fn a_cursor_with_any_character_changed_added_or_cut_is_refused() {
        let cursor = encode(ALL, "The Dare-2020");
        for at in 0..cursor.len() {
            for other in ['A', 'B', 'z', '_', '=', ' '] {
                let mut changed: Vec<char> = cursor.chars().collect();
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert!(changed == cursor || decode(ALL, &changed).is_none(), "{changed}");
            }
            assert_eq!(decode(ALL, cursor.get(..at).unwrap()), None);
        }
        assert_eq!(decode(ALL, &format!("{cursor}A")), None);
        assert_eq!(decode(ALL, &"A".repeat(1_000_000)), None);
    }
}
