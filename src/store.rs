//! The table, in two parts: items, whose writes happen exactly once or end with a clear error, and on top of them movies.
//!
//! # Exactly once, or a clear error
//! The SDK sends a call again when its response is lost, so that a write can find that it has happened already. Every write
//! therefore carries a new version, 128 random bits that become the `ETag`, and its condition fails when the item has that
//! version. DynamoDB returns the item with the failed condition. If its version is the write's own, the write has
//! succeeded. The previous version stays on the item too, so that a write is still recognized when another one came
//! between it and its retry. Where a response was lost and no version tells what happened, the error is
//! [`StoreError::Unavailable`], never a guess. `docs/architecture.md` draws the four outcomes of a write.
//!
//! A deleted item has no version. Deletes, and renames, which are a put and a delete in one, are transactions: theirs is
//! the only call with a token by which DynamoDB itself recognizes a retry. A delete costs twice the write units for it.
//!
//! # Items from other writers
//! An item that something else put into the table has no version. [`version`] derives one from its content. No condition
//! compares that, so that a write to such an item is a [`plan`]: read, check, and write unless the item has changed since.
//! The one call of an update and of a delete demands what it needs, and where that is not there, a plan takes over.
//!
//! Not promised, unless the client sends an `Idempotency-Key`: an update without `If-Match` whose response was lost, and which two other writes overtook before its
//! retry, is applied again on top of them; likewise a create whose movie was deleted in that moment.
//! A write with a key is a transaction with a record of it ([`idempotency`]), and happens once.
//!
//! # Layout
//! The protocol knows keys and versions: [`items`] writes with one call, [`plan`] and [`transaction`] with a transaction,
//! [`paging`] lists, [`precondition`], [`version`], [`content`] and [`expression`] make and read conditions, [`attempts`]
//! watches the SDK's attempts. [`record`] makes items of entities and reads movies from them, and [`movies`] knows the rest of
//! what a movie needs. Another entity is another module like [`movies`].
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
pub use idempotency::{Keys, Remembered};
pub use movies::{Movies, Page, Store, VersionedMovie, YEAR_INDEX};
pub use plan::{Action, Plan, carry_out};
pub use precondition::{Precondition, Versions};

/// Attributes by name.
type Item = HashMap<String, AttributeValue>;
