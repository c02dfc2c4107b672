//! The version that each write gives an item, and the write's recognition by it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::{Item, StoreError};

/// A new version: 128 random bits as 22 characters of base64url.
pub(super) fn new() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(cause = %error, "the system gives no random numbers");
        StoreError::Unavailable
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The version of an item's last write.
pub(super) fn of(item: &Item) -> Option<&str> {
    text(item, "etag")
}

/// The item that a failed condition returned, if it shows that the write with this version has happened: as the last
/// write, or as the one before.
pub(super) fn written<'a>(found: Option<&'a Item>, version: &str) -> Option<&'a Item> {
    found.filter(|item| [of(item), text(item, "prior_etag")].contains(&Some(version)))
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn a_write_is_recognized_by_the_last_two_versions() {
        let string = |text: &str| AttributeValue::S(text.to_owned());
        let item = Item::from([("etag".to_owned(), string("v2")), ("prior_etag".to_owned(), string("v1"))]);
        assert!(written(Some(&item), "v2").is_some() && written(Some(&item), "v1").is_some());
        assert!(written(Some(&item), "v0").is_none() && written(None, "v2").is_none());
        assert!(written(Some(&Item::new()), "v2").is_none());
    }

    #[test]
    fn a_version_is_new() {
        let (one, other) = (new().unwrap(), new().unwrap());
        assert!(one.len() == 22 && one != other, "{one} {other}");
    }
}
