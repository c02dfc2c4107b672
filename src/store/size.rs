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
        // A boolean, null, and types that DynamoDB may add.
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;

    use super::*;

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
            assert_eq!(of_value(&value), size, "{value:?}");
            assert_eq!(of(&[("a name".to_owned(), value.clone())].into()), 6 + size, "{value:?}");
        }
        assert_eq!(of(&[("a".to_owned(), text("x")), ("b".to_owned(), text("yz"))].into()), 5);
    }
}
