//! The version that each write gives an item, and by which the write recognizes itself.
//!
//! An item that another program put into the table has no version. Until this service first writes it, its version is
//! derived from its content.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::{Item, StoreError, content};

/// The prefix of a version that is derived from an item's content. A random version is base64url, which has no dot.
const DERIVED: &str = "content.";

/// A new version: 128 random bits as 22 characters of base64url.
pub(super) fn new() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(cause = %error, "the system does not provide random numbers");
        StoreError::Unavailable
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// An item's version.
pub(super) fn of(item: &Item) -> Cow<'_, str> {
    stored(item).map_or_else(|| Cow::Owned(derived(item)), Cow::Borrowed)
}

/// The version that this service has stored in an item, if there is one.
pub(super) fn stored(item: &Item) -> Option<&str> {
    text(item, "etag").filter(|version| is_opaque_tag(version))
}

/// Returns an item's version, and removes it from the item if it is stored there.
pub(super) fn take(item: &mut Item) -> String {
    match item.remove("etag") {
        Some(AttributeValue::S(version)) if is_opaque_tag(&version) => version,
        other => {
            item.extend(other.map(|other| ("etag".to_owned(), other)));
            derived(item)
        }
    }
}

/// Returns the item that came with a failed condition, if its current or previous version is `version`.
pub(super) fn written<'a>(found: Option<&'a Item>, version: &str) -> Option<&'a Item> {
    found.filter(|item| [text(item, "etag"), text(item, "prior_etag")].contains(&Some(version)))
}

/// Whether this is a version that [`of`] derives.
pub(super) fn is_derived(version: &str) -> bool {
    version.starts_with(DERIVED)
}

/// Whether a text can be an `ETag` (RFC 9110 §8.8.3). Any other text is not a version.
pub(super) fn is_opaque_tag(version: &str) -> bool {
    !version.is_empty() && version.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'~'))
}

fn derived(item: &Item) -> String {
    let half: Vec<_> = content::digest(item).into_iter().take(16).collect();
    format!("{DERIVED}{}", BASE64_URL_SAFE_NO_PAD.encode(half))
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn with_etag(etag: AttributeValue) -> Item {
        Item::from([("etag".to_owned(), etag), ("title".to_owned(), string("A"))])
    }

    #[test]
    fn a_write_is_recognized_by_the_last_two_versions() {
        let item = Item::from([("etag".to_owned(), string("v2")), ("prior_etag".to_owned(), string("v1"))]);
        assert!(written(Some(&item), "v2").is_some() && written(Some(&item), "v1").is_some());
        assert!(written(Some(&item), "v0").is_none() && written(None, "v2").is_none());
        assert!(written(Some(&Item::new()), "v2").is_none());
    }

    #[test]
    fn a_version_is_new() {
        let (one, other) = (new().unwrap(), new().unwrap());
        assert!(one.len() == 22 && one != other, "{one} {other}");
        assert!(is_opaque_tag(&one) && !is_derived(&one), "{one}");
    }

    #[test]
    fn an_item_without_a_valid_version_has_one_that_is_derived_from_its_content() {
        let bad = ["", "a\"b", "a b", "é", "\u{7f}"].map(string).into_iter();
        let mut items: Vec<_> = bad.chain([AttributeValue::Bool(true)]).map(with_etag).collect();
        items.push(Item::from([("title".to_owned(), string("A"))]));
        items.push(Item::from([("title".to_owned(), string("B"))]));
        let mut versions = Vec::new();
        for mut item in items {
            let version = of(&item).into_owned();
            assert!(is_derived(&version) && is_opaque_tag(&version) && stored(&item).is_none(), "{item:?}: {version}");
            let before = item.clone();
            assert_eq!((take(&mut item), &item), (version.clone(), &before));
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
            assert_eq!((of(&item).as_ref(), stored(&item)), (version, Some(version)));
            assert_eq!((take(&mut item).as_str(), item.len()), (version, 1));
        }
    }
}
