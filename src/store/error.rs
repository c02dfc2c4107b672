//! Errors of the store: why an operation did not happen.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Why an operation did not happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The cause is in the log.
    #[error("the table does not respond, or the outcome of a write is unknown")]
    Unavailable,
    /// The item does not exist.
    #[error("the item does not exist")]
    NotFound,
    /// Another item has the id.
    #[error("the id is taken")]
    Exists,
    /// The precondition is false.
    #[error("the item's version does not meet the precondition")]
    Stale,
    /// DynamoDB's limit is 400 KB.
    #[error("the item is too large for the table")]
    TooLarge,
    /// Another program wrote the item. Its id is in the log.
    #[error("the item is not a valid entity")]
    Corrupt,
}

impl StoreError {
    /// Logs an error of DynamoDB, and turns it into an error of the store.
    pub(super) fn from_sdk<E>(operation: &str, error: &SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        if is_too_large(error.code(), error.message()) {
            return Self::TooLarge;
        }
        // The message of each cause, because the debug output would contain the whole response.
        let first: Option<&dyn std::error::Error> = Some(error);
        let causes = std::iter::successors(first, |error| error.source()).map(ToString::to_string);
        let cause = causes.collect::<Vec<_>>().join(": ");
        tracing::error!(operation, code = error.code(), cause, "DynamoDB did not respond");
        Self::Unavailable
    }
}

/// Whether DynamoDB rejects an item as too large. DynamoDB has no separate error code for this. Only the message shows
/// it: one message is for a new item, the other for an update.
pub(super) fn is_too_large(code: Option<&str>, message: Option<&str>) -> bool {
    const TEXTS: [&str; 2] = [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    ];
    // The first code is that of a call, the second that of an action in a canceled transaction.
    matches!(code, Some("ValidationException" | "ValidationError"))
        && message.is_some_and(|message| TEXTS.iter().any(|text| message.contains(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamodbs_texts_of_an_item_that_is_too_large_are_known() {
        for (code, message, expected) in [
            ("ValidationException", "Item size has exceeded the maximum allowed size", true),
            ("ValidationException", "Item size to update has exceeded the maximum allowed size", true),
            ("ValidationError", "Item size has exceeded the maximum allowed size", true),
            ("ValidationError", "Item size to update has exceeded the maximum allowed size", true),
            ("ValidationException", "The provided key element does not match the schema", false),
            ("ThrottlingException", "Item size has exceeded the maximum allowed size", false),
        ] {
            assert_eq!(is_too_large(Some(code), Some(message)), expected, "{code}: {message}");
        }
        assert!(!is_too_large(Some("ValidationException"), None));
    }
}
