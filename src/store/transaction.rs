//! Deletes and renames. What is deleted has no version by which a retry could recognize its work, so that both are
//! transactions: the SDK gives each call a token, by which DynamoDB itself recognizes a retry for ten minutes.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, Delete, Put, ReturnConsumedCapacity::Total, ReturnValuesOnConditionCheckFailure::AllOld,
        TransactWriteItem,
    },
};

use super::{
    Item, StoreError,
    items::{Items, key},
    precondition::{Condition, Precondition},
    version,
};
use crate::telemetry::scope;

/// How often a rename starts anew when another writer changes the item between its read and its write.
const RENAME_ROUNDS: usize = 4;

/// Why a transaction did not happen.
enum Canceled {
    /// Some of its conditions failed; one reason for each action.
    Conditions(Vec<CancellationReason>),
    /// Something else.
    Other(StoreError),
}

impl Items {
    /// Removes an item.
    pub(super) async fn delete(&self, id: &str, precondition: &Precondition) -> Result<(), StoreError> {
        let delete = self.delete_if(id, precondition.condition())?;
        match self.transact("delete", vec![delete]).await {
            Ok(()) => Ok(()),
            Err(Canceled::Other(error)) => Err(error),
            Err(Canceled::Conditions(reasons)) => {
                let refused = reasons.first().and_then(|reason| refusal(reason, precondition));
                Err(refused.unwrap_or(StoreError::Unavailable))
            }
        }
    }

    /// Replaces an item by the one with another id that `renamed` makes of it, in one atomic step. Returns what `renamed`
    /// returns beside the new item.
    pub(super) async fn rename<T>(
        &self,
        id: &str,
        precondition: &Precondition,
        renamed: impl Fn(Item) -> Result<(Item, T), StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 0..RENAME_ROUNDS {
            let current = self.get(id).await?;
            let mut condition = precondition.condition();
            if let Some(version) = version::of(&current) {
                // What is moved is what was read.
                condition = condition.and_version(version.to_owned());
            }
            let delete = self.delete_if(id, condition)?;
            let (new, result) = renamed(current)?;
            match self.transact("rename", vec![self.put_new(new)?, delete]).await {
                Ok(()) => return Ok(result),
                Err(Canceled::Other(error)) => return Err(error),
                Err(Canceled::Conditions(reasons)) => match reasons.get(1).filter(|reason| condition_failed(reason)) {
                    None => return Err(StoreError::Exists),
                    Some(changed) => refusal(changed, precondition).map_or(Ok(()), Err)?,
                },
            }
        }
        tracing::warn!(rounds = RENAME_ROUNDS, "rename gave way to other writers");
        Err(StoreError::Unavailable)
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(id)")
            .build();
        put.map(|put| TransactWriteItem::builder().put(put).build()).map_err(|_| StoreError::Corrupt)
    }

    fn delete_if(&self, id: &str, condition: Condition) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("id", key(id))
            .condition_expression(condition.expression)
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(AllOld)
            .build();
        delete.map(|delete| TransactWriteItem::builder().delete(delete).build()).map_err(|_| StoreError::Corrupt)
    }

    async fn transact(&self, operation: &str, actions: Vec<TransactWriteItem>) -> Result<(), Canceled> {
        let call = self.client.transact_write_items().set_transact_items(Some(actions)).return_consumed_capacity(Total);
        match Box::pin(call.send()).await {
            Ok(written) => {
                scope::write(written.consumed_capacity());
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled))
                    if canceled.cancellation_reasons().iter().any(condition_failed) =>
                {
                    Err(Canceled::Conditions(canceled.cancellation_reasons().to_vec()))
                }
                _ => Err(Canceled::Other(StoreError::from_sdk(operation, &error))),
            },
        }
    }
}

fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Why a transaction may not change the item that failed its condition. `None` if only another write came first.
fn refusal(reason: &CancellationReason, precondition: &Precondition) -> Option<StoreError> {
    match reason.item().filter(|item| !item.is_empty()) {
        None => Some(StoreError::NotFound),
        Some(item) if version::of(item).is_some_and(|version| precondition.allows(version)) => None,
        Some(_) => Some(StoreError::Stale),
    }
}
