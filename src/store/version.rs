//! The version that each write gives an item, and by which the write recognizes itself.
//!
//! An item that another program put into the table has no version. Until this service first writes it, its version is
//! derived from its content.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

use super::{Item, StoreError};

/// The prefix of a version that is derived from an item's content. A random version is base64url, which has no dot.
const DERIVED: &str = "content.";

/// A new version: 128 random bits as 22 characters of base64url.
pub(super) fn new_version() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(cause = %error, "the system does not provide random numbers");
        StoreError::Unavailable
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// An item's version: the stored one, or else one that is derived from its content.
pub(super) fn version_of(item: &Item) -> Cow<'_, str> {
    stored_version(item).map_or_else(|| Cow::Owned(derived_version(item)), Cow::Borrowed)
}

/// The version that this service has stored in an item, if there is one.
pub(super) fn stored_version(item: &Item) -> Option<&str> {
    text(item, "etag").filter(|version| is_opaque_tag(version))
}

/// Returns an item's version, and removes it from the item if it is stored there.
pub(super) fn take_version(item: &mut Item) -> String {
    match item.remove("etag") {
        Some(AttributeValue::S(version)) if is_opaque_tag(&version) => version,
        other => {
            item.extend(other.map(|other| ("etag".to_owned(), other)));
            derived_version(item)
        }
    }
}

/// Whether the item's current or previous version is that of this write.
pub(super) fn is_own_write(item: &Item, version: &str) -> bool {
    [text(item, "etag"), text(item, "prior_etag")].contains(&Some(version))
}

/// Whether this is a version that is derived from an item's content.
pub(super) fn is_derived(version: &str) -> bool {
    version.starts_with(DERIVED)
}

/// Whether a text can be an `ETag` (RFC 9110 §8.8.3). Any other text is not a version.
pub(super) fn is_opaque_tag(version: &str) -> bool {
    !version.is_empty() && version.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'~'))
}

/// A string as an attribute's value.
pub(super) fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn derived_version(item: &Item) -> String {
    let half: Vec<_> = digest(item).into_iter().take(16).collect();
    format!("{DERIVED}{}", BASE64_URL_SAFE_NO_PAD.encode(half))
}

type Digest = [u8; 32];

/// The digest of all attributes, names and values. It does not depend on the order of maps and sets.
fn digest(item: &Item) -> Digest {
    let attributes =
        item.iter().map(|(name, value)| all("attribute", [one("name", name.as_bytes()), digest_of_value(value)]));
    all_sorted("M", attributes)
}

fn digest_of_value(value: &AttributeValue) -> Digest {
    match value {
        AttributeValue::S(text) => one("S", text.as_bytes()),
        AttributeValue::N(digits) => one("N", digits.as_bytes()),
        AttributeValue::B(bytes) => one("B", bytes.as_ref()),
        AttributeValue::Bool(is_true) => one("BOOL", &[u8::from(*is_true)]),
        AttributeValue::L(values) => all("L", values.iter().map(digest_of_value)),
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

    fn with_etag(etag: AttributeValue) -> Item {
        Item::from([("etag".to_owned(), etag), ("a".to_owned(), string("A"))])
    }

    #[test]
    fn a_write_is_recognized_by_the_last_two_versions() {
        let item = Item::from([("etag".to_owned(), string("v2")), ("prior_etag".to_owned(), string("v1"))]);
        assert!(is_own_write(&item, "v2") && is_own_write(&item, "v1"));
        assert!(!is_own_write(&item, "v0") && !is_own_write(&Item::new(), "v2"));
    }

    #[test]
    fn a_version_is_new() {
        let (one, other) = (new_version().unwrap(), new_version().unwrap());
        assert!(one.len() == 22 && one != other, "{one} {other}");
        assert!(is_opaque_tag(&one) && !is_derived(&one), "{one}");
    }

    #[test]
    fn an_item_without_a_valid_version_has_one_that_is_derived_from_its_content() {
        let bad = ["", "a\"b", "a b", "é", "\u{7f}"].map(string).into_iter();
        let mut items: Vec<_> = bad.chain([AttributeValue::Bool(true)]).map(with_etag).collect();
        items.push(Item::from([("a".to_owned(), string("A"))]));
        items.push(Item::from([("a".to_owned(), string("B"))]));
        let mut versions = Vec::new();
        for mut item in items {
            let version = version_of(&item).into_owned();
            assert!(
                is_derived(&version) && is_opaque_tag(&version) && stored_version(&item).is_none(),
                "{item:?}: {version}"
            );
            let before = item.clone();
            assert_eq!((take_version(&mut item), &item), (version.clone(), &before));
            versions.push(version);
        }
        let count = versions.len();
        versions.sort();
        versions.dedup();
        assert_eq!(versions.len(), count, "the version tells items apart");
    }

    #[test]
    fn a_valid_stored_version_is_used() {
        for version in ["v1", "!", "~", "content.x"] {
            let mut item = with_etag(string(version));
            assert_eq!((version_of(&item).as_ref(), stored_version(&item)), (version, Some(version)));
            assert_eq!((take_version(&mut item).as_str(), item.len()), (version, 1));
        }
    }

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
        let set = |order: &[&str]| digest_of_value(&AttributeValue::Ss(texts(order)));
        assert_eq!(set(&["a", "b"]), set(&["b", "a"]));
        let list = |order: &[&str]| {
            digest_of_value(&AttributeValue::L(
                order.iter().map(|text| AttributeValue::S((*text).to_owned())).collect(),
            ))
        };
        assert_ne!(list(&["a", "b"]), list(&["b", "a"]));
        let map = |names: [&str; 2]| digest(&names.map(|name| (name.to_owned(), AttributeValue::Null(true))).into());
        assert_eq!(map(["a", "b"]), map(["b", "a"]));
    }
}
