//! Reads items, and writes them with conditions by which a write recognizes itself. This module knows an item's key and
//! version, but not its other attributes.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnConsumedCapacity::Total, ReturnValue, ReturnValuesOnConditionCheckFailure::AllOld},
};

use super::{
    Item, StoreError,
    attempts::{ConflictRetry, LostResponses, UsageCounter},
    expression::{Changes, Condition},
    version,
};
use crate::telemetry::scope;

/// A table whose items have the partition key `id`, and a version in `etag`.
#[derive(Clone, Debug)]
pub(super) struct Items {
    pub(super) client: Client,
    pub(super) table: String,
}

impl Items {
    pub(super) fn new(sdk: &SdkConfig, table: &str) -> Self {
        let config = Builder::from(sdk).retry_classifier(ConflictRetry).interceptor(UsageCounter).build();
        Self { client: Client::from_conf(config), table: table.to_owned() }
    }

    /// Checks that the table responds. It reads an item that never exists, which is cheap and needs no additional
    /// permission.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.read("ping", "ping", false).await.map(|_| ())
    }

    /// The item with this id. The read is strongly consistent.
    pub(super) async fn get(&self, id: &str) -> Result<Item, StoreError> {
        self.read("get", id, true).await?.ok_or(StoreError::NotFound)
    }

    async fn read(&self, operation: &str, id: &str, is_consistent: bool) -> Result<Option<Item>, StoreError> {
        let call = self.client.get_item().table_name(&self.table).key("id", key(id)).consistent_read(is_consistent);
        // Here and below, the future of a call is on the heap, because moving its several kilobytes is slow.
        let found = Box::pin(call.return_consumed_capacity(Total).send()).await;
        let found = found.map_err(|error| StoreError::from_sdk(operation, &error))?;
        scope::read(found.consumed_capacity());
        Ok(found.item)
    }

    /// Stores a new item with this version.
    pub(super) async fn create(&self, item: Item, version: &str) -> Result<(), StoreError> {
        let lost = LostResponses::default();
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(id)")
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(AllOld);
        match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(written) => {
                scope::write(written.consumed_capacity());
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let own = version::written(failed.item(), version);
                    own.map(|_| ()).ok_or(lost.or_unknown(StoreError::Exists))
                }
                _ => Err(StoreError::from_sdk("create", &error)),
            },
        }
    }

    /// Sets and removes attributes of an item, and gives it a new version, if it has a version and the condition is true.
    pub(super) async fn update(
        &self,
        id: &str,
        changes: Changes,
        mut condition: Condition,
    ) -> Result<Updated, StoreError> {
        let version = version::new()?;
        condition.values.insert(":new".to_owned(), AttributeValue::S(version.clone()));
        // A write that has happened already does not happen again.
        condition.and("etag <> :new AND prior_etag <> :new");
        condition.and_type("etag", "S");
        let lost = LostResponses::default();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", key(id))
            .update_expression(changes.expression(&["prior_etag = etag", "etag = :new"], &mut condition))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(AllOld);
        let error = match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(written) => {
                scope::write(written.consumed_capacity());
                return Ok(Updated::Done(written.attributes.unwrap_or_default()));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(lost.or_unknown(StoreError::from_sdk("update", &error)));
        };
        match failed.item() {
            None => Err(lost.or_unknown(StoreError::NotFound)),
            Some(item) if version::written(Some(item), &version).is_some() => Ok(Updated::Done(item.clone())),
            Some(_) if lost.any() => Err(StoreError::Unavailable),
            Some(item) => Ok(Updated::Refused(item.clone())),
        }
    }
}

/// What became of an update.
pub(super) enum Updated {
    /// It happened, and this is the item after it.
    Done(Item),
    /// The condition is false for this item, which is unchanged.
    Refused(Item),
}

pub(super) fn key(id: &str) -> AttributeValue {
    AttributeValue::S(id.to_owned())
}
