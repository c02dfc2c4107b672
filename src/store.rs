//! The table: one DynamoDB call for each operation, and an answer that is true.
//!
//! # Exactly once, or a clear error
//! The SDK sends a call again when its answer is lost, so a write can find that it has happened already. Every write
//! therefore carries a stamp, 128 random bits that become the movie's `ETag`, and its condition fails when the item
//! bears that stamp. DynamoDB returns the item with the failed condition; if the stamp on it is the write's own, the
//! write has succeeded. The stamp before the last stays on the item too (`prior_etag`), so that a write is still told
//! when another one came between it and its retry. Where an answer was lost and no stamp tells what happened, the error
//! is [`StoreError::Unavailable`], never a guess.
//!
//! A deleted item bears no stamp. Deletes, and renames, which are a put and a delete in one, are transactions: theirs is
//! the only call with a token by which DynamoDB itself recognises a retry, for ten minutes. A delete costs twice the
//! write units for it.
//!
//! Not promised: an update without `If-Match` whose answer was lost, and which two other writes overtook before its
//! retry, is applied again on top of them; likewise a create whose movie was deleted in that moment.
//!
//! # The item
//! `id` (S, partition key), `title` (S), `year` (N, key of the index [`YEAR_INDEX`]), `cast` (L of S), `image` (S),
//! `description` (S), `etag` (S), `prior_etag` (S).

mod attempts;
mod item;
mod precondition;

use std::{collections::HashMap, fmt::Write as _};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        get_item::builders::GetItemFluentBuilder, put_item::PutItemError,
        transact_write_items::TransactWriteItemsError, update_item::UpdateItemError,
    },
    types::{
        AttributeValue, CancellationReason, Delete, Put, ReturnConsumedCapacity::Total, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, builders::DeleteBuilder,
    },
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;

use crate::{
    movie::{Movie, MovieId, MoviePatch, Year},
    telemetry::{Level, log, scope},
};
use attempts::{Contention, LostResponses, Meter};
use item::Item;
use precondition::Condition;

pub use precondition::{Precondition, Versions};

/// The index that lists the movies of one year.
pub const YEAR_INDEX: &str = "by-year";

/// How often a rename starts anew when another writer changes the movie between its read and its write.
const RENAME_ROUNDS: usize = 4;

/// A movie as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedMovie {
    /// The movie.
    pub movie: Movie,
    /// The stamp of the last write: 22 characters of base64url.
    pub version: String,
}

/// A page of a listing.
#[derive(Debug)]
pub struct Page {
    items: Vec<Item>,
    /// The id after which the next page starts, when there is more.
    pub next: Option<String>,
}

impl Page {
    /// The movies, each with its id, in the table's own order. Each is made when it is asked for, so that no page is in
    /// memory twice. An item that is no movie is left out, and logged: it must not hide all others.
    pub fn into_movies(self) -> impl Iterator<Item = (String, VersionedMovie)> {
        self.items.into_iter().filter_map(|found| item::to_entry(found).ok())
    }
}

/// Why an operation did not happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StoreError {
    /// No movie has the id.
    NotFound,
    /// Another movie has the id already.
    Exists,
    /// The movie is in another state than the one expected.
    Stale,
    /// The item would pass DynamoDB's 400 KB.
    TooLarge,
    /// The table does not answer, or what became of a write cannot be known. The cause is in the log.
    Unavailable,
    /// An item that is no movie; something else writes to the table. The id is in the log.
    Corrupt,
}

/// The movies table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// A store on `table`.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: &str) -> Self {
        let config = Builder::from(sdk).retry_classifier(Contention).interceptor(Meter).build();
        Self { client: Client::from_conf(config), table: table.to_owned() }
    }

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Asks the table for an item that is never there: the cheapest sign of life, and it needs no further permission.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        // No movie's id is without a dash.
        let key = AttributeValue::S("ping".to_owned());
        self.get_item("ping", self.client.get_item().key("id", key)).await.map(|_| ())
    }

    /// The movie with this id, as of all writes answered so far (a strongly consistent read).
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(&self, id: &MovieId) -> Result<VersionedMovie, StoreError> {
        let call = self.client.get_item().key("id", key(id)).consistent_read(true);
        item::to_stored(self.get_item("get", call).await?.ok_or(StoreError::NotFound)?)
    }

    async fn get_item(&self, operation: &str, call: GetItemFluentBuilder) -> Result<Option<Item>, StoreError> {
        // On the heap here and below, since the state of a call is some kilobytes that would be moved around.
        let found = Box::pin(call.table_name(&self.table).return_consumed_capacity(Total).send()).await;
        let found = found.map_err(|error| fault(operation, &error))?;
        scope::read(found.consumed_capacity());
        Ok(found.item)
    }

    /// Stores a movie that is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::TooLarge`], [`StoreError::Unavailable`].
    pub async fn create(&self, id: &MovieId, movie: Movie) -> Result<VersionedMovie, StoreError> {
        let stored = VersionedMovie { movie, version: new_version()? };
        let lost = LostResponses::default();
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::from_stored(id, &stored)?))
            .condition_expression("attribute_not_exists(id)")
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(answer) => {
                scope::write(answer.consumed_capacity());
                Ok(stored)
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    own_write(failed.item(), &stored.version)?.ok_or(lost.unless(StoreError::Exists))
                }
                _ => Err(fault("create", &error)),
            },
        }
    }

    /// Changes fields of a movie that keeps its id, other clients' changes to other fields kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::TooLarge`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn update(
        &self,
        id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        let stamp = new_version()?;
        let Condition { expression, mut values } = precondition.condition();
        values.insert(":stamp".to_owned(), AttributeValue::S(stamp.clone()));
        let mut update = "SET prior_etag = etag, etag = :stamp".to_owned();
        for (name, value) in item::changes(patch) {
            // Placeholders, since `cast` is one of DynamoDB's reserved words.
            let _ = write!(update, ", #{name} = :{name}");
            values.insert(format!(":{name}"), value);
        }
        let names = item::changes(patch).map(|(name, _)| (format!("#{name}"), name.to_owned())).collect();
        let lost = LostResponses::default();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", key(id))
            .update_expression(update)
            .condition_expression(format!("{expression} AND etag <> :stamp AND prior_etag <> :stamp"))
            .set_expression_attribute_names(Some(names).filter(|names: &HashMap<_, _>| !names.is_empty()))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(answer) => {
                scope::write(answer.consumed_capacity());
                item::to_stored(answer.attributes.unwrap_or_default())
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let refusal = if failed.item().is_some() { StoreError::Stale } else { StoreError::NotFound };
                    own_write(failed.item(), &stamp)?.ok_or(lost.unless(refusal))
                }
                _ => Err(fault("update", &error)),
            },
        }
    }

    /// Moves a movie to the id that the patch gives it, in one atomic step, with the patch's other changes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Exists`] when the new id is taken, [`StoreError::Stale`],
    /// [`StoreError::TooLarge`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn rename(
        &self,
        id: &MovieId,
        new_id: &MovieId,
        patch: &MoviePatch,
        precondition: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        for _ in 0..RENAME_ROUNDS {
            let current = self.get(id).await?;
            let renamed = VersionedMovie { movie: patch.apply(current.movie), version: new_version()? };
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item::from_stored(new_id, &renamed)?))
                .condition_expression("attribute_not_exists(id)")
                .build();
            // Only what was read is moved.
            let delete = self.delete_if(id, precondition.condition().and_version(current.version)).build();
            let (Ok(put), Ok(delete)) = (put, delete) else { return Err(StoreError::Corrupt) };
            let actions = vec![
                TransactWriteItem::builder().put(put).build(),
                TransactWriteItem::builder().delete(delete).build(),
            ];
            match self.transact("rename", actions).await {
                Ok(()) => return Ok(renamed),
                Err(Canceled::Unknown(error)) => return Err(error),
                Err(Canceled::Conditions(reasons)) => match reasons.get(1).filter(|reason| condition_failed(reason)) {
                    None => return Err(StoreError::Exists),
                    Some(changed) => refusal(changed, precondition).map_or(Ok(()), Err)?,
                },
            }
        }
        log(Level::Warn, "rename gave way to other writers", json!({"rounds": RENAME_ROUNDS}));
        Err(StoreError::Unavailable)
    }

    /// Removes a movie.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Unavailable`].
    pub async fn delete(&self, id: &MovieId, precondition: &Precondition) -> Result<(), StoreError> {
        let Ok(delete) = self.delete_if(id, precondition.condition()).build() else { return Err(StoreError::Corrupt) };
        match self.transact("delete", vec![TransactWriteItem::builder().delete(delete).build()]).await {
            Ok(()) => Ok(()),
            Err(Canceled::Unknown(error)) => Err(error),
            Err(Canceled::Conditions(reasons)) => {
                let refused = reasons.first().and_then(|reason| refusal(reason, precondition));
                Err(refused.unwrap_or(StoreError::Unavailable))
            }
        }
    }

    fn delete_if(&self, id: &MovieId, condition: Condition) -> DeleteBuilder {
        Delete::builder()
            .table_name(&self.table)
            .key("id", key(id))
            .condition_expression(condition.expression)
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn transact(&self, operation: &'static str, actions: Vec<TransactWriteItem>) -> Result<(), Canceled> {
        // The SDK adds a token, the same for all attempts at this call, by which DynamoDB recognises them.
        let call = self.client.transact_write_items().set_transact_items(Some(actions)).return_consumed_capacity(Total);
        match Box::pin(call.send()).await {
            Ok(answer) => {
                scope::write(answer.consumed_capacity());
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled))
                    if canceled.cancellation_reasons().iter().any(condition_failed) =>
                {
                    Err(Canceled::Conditions(canceled.cancellation_reasons().to_vec()))
                }
                _ => Err(Canceled::Unknown(fault(operation, &error))),
            },
        }
    }

    /// Up to `limit` movies after the id `after`, of one year if given. A page is also ended by DynamoDB's 1 MB.
    ///
    /// All movies are listed as of all writes answered so far; those of one year come from an index, which follows the
    /// table within moments.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, year: Option<Year>, after: Option<String>, limit: usize) -> Result<Page, StoreError> {
        let start = after.map(|id| {
            let year = year.map(|year| ("year".to_owned(), AttributeValue::N(year.to_string())));
            year.into_iter().chain([("id".to_owned(), AttributeValue::S(id))]).collect::<Item>()
        });
        // One more than asked for tells whether there is more, so that no last page is empty.
        let read_limit = i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX);
        let (items, last_key) = match year {
            None => {
                let call = self
                    .client
                    .scan()
                    .table_name(&self.table)
                    .consistent_read(true)
                    .projection_expression(item::PROJECTION)
                    .set_expression_attribute_names(Some(item::projection_names()))
                    .limit(read_limit)
                    .set_exclusive_start_key(start)
                    .return_consumed_capacity(Total);
                let page = Box::pin(call.send()).await.map_err(|error| fault("list", &error))?;
                scope::read(page.consumed_capacity());
                (page.items, page.last_evaluated_key)
            }
            Some(year) => {
                let call = self
                    .client
                    .query()
                    .table_name(&self.table)
                    .index_name(YEAR_INDEX)
                    .key_condition_expression("#year = :year")
                    .projection_expression(item::PROJECTION)
                    .set_expression_attribute_names(Some(item::projection_names()))
                    .expression_attribute_values(":year", AttributeValue::N(year.to_string()))
                    .limit(read_limit)
                    .set_exclusive_start_key(start)
                    .return_consumed_capacity(Total);
                let page = Box::pin(call.send()).await.map_err(|error| fault("list year", &error))?;
                scope::read(page.consumed_capacity());
                (page.items, page.last_evaluated_key)
            }
        };
        let mut items = items.unwrap_or_default();
        let has_more = items.len() > limit;
        let mut next = last_key.as_ref().and_then(item::id);
        if has_more {
            next = limit.checked_sub(1).and_then(|last| items.get(last)).and_then(item::id);
        }
        items.truncate(limit);
        Ok(Page { items, next })
    }
}

/// Why a transaction did not happen.
enum Canceled {
    /// Some of its conditions failed; one reason for each action.
    Conditions(Vec<CancellationReason>),
    /// Something else.
    Unknown(StoreError),
}

fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Why a transaction may not change the item that failed its condition. `None` if only another write came first.
fn refusal(reason: &CancellationReason, precondition: &Precondition) -> Option<StoreError> {
    match reason.item().filter(|item| !item.is_empty()) {
        None => Some(StoreError::NotFound),
        Some(item) if item::version(item).is_some_and(|version| precondition.allows(version)) => None,
        Some(_) => Some(StoreError::Stale),
    }
}

fn key(id: &MovieId) -> AttributeValue {
    AttributeValue::S(id.as_str().to_owned())
}

/// The movie, if the item that a failed condition returned shows that the write with this stamp has happened.
fn own_write(found: Option<&Item>, stamp: &str) -> Result<Option<VersionedMovie>, StoreError> {
    match found {
        Some(found) if item::bears(found, stamp) => item::to_stored(found.clone()).map(Some),
        _ => Ok(None),
    }
}

/// 128 random bits as 22 characters of base64url.
fn new_version() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        log(Level::Error, "the system gives no random numbers", json!({}));
        StoreError::Unavailable
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Logs why DynamoDB did not do what it was asked, and says what that means to a client.
fn fault<E>(operation: &str, error: &SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let is_size = error.code() == Some("ValidationException")
        && error.message().is_some_and(|message| message.contains("tem size"));
    if is_size {
        return StoreError::TooLarge;
    }
    // Each error's own words; their debug output would hold the whole response.
    let first: Option<&dyn std::error::Error> = Some(error);
    let causes = std::iter::successors(first, |error| error.source()).map(ToString::to_string);
    let cause = causes.collect::<Vec<_>>().join(": ");
    log(Level::Error, "DynamoDB did not answer", json!({"operation": operation, "code": error.code(), "cause": cause}));
    StoreError::Unavailable
}
