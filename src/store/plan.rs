//! Writes with a transaction: read, check, then write unless the item has changed.
//!
//! A write is a transaction if the item alone cannot show that the write has happened: a delete, a rename, and a write
//! that is recorded in another table. For ten minutes, DynamoDB recognizes a retry by the transaction's token. A change
//! of an item that another program wrote is a transaction too.
//!
//! A [`Plan`] contains its result before anything is written, so that the same transaction can record the result.

use std::{ops::RangeInclusive, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::AsyncSleep as _,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, Delete, Put, ReturnConsumedCapacity::Total, ReturnValuesOnConditionCheckFailure::AllOld,
        TransactWriteItem, Update,
    },
};

use super::{
    Item, StoreError,
    attempts::LostResponses,
    condition::{Condition, Precondition},
    error::is_too_large,
    items::{Changes, Items},
    version::{new_version, string},
};
use crate::telemetry;

/// The maximum number of plans for a write, if other writers keep changing the item.
const MAX_PLANS: u32 = 10;

/// How often a transaction is sent if it is canceled for a reason that ends within moments.
const MAX_ATTEMPTS: u32 = 4;

/// A write that is planned, but not carried out yet.
#[derive(Debug)]
pub struct Plan<T> {
    client: Client,
    operation: &'static str,
    actions: Vec<Action>,
    /// The result of the write.
    pub result: T,
}

/// One part of a plan.
#[derive(Debug)]
pub struct Action {
    item: TransactWriteItem,
    if_false: IfFalse,
}

/// What a false condition of an action means.
#[derive(Debug)]
pub(super) enum IfFalse {
    /// Another writer has changed the item since it was read.
    PlanAgain,
    /// An item has the id already.
    Exists,
    /// The item does not exist, or does not meet the precondition.
    Precondition(Precondition),
    /// The key of the request is in use.
    KeyInUse,
}

/// Carries out a plan. If another writer has changed the item, plans again.
///
/// # Errors
/// Those of `plan`; the reason why the write is rejected; [`StoreError::Unavailable`].
pub async fn carry_out<T, F: Future<Output = Result<Plan<T>, StoreError>>>(
    plan: impl Fn() -> F,
) -> Result<T, StoreError> {
    for round in 0..MAX_PLANS {
        if let Some(result) = plan().await?.commit(round).await? {
            return Ok(result);
        }
    }
    tracing::warn!(plans = MAX_PLANS, "a write failed because other writers kept changing the item");
    Err(StoreError::Unavailable)
}

impl<T> Plan<T> {
    /// Adds an action to the plan, and replaces its result. If several conditions are false, that of the added action
    /// decides.
    pub fn and<R>(mut self, action: Action, result: R) -> Plan<R> {
        self.actions.insert(0, action);
        Plan { client: self.client, operation: self.operation, actions: self.actions, result }
    }

    /// Carries out all actions in one transaction. Returns `None` if another writer has changed the item. In every round
    /// except the first (round 0), it waits before it returns `None`.
    ///
    /// If all responses so far have arrived, every earlier attempt was certainly canceled, so the next attempt is a new
    /// transaction. If a response was lost, DynamoDB may still carry out that attempt, so the next attempt has the same
    /// token, and a refusal is not final.
    async fn commit(self, round: u32) -> Result<Option<T>, StoreError> {
        let (items, if_false): (Vec<_>, Vec<_>) =
            self.actions.into_iter().map(|action| (action.item, action.if_false)).unzip();
        let lost = LostResponses::default();
        let mut token = new_version()?;
        let mut attempt = 1;
        loop {
            let call = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(Total);
            let error = match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
                Ok(written) => {
                    telemetry::add_write_units(written.consumed_capacity());
                    return Ok(Some(self.result));
                }
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => &[],
            };
            let error = match if_false.iter().zip(reasons).find(|(_, reason)| is_condition_false(reason)) {
                // The item has another version, so DynamoDB cannot carry out an earlier attempt any more.
                Some((IfFalse::PlanAgain, _)) => {
                    if round > 0 {
                        pause(&self.client, round).await;
                    }
                    return Ok(None);
                }
                Some((IfFalse::Exists, _)) => StoreError::Exists,
                Some((IfFalse::Precondition(precondition), reason)) => precondition.error(reason.item()),
                Some((IfFalse::KeyInUse, _)) => StoreError::Unavailable,
                None if reasons.iter().any(|reason| is_too_large(reason.code(), reason.message())) => {
                    StoreError::TooLarge
                }
                None if attempt < MAX_ATTEMPTS && reasons.iter().any(ends_within_moments) => {
                    if !lost.any() {
                        token = new_version()?;
                    }
                    pause(&self.client, attempt).await;
                    attempt += 1;
                    continue;
                }
                None => StoreError::from_sdk(self.operation, &error),
            };
            return Err(lost.or_unknown(error));
        }
    }
}

/// Whether an action's condition is false.
fn is_condition_false(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Whether an action was canceled for a reason that ends within moments.
fn ends_within_moments(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

/// Waits before the next attempt, longer after each attempt. The duration is random, because two writers that wait
/// equally long would conflict again.
async fn pause(client: &Client, attempt: u32) {
    if let Some(sleep) = client.config().sleep_impl() {
        sleep.sleep(Duration::from_millis(fastrand::u64(pause_range(attempt)))).await;
    }
}

/// The shortest and the longest pause after this attempt, in milliseconds.
fn pause_range(attempt: u32) -> RangeInclusive<u64> {
    const FIRST: u64 = 25;
    const LONGEST: u64 = 100;
    let longest = (FIRST << attempt.saturating_sub(1).min(8)).min(LONGEST);
    longest / 2..=longest
}

impl Items {
    /// A plan to store a new item.
    pub(super) fn plan_create<T>(&self, item: Item, result: T) -> Result<Plan<T>, StoreError> {
        Ok(self.plan("create", vec![self.put_new(item)?], result))
    }

    /// A plan to delete an item. It needs a read only if the precondition names a derived version.
    pub(super) async fn plan_delete(&self, id: &str, precondition: &Precondition) -> Result<Plan<()>, StoreError> {
        if precondition.has_derived_version() {
            return self.plan_change(id, |current| Ok((None, precondition.check(current)?))).await;
        }
        let if_false = IfFalse::Precondition(precondition.clone());
        Ok(self.plan("delete", vec![self.delete_if(id, precondition.condition(), if_false)?], ()))
    }

    /// A plan to change an item. `change` returns the new item, with the same id or another one, and the result. If it
    /// returns `None` instead of a new item, the plan deletes the item.
    pub(super) async fn plan_change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&Item) -> Result<(Option<Item>, T), StoreError>,
    ) -> Result<Plan<T>, StoreError> {
        let current = self.get(id).await?;
        let unchanged = Condition::unchanged(&current);
        let (new, result) = change(&current)?;
        let (operation, actions) = match new {
            Some(new) if new.get("id") == current.get("id") => {
                ("update", vec![self.update_if(id, unchanged, Changes::between(&current, new))?])
            }
            Some(new) => ("rename", vec![self.delete_if(id, unchanged, IfFalse::PlanAgain)?, self.put_new(new)?]),
            None => ("delete", vec![self.delete_if(id, unchanged, IfFalse::PlanAgain)?]),
        };
        Ok(self.plan(operation, actions, result))
    }

    fn plan<T>(&self, operation: &'static str, actions: Vec<Action>, result: T) -> Plan<T> {
        Plan { client: self.client.clone(), operation, actions, result }
    }

    fn put_new(&self, item: Item) -> Result<Action, StoreError> {
        put(&self.table, item, Condition::new("attribute_not_exists(id)"), IfFalse::Exists)
    }

    fn update_if(&self, id: &str, mut condition: Condition, changes: Changes) -> Result<Action, StoreError> {
        let update = changes.expression(&[], &mut condition);
        let (condition, names, values) = condition.into_parts();
        let update = Update::builder()
            .table_name(&self.table)
            .key("id", string(id))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values);
        let update = update.build().map_err(|_| StoreError::Corrupt)?;
        Ok(Action { item: TransactWriteItem::builder().update(update).build(), if_false: IfFalse::PlanAgain })
    }

    fn delete_if(&self, id: &str, condition: Condition, if_false: IfFalse) -> Result<Action, StoreError> {
        let (condition, names, values) = condition.into_parts();
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("id", string(id))
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(AllOld);
        let delete = delete.build().map_err(|_| StoreError::Corrupt)?;
        Ok(Action { item: TransactWriteItem::builder().delete(delete).build(), if_false })
    }
}

/// The action that stores an item if a condition is true.
pub(super) fn put(table: &str, item: Item, condition: Condition, if_false: IfFalse) -> Result<Action, StoreError> {
    let (condition, names, values) = condition.into_parts();
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(condition)
        .set_expression_attribute_names(names)
        .set_expression_attribute_values(values);
    let put = put.build().map_err(|_| StoreError::Corrupt)?;
    Ok(Action { item: TransactWriteItem::builder().put(put).build(), if_false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_after_each_attempt_up_to_a_tenth_of_a_second() {
        let pauses = [1, 2, 3, 4, 5, u32::MAX].map(pause_range);
        assert_eq!(pauses, [12..=25, 25..=50, 50..=100, 50..=100, 50..=100, 50..=100]);
    }

    #[test]
    fn the_reasons_that_end_within_moments_are_known() {
        for (code, expected) in [
            ("TransactionConflict", true),
            ("ThrottlingError", true),
            ("ProvisionedThroughputExceeded", true),
            ("ConditionalCheckFailed", false),
            ("ItemCollectionSizeLimitExceeded", false),
            ("ValidationError", false),
            ("None", false),
        ] {
            assert_eq!(ends_within_moments(&CancellationReason::builder().code(code).build()), expected, "{code}");
        }
    }
}
