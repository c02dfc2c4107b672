//! Sizes as DynamoDB counts them (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats").

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;

/// DynamoDB's limit for an item, names and values together, in bytes.
pub(super) const MAX_ITEM_BYTES: usize = 400 * 1024;

/// An item's size in bytes.
pub(super) fn of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + of_value(value)).sum()
}

fn of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + of_value(entry)).sum::<usize>(),
        AttributeValue::M(entries) => 3 + entries.len() + of(entries),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|digits| digits.len().div_ceil(2) + 1).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|bytes| bytes.as_ref().len()).sum(),
        // A boolean, null, and what DynamoDB may add.
        _ => 1,
    }
}
