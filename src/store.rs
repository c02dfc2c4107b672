//! Stores movies as items of a DynamoDB table. Every write happens exactly once, or ends with a clear error.
//!
//! # Exactly once, or a clear error
//! The SDK sends a call again if it receives no response, but the first attempt may have succeeded. Therefore every
//! write stores a new version, 128 random bits that become the `ETag`, and its condition fails if the item already has
//! that version. DynamoDB returns the item together with the failed condition. If the item has the write's version, the
//! write has succeeded. An item also keeps its previous version, so that a write recognizes itself even if one other
//! write happened before its retry. If a response was lost and the versions do not show what happened, the error is
//! [`StoreError::Unavailable`], never a guess. `docs/architecture.md` shows the four outcomes of a write.
//!
//! A deleted item has no version. Therefore deletes and renames are transactions, because only a transaction has a
//! token by which DynamoDB itself recognizes a retry. So a delete costs twice the write units. A rename is a put and a
//! delete in one transaction.
//!
//! # Items from other writers
//! An item that another program put into the table has no version. [`version`] derives one from its content. A
//! condition cannot compare a derived version, so a write to such an item is a [`plan`]: read, check, and write unless
//! the item has changed since. An update first tries one call, whose condition requires a stored version and valid
//! types. If only that requirement fails, the update becomes a plan. A delete reads the item first only if the
//! precondition names a derived version.
//!
//! # Limits
//! Without an `Idempotency-Key`, two cases are not covered. If the response to an update without `If-Match` is lost,
//! and two other writes change the item before the retry, the retry repeats the update after them. If the response to a
//! create is lost, and another client deletes the movie before the retry, the retry creates it again. A write with a
//! key is a transaction that also writes a record of the key ([`idempotency`]), so it happens once.
//!
//! # Layout
//! The write protocol knows only keys and versions: [`items`] writes with one call, [`plan`] and [`transaction`] write
//! with a transaction, [`paging`] lists items, [`precondition`], [`version`], [`content`] and [`expression`] build and
//! evaluate conditions, and [`attempts`] observes the SDK's attempts. [`record`] turns entities into items, and items
//! into movies. [`movies`] contains everything else about movies. Another entity needs another module like [`movies`].
//!
//! # The item
//! `id` (S, partition key), `title` (S), `year` (N, key of the index [`YEAR_INDEX`]), `cast` (L of S), `image` (S),
//! `description` (S), `etag` (S, the version), `prior_etag` (S, the previous version).

mod attempts;
mod content;
mod error;
mod expression;
mod idempotency;
mod items;
mod movies;
mod paging;
mod plan;
mod precondition;
mod record;
mod size;
mod transaction;
mod version;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub use error::StoreError;
pub use idempotency::{Keys, RecordedResponse, Remembered};
pub use movies::{Movies, Page, Store, VersionedMovie, YEAR_INDEX};
pub use plan::{Action, Plan, carry_out};
pub use precondition::{Precondition, Versions};

/// An item's attributes by name.
type Item = HashMap<String, AttributeValue>;
