//! Writes that are planned before they are carried out: read, check, then write unless the item has changed.
//!
//! A [`Plan`] contains its result before anything is written, so that the same transaction can remember the result.
//! Renames, deletes, and changes to items of other writers are also plans.

use aws_sdk_dynamodb::{
    Client,
    types::{CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure::AllOld, TransactWriteItem, Update},
};

use super::{
    Item, StoreError,
    expression::{Changes, Condition},
    items::{Items, key},
    precondition::Precondition,
    transaction::{Canceled, condition_failed, pause, transact},
    version,
};

/// The maximum number of plans for a write, if other writers keep changing the item.
const ROUNDS: u32 = 10;

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
    refusal: Refusal,
}

/// What a false condition of an action means.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another writer has changed the item since it was read.
    Overtaken,
    /// Another item has the new id.
    Exists,
    /// The item does not exist, or does not meet the precondition.
    Precondition(Precondition),
    /// The key of the request is in use.
    InUse,
}

impl<T> Plan<T> {
    /// Adds an action to the plan, and replaces its result. If several conditions are false, the refusal of the added
    /// action takes precedence.
    pub fn and<R>(mut self, action: Action, result: R) -> Plan<R> {
        self.actions.insert(0, action);
        Plan { client: self.client, operation: self.operation, actions: self.actions, result }
    }

    /// Carries out the plan. Returns `None` if another writer has changed the item. In every round except the first
    /// (round 0), it waits before it returns `None`.
    async fn commit(self, round: u32) -> Result<Option<T>, StoreError> {
        let (items, refusals): (Vec<_>, Vec<_>) =
            self.actions.into_iter().map(|action| (action.item, action.refusal)).unzip();
        match transact(&self.client, self.operation, items).await {
            Ok(()) => Ok(Some(self.result)),
            Err(Canceled::Other(error)) => Err(error),
            Err(Canceled::Conditions(reasons, lost)) => {
                let error = match refusals.iter().zip(&reasons).find(|(_, reason)| condition_failed(reason)) {
                    // The item has another version, so DynamoDB cannot carry out an earlier attempt any more.
                    Some((Refusal::Overtaken, _)) => {
                        if round > 0 {
                            pause(&self.client, round).await;
                        }
                        return Ok(None);
                    }
                    Some((Refusal::Exists, _)) => StoreError::Exists,
                    Some((Refusal::Precondition(precondition), reason)) => refused(reason, precondition),
                    Some((Refusal::InUse, _)) | None => StoreError::Unavailable,
                };
                Err(lost.or_unknown(error))
            }
        }
    }
}

/// Carries out a plan. If another writer has changed the item, plans again.
///
/// # Errors
/// Those of `plan`; the reason why the write is rejected; [`StoreError::Unavailable`].
pub async fn carry_out<T, E, F>(plan: impl Fn() -> F) -> Result<T, E>
where
    E: From<StoreError>,
    F: Future<Output = Result<Plan<T>, E>>,
{
    for round in 0..ROUNDS {
        if let Some(result) = plan().await?.commit(round).await? {
            return Ok(result);
        }
    }
    tracing::warn!(rounds = ROUNDS, "a write failed because other writers kept changing the item");
    Err(StoreError::Unavailable.into())
}

/// The error for a failed precondition. `reason` contains the item that failed it, if there is one.
fn refused(reason: &CancellationReason, precondition: &Precondition) -> StoreError {
    match reason.item().filter(|item| !item.is_empty()) {
        None => StoreError::NotFound,
        Some(item) if precondition.allows(&version::of(item)) => StoreError::Unavailable,
        Some(_) => StoreError::Stale,
    }
}

impl Items {
    /// A plan to store a new item.
    pub(super) fn plan_create<T>(&self, item: Item, result: T) -> Result<Plan<T>, StoreError> {
        Ok(self.plan("create", vec![self.put_new(item)?], result))
    }

    /// A plan to delete an item. It needs a read only if the precondition names a derived version.
    pub(super) async fn plan_delete(&self, id: &str, precondition: &Precondition) -> Result<Plan<()>, StoreError> {
        if precondition.names_derived() {
            return self.plan_change(id, |current| Ok((None, precondition.check(current)?))).await;
        }
        let refusal = Refusal::Precondition(precondition.clone());
        Ok(self.plan("delete", vec![self.delete_if(id, precondition.condition(), refusal)?], ()))
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
            Some(new) => ("rename", vec![self.delete_if(id, unchanged, Refusal::Overtaken)?, self.put_new(new)?]),
            None => ("delete", vec![self.delete_if(id, unchanged, Refusal::Overtaken)?]),
        };
        Ok(self.plan(operation, actions, result))
    }

    fn plan<T>(&self, operation: &'static str, actions: Vec<Action>, result: T) -> Plan<T> {
        Plan { client: self.client.clone(), operation, actions, result }
    }

    fn put_new(&self, item: Item) -> Result<Action, StoreError> {
        put(&self.table, item, Condition::new("attribute_not_exists(id)"), Refusal::Exists)
    }

    fn update_if(&self, id: &str, mut condition: Condition, changes: Changes) -> Result<Action, StoreError> {
        let expression = changes.expression(&[], &mut condition);
        let update = Update::builder()
            .table_name(&self.table)
            .key("id", key(id))
            .update_expression(expression)
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()));
        let update = update.build().map_err(|_| StoreError::Corrupt)?;
        Ok(Action { item: TransactWriteItem::builder().update(update).build(), refusal: Refusal::Overtaken })
    }

    fn delete_if(&self, id: &str, condition: Condition, refusal: Refusal) -> Result<Action, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("id", key(id))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(AllOld);
        let delete = delete.build().map_err(|_| StoreError::Corrupt)?;
        Ok(Action { item: TransactWriteItem::builder().delete(delete).build(), refusal })
    }
}

/// The action that stores an item if a condition is true.
pub(super) fn put(table: &str, item: Item, condition: Condition, refusal: Refusal) -> Result<Action, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(condition.expression)
        .set_expression_attribute_names(Some(condition.names).filter(|names| !names.is_empty()))
        .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()));
    let put = put.build().map_err(|_| StoreError::Corrupt)?;
    Ok(Action { item: TransactWriteItem::builder().put(put).build(), refusal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Versions;

    #[test]
    fn a_failed_precondition_is_explained_by_the_item_that_failed_it() {
        let item = Item::from([("id".to_owned(), key("A-1")), ("etag".to_owned(), key("v1"))]);
        for (item, if_match, expected) in [
            (None, "v1", StoreError::NotFound),
            (Some(Item::new()), "v1", StoreError::NotFound),
            (Some(item.clone()), "v0", StoreError::Stale),
            // The item meets the precondition, so it is not the reason.
            (Some(item), "v1", StoreError::Unavailable),
        ] {
            let reason = CancellationReason::builder().set_item(item).build();
            let if_match = Some(Versions::OneOf(vec![if_match.to_owned()]));
            let precondition = Precondition { if_match, if_none_match: None };
            assert_eq!(refused(&reason, &precondition), expected, "{reason:?}, {precondition:?}");
        }
    }
}
