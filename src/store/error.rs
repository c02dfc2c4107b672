//! Errors of the store: why an operation did not happen.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Why an operation did not happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The cause is in the log.
    #[error("the table does not respond, or what became of a write cannot be known")]
    Unavailable,
    /// Nothing has the id.
    #[error("nothing has this id")]
    NotFound,
    /// Something else has the id already.
    #[error("the id is taken")]
    Exists,
    /// The precondition is false.
    #[error("the item has another version than the precondition demands")]
    Stale,
    /// DynamoDB's limit is 400 KB.
    #[error("the item is too large for the table")]
    TooLarge,
    /// Something else writes to the table. The id is in the log.
    #[error("the item is not what the service stores")]
    Corrupt,
}

impl StoreError {
    /// Logs why DynamoDB did not do what it was asked, and says what that means to a client.
    pub(super) fn from_sdk<E>(operation: &str, error: &SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        if is_too_large(error.code(), error.message()) {
            return Self::TooLarge;
        }
        // Each error's own words; their debug output would hold the whole response.
        let first: Option<&dyn std::error::Error> = Some(error);
        let causes = std::iter::successors(first, |error| error.source()).map(ToString::to_string);
        let cause = causes.collect::<Vec<_>>().join(": ");
        tracing::error!(operation, code = error.code(), cause, "DynamoDB did not respond");
        Self::Unavailable
    }
}

/// DynamoDB has no code of its own for this, and two texts: one for a new item, one for an update.
pub(super) fn is_too_large(code: Option<&str>, message: Option<&str>) -> bool {
    const TEXTS: [&str; 2] = [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    ];
    // The second is the code of a transaction's reason.
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
