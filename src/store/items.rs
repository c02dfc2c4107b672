//! Items of one table: conditional writes that recognize themselves. It knows keys and versions, and nothing of what else
//! an item holds.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnConsumedCapacity::Total, ReturnValue, ReturnValuesOnConditionCheckFailure::AllOld},
};

use super::{
    Item, StoreError,
    attempts::{Contention, LostResponses, Meter},
    precondition::{Condition, Precondition},
    version,
};
use crate::telemetry::scope;

/// What an update sets and removes.
pub(super) struct Changes {
    pub set: Item,
    pub remove: Vec<String>,
}

/// A table whose items have the partition key `id`, and a version in `etag`.
#[derive(Clone, Debug)]
pub(super) struct Items {
    pub(super) client: Client,
    pub(super) table: String,
}

impl Items {
    pub(super) fn new(sdk: &SdkConfig, table: &str) -> Self {
        let config = Builder::from(sdk).retry_classifier(Contention).interceptor(Meter).build();
        Self { client: Client::from_conf(config), table: table.to_owned() }
    }

    /// Asks for an item that is never there: the cheapest sign of life, and it needs no further permission.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.read("ping", "ping", false).await.map(|_| ())
    }

    /// The item with this id, as of all writes completed so far.
    pub(super) async fn get(&self, id: &str) -> Result<Item, StoreError> {
        self.read("get", id, true).await?.ok_or(StoreError::NotFound)
    }

    async fn read(&self, operation: &str, id: &str, is_consistent: bool) -> Result<Option<Item>, StoreError> {
        let call = self.client.get_item().table_name(&self.table).key("id", key(id)).consistent_read(is_consistent);
        // On the heap, here and below: the state of a call is some kilobytes that would be moved around.
        let found = Box::pin(call.return_consumed_capacity(Total).send()).await;
        let found = found.map_err(|error| StoreError::from_sdk(operation, &error))?;
        scope::read(found.consumed_capacity());
        Ok(found.item)
    }

    /// Stores a new item of this version. Returns the item that is there now, if it is another one than the given: the
    /// write has happened, and another one after it.
    pub(super) async fn create(&self, item: Item, version: &str) -> Result<Option<Item>, StoreError> {
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
                Ok(None)
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let own = version::written(failed.item(), version).cloned();
                    own.map(Some).ok_or(lost.unless(StoreError::Exists))
                }
                _ => Err(StoreError::from_sdk("create", &error)),
            },
        }
    }

    /// Sets and removes attributes of an item, and gives it a new version. Returns the item as it is now.
    pub(super) async fn update(
        &self,
        id: &str,
        changes: Changes,
        precondition: &Precondition,
    ) -> Result<Item, StoreError> {
        let version = version::new()?;
        let Condition { expression: condition, mut values } = precondition.condition();
        values.insert(":new".to_owned(), AttributeValue::S(version.clone()));
        let mut update = "SET prior_etag = etag, etag = :new".to_owned();
        let Changes { set, remove } = changes;
        // Placeholders, since a name may be one of DynamoDB's reserved words.
        let names: HashMap<_, _> = set.keys().chain(&remove).map(|name| (format!("#{name}"), name.clone())).collect();
        for (name, value) in set {
            let _ = write!(update, ", #{name} = :{name}");
            values.insert(format!(":{name}"), value);
        }
        for (index, name) in remove.iter().enumerate() {
            let _ = write!(update, "{} #{name}", if index == 0 { " REMOVE" } else { "," });
        }
        let lost = LostResponses::default();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", key(id))
            .update_expression(update)
            // A write that has happened already does not happen again.
            .condition_expression(format!("{condition} AND etag <> :new AND prior_etag <> :new"))
            .set_expression_attribute_names(Some(names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(AllOld);
        match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(written) => {
                scope::write(written.consumed_capacity());
                Ok(written.attributes.unwrap_or_default())
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let refusal = if failed.item().is_some() { StoreError::Stale } else { StoreError::NotFound };
                    version::written(failed.item(), &version).cloned().ok_or(lost.unless(refusal))
                }
                _ => Err(StoreError::from_sdk("update", &error)),
            },
        }
    }
}

pub(super) fn key(id: &str) -> AttributeValue {
    AttributeValue::S(id.to_owned())
}
