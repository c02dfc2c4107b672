//! Stores movies as items of a DynamoDB table. Every write happens once or ends with a clear error, except in the three
//! cases that `docs/architecture.md` lists. It also explains the protocol, which in short is:
//!
//! A create or an update is recognized by the version that it stores. Every other write, and each with an
//! `Idempotency-Key`, is a transaction, which DynamoDB recognizes by its token. If a response was lost and neither shows
//! what happened, the error is [`StoreError::Unavailable`], never a guess.
//!
//! # Items from other writers
//! An item that another program put into the table has no version. [`version`] derives one from its content. A
//! condition cannot compare a derived version, so a write to such an item is a [`plan`]: read, check, and write unless
//! the item has changed since. An update first tries one call, whose condition requires a stored version and a movie. If
//! only that requirement fails, the update becomes a plan. A delete reads the item first only if the precondition names
//! a derived version.
//!
//! # Layout
//! The write protocol knows only keys and versions: [`items`] reads items and writes them with one call, [`plan`] writes
//! with a transaction, [`keys`] records requests by their key, [`paging`] lists items, [`condition`] and [`version`]
//! build and evaluate conditions, and [`attempts`] observes the SDK's attempts. [`movies`] contains everything about
//! movies.
//!
//! # The item
//! `id` (S, partition key), an attribute of the same name for each field of the movie, `etag` (S, the version),
//! `prior_etag` (S, the previous version).

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

/// A page of items, or of the movies in them with their ids, in the order of the table.
#[derive(Debug)]
pub struct Page<T> {
    /// The items or movies.
    pub items: Vec<T>,
    /// The id after which the next page starts, if more may follow.
    pub next: Option<String>,
}
