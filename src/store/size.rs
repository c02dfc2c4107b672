//! How large an item is, as DynamoDB counts it (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats").

use aws_sdk_dynamodb::types::AttributeValue;

use super::record::Item;

/// DynamoDB's limit for an item, names and values together, in bytes.
pub(super) const MAX: usize = 400 * 1024;

/// The size of an item in bytes.
pub(super) fn of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + of_value(value)).sum()
}

fn of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + of_value(entry)).sum::<usize>(),
        AttributeValue::M(entries) => {
            3 + entries.iter().map(|(name, entry)| name.len() + 1 + of_value(entry)).sum::<usize>()
        }
        // Booleans; a movie has neither binary data nor sets.
        _ => 1,
    }
}
