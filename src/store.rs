//! Stores movies as items of a DynamoDB table. Every write happens once or ends with a clear error, except in the cases
//! under "Limits".
//!
//! # The outcome of a write
//! The SDK sends a call again if it receives no response, but the first attempt may have succeeded. Therefore every
//! create and update stores a new version, 128 random bits that become the `ETag`, and its condition fails if the item
//! already has that version. DynamoDB returns the item together with the failed condition. If the item has the write's
//! version, the write has succeeded. An item also keeps its previous version, so that a write recognizes itself even if
//! one other write happened before its retry.
//!
//! A deleted item has no version. Therefore deletes and renames are transactions, because only a transaction has a
//! token by which DynamoDB itself recognizes a retry. So a delete costs twice the write units. A rename is a put and a
//! delete in one transaction. A write with an `Idempotency-Key` is a transaction that also writes a record of the key
//! ([`keys`]).
//!
//! If a response was lost and neither version nor token shows what happened, the error is [`StoreError::Unavailable`],
//! never a guess. A refusal does not show it: DynamoDB may carry out the first attempt later.
//! `docs/architecture.md` shows the four outcomes of a write.
//!
//! # Items from other writers
//! An item that another program put into the table has no version. [`version`] derives one from its content. A
//! condition cannot compare a derived version, so a write to such an item is a [`plan`]: read, check, and write unless
//! the item has changed since. An update first tries one call, whose condition requires a stored version and a movie. If
//! only that requirement fails, the update becomes a plan. A delete reads the item first only if the precondition names
//! a derived version.
//!
//! # Limits
//! Without an `Idempotency-Key`, two writes can happen twice. If the response to an update without `If-Match` is lost,
//! and two other writes change the item before the retry, the retry repeats the update after them. If the response to a
//! create is lost, and another client deletes the movie before the retry, the retry creates it again.
//!
//! # Layout
//! The write protocol knows only keys and versions: [`items`] reads items and writes them with one call, [`plan`] writes
//! with a transaction, [`keys`] records requests by their key, [`paging`] lists items, [`condition`] and [`version`]
//! build and evaluate conditions, and [`attempts`] observes the SDK's attempts. [`movies`] contains everything about
//! movies.
//!
//! # The item
//! `id` (S, partition key), `title` (S), `year` (N, key of the index [`YEAR_INDEX`]), `cast` (L of S), `image` (S),
//! `description` (S), `etag` (S, the version), `prior_etag` (S, the previous version).

mod attempts;
mod condition;
mod error;
mod items;
mod keys;
mod movies;
mod paging;
mod plan;
mod version;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::movie::Movie;

pub use condition::{Precondition, Versions};
pub use error::StoreError;
pub use keys::{KeyRecord, KeyTable, RecordedResponse};
pub use movies::{Store, YEAR_INDEX};
pub use plan::{Action, Plan, carry_out};

/// An item's attributes by name.
type Item = HashMap<String, AttributeValue>;

/// A movie with its version.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedMovie {
    /// The movie.
    pub movie: Movie,
    /// Identifies the last write: the movie's `ETag`.
    pub version: String,
}

/// A page of a listing.
#[derive(Debug)]
pub struct MoviePage {
    /// The movies with their ids, in the order of the table.
    pub movies: Vec<(String, VersionedMovie)>,
    /// The id after which the next page starts, if more movies may follow.
    pub next: Option<String>,
}
