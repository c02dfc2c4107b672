//! Reads items, and writes them with conditions by which a write recognizes itself. This module knows an item's key, its
//! version and its size, but not its other attributes.

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
    condition::Condition,
    version::{is_own_write, new_version, string},
};
use crate::telemetry;

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
        let call = self.client.get_item().table_name(&self.table).key("id", string(id)).consistent_read(is_consistent);
        // Here and below, the future of a call is on the heap, because moving its several kilobytes is slow.
        let found = Box::pin(call.return_consumed_capacity(Total).send()).await;
        let found = found.map_err(|error| StoreError::from_sdk(operation, &error))?;
        telemetry::add_read_units(found.consumed_capacity());
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
                telemetry::add_write_units(written.consumed_capacity());
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let is_own = failed.item().is_some_and(|item| is_own_write(item, version));
                    if is_own { Ok(()) } else { Err(lost.or_unknown(StoreError::Exists)) }
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
        let version = new_version()?;
        condition.values.insert(":new".to_owned(), string(&version));
        // A write that has happened already does not happen again.
        condition.and("etag <> :new AND prior_etag <> :new");
        condition.and_type("etag", "S");
        let update = changes.expression(&["prior_etag = etag", "etag = :new"], &mut condition);
        let (condition, names, values) = condition.into_parts();
        let lost = LostResponses::default();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", string(id))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(Total)
            .return_values_on_condition_check_failure(AllOld);
        let error = match Box::pin(call.customize().interceptor(lost.clone()).send()).await {
            Ok(written) => {
                telemetry::add_write_units(written.consumed_capacity());
                return Ok(Updated::Done(written.attributes.unwrap_or_default()));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(lost.or_unknown(StoreError::from_sdk("update", &error)));
        };
        match failed.item() {
            None => Err(lost.or_unknown(StoreError::NotFound)),
            Some(item) if is_own_write(item, &version) => Ok(Updated::Done(item.clone())),
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

/// What an update sets and removes.
pub(super) struct Changes {
    pub set: Item,
    pub remove: Vec<String>,
}

impl Changes {
    /// The changes that turn `current` into `new`.
    pub(super) fn between(current: &Item, new: Item) -> Self {
        let remove = current.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
        Self { set: new.into_iter().filter(|(name, value)| current.get(name) != Some(value)).collect(), remove }
    }

    /// The update expression, with additional `clauses` that set attributes. Adds its placeholders to `condition`.
    pub(super) fn expression(self, clauses: &[&str], condition: &mut Condition) -> String {
        let mut clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
        for (n, (name, value)) in self.set.into_iter().enumerate() {
            clauses.push(format!("#set{n} = :set{n}"));
            condition.names.insert(format!("#set{n}"), name);
            condition.values.insert(format!(":set{n}"), value);
        }
        let mut expression = format!("SET {}", clauses.join(", "));
        let mut removed = Vec::new();
        for (n, name) in self.remove.into_iter().enumerate() {
            removed.push(format!("#remove{n}"));
            condition.names.insert(format!("#remove{n}"), name);
        }
        if !removed.is_empty() {
            expression = format!("{expression} REMOVE {}", removed.join(", "));
        }
        expression
    }
}

/// DynamoDB's limit for an item, names and values together, in bytes.
pub(super) const MAX_ITEM_BYTES: usize = 400 * 1024;

/// An item's size in bytes, as DynamoDB counts it (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats").
pub(super) fn size_of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + size_of_value(entry)).sum::<usize>(),
        AttributeValue::M(entries) => 3 + entries.len() + size_of(entries),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|digits| digits.len().div_ceil(2) + 1).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|bytes| bytes.as_ref().len()).sum(),
        // A boolean, null, and types that DynamoDB may add.
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;

    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        attributes.iter().map(|(name, text)| ((*name).to_owned(), string(text))).collect()
    }

    #[test]
    fn an_update_turns_one_item_into_the_other() {
        let changes = |current: &[_], new: &[_]| {
            let mut condition = Condition::new("c");
            let expression = Changes::between(&item(current), item(new)).expression(&["x = y"], &mut condition);
            (expression, condition.names.len(), condition.values.len())
        };
        let keep = ("id", "A-1");
        assert_eq!(changes(&[keep], &[keep]), ("SET x = y".to_owned(), 0, 0));
        assert_eq!(changes(&[keep], &[keep, ("a", "1")]), ("SET x = y, #set0 = :set0".to_owned(), 1, 1));
        assert_eq!(changes(&[keep, ("a", "1")], &[keep, ("a", "2")]), ("SET x = y, #set0 = :set0".to_owned(), 1, 1));
        assert_eq!(changes(&[keep, ("a", "1")], &[keep]), ("SET x = y REMOVE #remove0".to_owned(), 1, 0));
        let (expression, names, values) = changes(&[keep, ("a", "1"), ("b", "2")], &[keep, ("c", "3")]);
        assert_eq!((expression.as_str(), names, values), ("SET x = y, #set0 = :set0 REMOVE #remove0, #remove1", 3, 1));
    }

    #[test]
    fn each_type_has_the_size_that_dynamodb_documents() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |digits: &str| AttributeValue::N(digits.to_owned());
        for (value, size) in [
            (text("é!"), 3),
            (number("7"), 2),
            (number("2020"), 3),
            (AttributeValue::L(vec![]), 3),
            (AttributeValue::L(vec![text("ab"), number("2020")]), 3 + (1 + 2) + (1 + 3)),
            (AttributeValue::M([("name".to_owned(), text("ab"))].into()), 3 + 1 + (4 + 2)),
            (AttributeValue::B(Blob::new([0; 5])), 5),
            (AttributeValue::Ss(vec!["ab".to_owned(), "cde".to_owned()]), 5),
            (AttributeValue::Ns(vec!["7".to_owned(), "2020".to_owned()]), 2 + 3),
            (AttributeValue::Bs(vec![Blob::new([0; 5]), Blob::new([0; 6])]), 11),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::Null(true), 1),
        ] {
            assert_eq!(size_of_value(&value), size, "{value:?}");
            assert_eq!(size_of(&[("a name".to_owned(), value.clone())].into()), 6 + size, "{value:?}");
        }
        assert_eq!(size_of(&[("a".to_owned(), text("x")), ("b".to_owned(), text("yz"))].into()), 5);
    }
}
