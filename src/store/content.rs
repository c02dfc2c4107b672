//! A digest of an item's content. It does not depend on the order of maps and sets.

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest as _, Sha256};

use super::Item;

type Digest = [u8; 32];

/// The digest of all attributes, names and values.
pub(super) fn digest(item: &Item) -> Digest {
    let attributes = item.iter().map(|(name, value)| all("attribute", [one("name", name.as_bytes()), of_value(value)]));
    all_sorted("M", attributes)
}

fn of_value(value: &AttributeValue) -> Digest {
    match value {
        AttributeValue::S(text) => one("S", text.as_bytes()),
        AttributeValue::N(digits) => one("N", digits.as_bytes()),
        AttributeValue::B(bytes) => one("B", bytes.as_ref()),
        AttributeValue::Bool(is_true) => one("BOOL", &[u8::from(*is_true)]),
        AttributeValue::L(values) => all("L", values.iter().map(of_value)),
        AttributeValue::M(item) => digest(item),
        AttributeValue::Ss(texts) => all_sorted("SS", texts.iter().map(|text| one("S", text.as_bytes()))),
        AttributeValue::Ns(numbers) => all_sorted("NS", numbers.iter().map(|digits| one("N", digits.as_bytes()))),
        AttributeValue::Bs(blobs) => all_sorted("BS", blobs.iter().map(|bytes| one("B", bytes.as_ref()))),
        // Null, and types that DynamoDB may add.
        _ => one("NULL", &[]),
    }
}

fn one(kind: &str, bytes: &[u8]) -> Digest {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(bytes).finalize().into()
}

fn all(kind: &str, parts: impl IntoIterator<Item = Digest>) -> Digest {
    let start = Sha256::new().chain_update(kind).chain_update([0]);
    parts.into_iter().fold(start, Sha256::chain_update).finalize().into()
}

fn all_sorted(kind: &str, parts: impl Iterator<Item = Digest>) -> Digest {
    let mut parts: Vec<_> = parts.collect();
    parts.sort_unstable();
    all(kind, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn different_content_has_different_digests() {
        let values = [
            AttributeValue::S("1".to_owned()),
            AttributeValue::N("1".to_owned()),
            AttributeValue::B(vec![b'1'].into()),
            AttributeValue::Bool(true),
            AttributeValue::Bool(false),
            AttributeValue::Null(true),
            AttributeValue::L(Vec::new()),
            AttributeValue::L(vec![AttributeValue::S("1".to_owned())]),
            AttributeValue::L(vec![AttributeValue::S("1".to_owned()), AttributeValue::S(String::new())]),
            AttributeValue::M(Item::new()),
            AttributeValue::M(Item::from([("1".to_owned(), AttributeValue::Null(true))])),
            AttributeValue::Ss(texts(&["1", "2"])),
            AttributeValue::Ss(texts(&["12"])),
            AttributeValue::Ns(texts(&["1", "2"])),
            AttributeValue::Bs(vec![vec![b'1'].into(), vec![b'2'].into()]),
        ];
        let mut digests: Vec<_> =
            values.iter().map(|value| digest(&Item::from([("a".to_owned(), value.clone())]))).collect();
        digests.push(digest(&Item::from([("b".to_owned(), AttributeValue::Null(true))])));
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), values.len() + 1);
    }

    #[test]
    fn the_order_of_a_set_does_not_matter_and_that_of_a_list_does() {
        let set = |order: &[&str]| of_value(&AttributeValue::Ss(texts(order)));
        assert_eq!(set(&["a", "b"]), set(&["b", "a"]));
        let list = |order: &[&str]| {
            of_value(&AttributeValue::L(order.iter().map(|text| AttributeValue::S((*text).to_owned())).collect()))
        };
        assert_ne!(list(&["a", "b"]), list(&["b", "a"]));
        let map = |names: [&str; 2]| digest(&names.map(|name| (name.to_owned(), AttributeValue::Null(true))).into());
        assert_eq!(map(["a", "b"]), map(["b", "a"]));
    }
}
