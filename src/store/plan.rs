//! Writes that are decided before they are carried out: read, check, then write unless another writer came between.
//!
//! A [`Plan`] knows its result before anything is written, so that it can be remembered in the same transaction. Renames,
//! deletes, and changes of items that another writer put into the table are carried out in this way too.

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

/// How often a write is planned anew when another writer changes the item between its read and its write.
const ROUNDS: u32 = 10;

/// A write that is decided, and not carried out yet.
#[derive(Debug)]
pub struct Plan<T> {
    client: Client,
    operation: &'static str,
    actions: Vec<Action>,
    /// What the write results in.
    pub result: T,
}

/// One part of a plan.
#[derive(Debug)]
pub struct Action {
    item: TransactWriteItem,
    refusal: Refusal,
}

/// What it means that the condition of an action is false.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another writer came between the read and the write.
    Overtaken,
    /// Something has the new id already.
    Exists,
    /// The item is not there, or does not meet the precondition.
    Precondition(Precondition),
    /// The key of the request is in use.
    InUse,
}

impl<T> Plan<T> {
    /// The same plan with one action more, whose refusal counts first, and another result.
    pub fn and<R>(mut self, action: Action, result: R) -> Plan<R> {
        self.actions.insert(0, action);
        Plan { client: self.client, operation: self.operation, actions: self.actions, result }
    }

    /// Carries it out. `None` if another writer came first, after a pause that gives way to it.
    async fn commit(self, round: u32) -> Result<Option<T>, StoreError> {
        let (items, refusals): (Vec<_>, Vec<_>) =
            self.actions.into_iter().map(|action| (action.item, action.refusal)).unzip();
        match transact(&self.client, self.operation, items).await {
            Ok(()) => Ok(Some(self.result)),
            Err(Canceled::Other(error)) => Err(error),
            Err(Canceled::Conditions(reasons)) => {
                match refusals.iter().zip(&reasons).find(|(_, reason)| condition_failed(reason)) {
                    Some((Refusal::Overtaken, _)) => {
                        if round > 0 {
                            pause(&self.client, round).await;
                        }
                        Ok(None)
                    }
                    Some((Refusal::Exists, _)) => Err(StoreError::Exists),
                    Some((Refusal::Precondition(precondition), reason)) => Err(refused(reason, precondition)),
                    Some((Refusal::InUse, _)) | None => Err(StoreError::Unavailable),
                }
            }
        }
    }
}

/// Carries out a plan, and makes it anew as often as another writer comes between.
///
/// # Errors
/// Those of `plan`; why the write is refused; [`StoreError::Unavailable`].
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
    tracing::warn!(rounds = ROUNDS, "a write gave way to other writers");
    Err(StoreError::Unavailable.into())
}

/// Why an item may not be changed that failed the condition of a precondition.
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

    /// A plan to remove an item. It is read first only if no condition can compare its version.
    pub(super) async fn plan_delete(&self, id: &str, precondition: &Precondition) -> Result<Plan<()>, StoreError> {
        if precondition.names_derived() {
            return self.plan_change("delete", id, precondition, |_| Ok((None, ()))).await;
        }
        let refusal = Refusal::Precondition(precondition.clone());
        Ok(self.plan("delete", vec![self.delete_if(id, precondition.condition(), refusal)?], ()))
    }

    /// A plan to replace an item by what `change` makes of it: an item with the same id, one with another id, or nothing.
    /// What `change` returns beside it is the result.
    pub(super) async fn plan_change<T>(
        &self,
        operation: &'static str,
        id: &str,
        precondition: &Precondition,
        change: impl FnOnce(&Item) -> Result<(Option<Item>, T), StoreError>,
    ) -> Result<Plan<T>, StoreError> {
        let current = self.get(id).await?;
        if !precondition.allows(&version::of(&current)) {
            return Err(StoreError::Stale);
        }
        let unchanged = Condition::unchanged(&current);
        let (new, result) = change(&current)?;
        let actions = match new {
            Some(new) if new.get("id") == current.get("id") => {
                vec![self.update_if(id, unchanged, Changes::between(&current, new))?]
            }
            Some(new) => vec![self.delete_if(id, unchanged, Refusal::Overtaken)?, self.put_new(new)?],
            None => vec![self.delete_if(id, unchanged, Refusal::Overtaken)?],
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

/// Stores an item of a table under a condition.
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
