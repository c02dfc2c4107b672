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
mod dynamodb;
mod item;

use std::{collections::HashMap, fmt::Write as _};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        get_item::{GetItem, GetItemError, GetItemInput, GetItemOutput, builders::GetItemInputBuilder},
        put_item::{PutItem, PutItemError, PutItemInput, PutItemOutput},
        query::{Query, QueryError, QueryInput, QueryOutput},
        scan::{Scan, ScanError, ScanInput, ScanOutput},
        transact_write_items::{
            TransactWriteItems, TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
        },
        update_item::{UpdateItem, UpdateItemError, UpdateItemInput, UpdateItemOutput},
    },
    types::{
        AttributeValue, CancellationReason, Delete, Put, ReturnConsumedCapacity::Total, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    },
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use tracing::{error, warn};

use crate::{
    movie::{Movie, MovieId, MoviePatch, Year},
    telemetry::scope,
};
#[cfg(feature = "local")]
pub(crate) use dynamodb::{retries, timeouts};

use attempts::LostResponses;
use dynamodb::DynamoDb;
use item::Item;

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
    pub etag: String,
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

/// The state that a client wants a movie to be in before it is changed: `If-Match` (RFC 9110 §13.1.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Precondition {
    /// Any, as long as it exists.
    #[default]
    Any,
    /// One of these etags.
    OneOf(Vec<String>),
}

impl Precondition {
    fn allows(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(etags) => etags.iter().any(|expected| expected == etag),
        }
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
    dynamodb: DynamoDb,
    table: String,
}

impl Store {
    /// A store on `table`.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: &str) -> Self {
        Self { dynamodb: DynamoDb::new(sdk), table: table.to_owned() }
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
        let input = GetItemInput::builder().table_name(&self.table).key("id", key).return_consumed_capacity(Total);
        self.get_item("ping", input).await.map(|_| ())
    }

    /// The movie with this id, as of all writes answered so far (a strongly consistent read).
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(&self, id: &MovieId) -> Result<VersionedMovie, StoreError> {
        let input = GetItemInput::builder().table_name(&self.table).key("id", key(id)).consistent_read(true);
        let item = self.get_item("get", input.return_consumed_capacity(Total)).await?;
        item::to_stored(item.ok_or(StoreError::NotFound)?)
    }

    async fn get_item(&self, operation: &str, input: GetItemInputBuilder) -> Result<Option<Item>, StoreError> {
        let answer = self.dynamodb.send::<GetItemOutput, GetItemError>(GetItem::new(), input.build(), None).await;
        let answer = answer.map_err(|error| fault(operation, &error))?;
        scope::read(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// Stores a movie that is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::TooLarge`], [`StoreError::Unavailable`].
    pub async fn create(&self, id: &MovieId, movie: Movie) -> Result<VersionedMovie, StoreError> {
        let stored = VersionedMovie { movie, etag: new_version()? };
        let lost = LostResponses::default();
        let input = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(item::from_stored(id, &stored)?))
            .condition_expression("attribute_not_exists(id)")
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.dynamodb.send::<PutItemOutput, _>(PutItem::new(), input.build(), Some(&lost)).await {
            Ok(answer) => {
                scope::write(answer.consumed_capacity());
                Ok(stored)
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    own_write(failed.item(), &stored.etag)?.ok_or(lost.unless(StoreError::Exists))
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
        expected: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        let stamp = new_version()?;
        let (condition, mut values) = condition(expected);
        values.insert(":stamp".to_owned(), AttributeValue::S(stamp.clone()));
        let mut update = "SET prior_etag = etag, etag = :stamp".to_owned();
        for (name, value) in item::changes(patch) {
            // Placeholders, since `cast` is one of DynamoDB's reserved words.
            let _ = write!(update, ", #{name} = :{name}");
            values.insert(format!(":{name}"), value);
        }
        let names = item::changes(patch).map(|(name, _)| (format!("#{name}"), name.to_owned())).collect();
        let lost = LostResponses::default();
        let input = UpdateItemInput::builder()
            .table_name(&self.table)
            .key("id", key(id))
            .update_expression(update)
            .condition_expression(format!("{condition} AND etag <> :stamp AND prior_etag <> :stamp"))
            .set_expression_attribute_names(Some(names).filter(|names: &HashMap<_, _>| !names.is_empty()))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.dynamodb.send::<UpdateItemOutput, _>(UpdateItem::new(), input.build(), Some(&lost)).await {
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
        expected: &Precondition,
    ) -> Result<VersionedMovie, StoreError> {
        for _ in 0..RENAME_ROUNDS {
            let current = self.get(id).await?;
            if !expected.allows(&current.etag) {
                return Err(StoreError::Stale);
            }
            let renamed = VersionedMovie { movie: patch.apply(current.movie), etag: new_version()? };
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item::from_stored(new_id, &renamed)?))
                .condition_expression("attribute_not_exists(id)")
                .build();
            let delete = self.delete_if(id, &Precondition::OneOf(vec![current.etag])).build();
            let (Ok(put), Ok(delete)) = (put, delete) else { return Err(StoreError::Corrupt) };
            let actions = vec![
                TransactWriteItem::builder().put(put).build(),
                TransactWriteItem::builder().delete(delete).build(),
            ];
            match self.transact("rename", actions).await {
                Ok(()) => return Ok(renamed),
                Err(Canceled::Unknown(error)) => return Err(error),
                Err(Canceled::Conditions(reasons)) => {
                    let is_taken = reasons.first().is_some_and(condition_failed);
                    let is_changed = reasons.get(1).is_some_and(condition_failed);
                    if is_taken && !is_changed {
                        return Err(StoreError::Exists);
                    }
                }
            }
        }
        warn!(rounds = RENAME_ROUNDS, "rename gave way to other writers");
        Err(StoreError::Unavailable)
    }

    /// Removes a movie.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Unavailable`].
    pub async fn delete(&self, id: &MovieId, expected: &Precondition) -> Result<(), StoreError> {
        let Ok(delete) = self.delete_if(id, expected).build() else { return Err(StoreError::Corrupt) };
        match self.transact("delete", vec![TransactWriteItem::builder().delete(delete).build()]).await {
            Ok(()) => Ok(()),
            Err(Canceled::Unknown(error)) => Err(error),
            Err(Canceled::Conditions(reasons)) => {
                let found =
                    reasons.first().and_then(|reason| reason.item.as_ref()).is_some_and(|item| !item.is_empty());
                Err(if found { StoreError::Stale } else { StoreError::NotFound })
            }
        }
    }

    fn delete_if(&self, id: &MovieId, expected: &Precondition) -> aws_sdk_dynamodb::types::builders::DeleteBuilder {
        let (condition, values) = condition(expected);
        Delete::builder()
            .table_name(&self.table)
            .key("id", key(id))
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn transact(&self, operation: &'static str, actions: Vec<TransactWriteItem>) -> Result<(), Canceled> {
        // One token for all attempts at this call, by which DynamoDB recognises them.
        let input = TransactWriteItemsInput::builder()
            .set_transact_items(Some(actions))
            .client_request_token(new_version().map_err(Canceled::Unknown)?)
            .return_consumed_capacity(Total);
        match self.dynamodb.send::<TransactWriteItemsOutput, _>(TransactWriteItems::new(), input.build(), None).await {
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
                let input = ScanInput::builder()
                    .table_name(&self.table)
                    .consistent_read(true)
                    .projection_expression(item::PROJECTION)
                    .set_expression_attribute_names(Some(item::projection_names()))
                    .limit(read_limit)
                    .set_exclusive_start_key(start)
                    .return_consumed_capacity(Total);
                let page = self.dynamodb.send::<ScanOutput, ScanError>(Scan::new(), input.build(), None).await;
                let page = page.map_err(|error| fault("list", &error))?;
                scope::read(page.consumed_capacity());
                (page.items, page.last_evaluated_key)
            }
            Some(year) => {
                let input = QueryInput::builder()
                    .table_name(&self.table)
                    .index_name(YEAR_INDEX)
                    .key_condition_expression("#year = :year")
                    .projection_expression(item::PROJECTION)
                    .set_expression_attribute_names(Some(item::projection_names()))
                    .expression_attribute_values(":year", AttributeValue::N(year.to_string()))
                    .limit(read_limit)
                    .set_exclusive_start_key(start)
                    .return_consumed_capacity(Total);
                let page = self.dynamodb.send::<QueryOutput, QueryError>(Query::new(), input.build(), None).await;
                let page = page.map_err(|error| fault("list year", &error))?;
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

fn key(id: &MovieId) -> AttributeValue {
    AttributeValue::S(id.as_str().to_owned())
}

/// The condition under which a movie that must exist may be changed, and the values it speaks of.
fn condition(expected: &Precondition) -> (String, Item) {
    let Precondition::OneOf(etags) = expected else { return ("attribute_exists(id)".to_owned(), Item::new()) };
    if etags.is_empty() {
        // No etag is empty, so this holds for no movie.
        return ("etag = :none".to_owned(), Item::from([(":none".to_owned(), AttributeValue::S(String::new()))]));
    }
    let names: Vec<_> = (0..etags.len()).map(|n| format!(":expected{n}")).collect();
    let condition = format!("etag IN ({})", names.join(", "));
    (condition, names.into_iter().zip(etags.iter().cloned().map(AttributeValue::S)).collect())
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
        error!("the system gives no random numbers");
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
    error!(operation, code = error.code(), cause, "DynamoDB did not answer");
    StoreError::Unavailable
}
