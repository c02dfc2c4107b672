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
    PreconditionFailed,
    /// DynamoDB's limit is 400 KB.
    #[error("the item is too large for the table")]
    TooLarge,
    /// The same limit, for the record of a key.
    #[error("the response is too large for the table of keys")]
    RecordTooLarge,
    /// The cause is in the log. It is a bug, or another program wrote into the table of keys.
    #[error("an item cannot be read or written")]
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
        let first: Option<&dyn std::error::Error> = Some(error);
        let causes = std::iter::successors(first, |error| error.source()).map(ToString::to_string);
        let causes = causes.collect::<Vec<_>>().join(": ");
        // Only the first line of DynamoDB's message: after a wrong signature, the others contain the signed request with
        // its session token.
        let cause = error.message().unwrap_or(&causes).lines().next();
        let event = match error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => "DynamoDB did not respond",
            _ => "a DynamoDB call failed",
        };
        tracing::error!(operation, code = error.code(), cause, "{event}");
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
    use aws_sdk_dynamodb::{
        config::http::HttpResponse, error::ConnectorError, error::ErrorMetadata, operation::get_item::GetItemError,
    };
    use aws_smithy_types::body::SdkBody;
    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::tests::logged;

    /// The line that is logged for an error.
    fn line_of(error: &SdkError<GetItemError>) -> Value {
        let mut lines = logged(|| assert_eq!(StoreError::from_sdk("read", error), StoreError::Unavailable));
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    #[test]
    fn the_log_of_a_failed_call_has_its_code_and_the_first_line_of_the_message() {
        let message = "The signature does not match.\n\nThe Canonical String should have been\n'POST\n/\nx-amz-security-token:s3cret'";
        for (error, code, cause) in [
            (
                ErrorMetadata::builder().code("InvalidSignatureException").message(message).build(),
                json!("InvalidSignatureException"),
                "The signature does not match.",
            ),
            (ErrorMetadata::builder().build(), Value::Null, "service error: unhandled error"),
        ] {
            let response = HttpResponse::new(400.try_into().unwrap(), SdkBody::from("s3cret"));
            let line = line_of(&SdkError::service_error(GetItemError::generic(error), response));
            let told = (&line["level"], &line["message"], &line["operation"], &line["code"]);
            assert_eq!(told, (&json!("ERROR"), &json!("a DynamoDB call failed"), &json!("read"), &code), "{line}");
            assert!(line["cause"].as_str().unwrap().starts_with(cause), "{line}");
            assert!(!line.to_string().contains("s3cret"), "{line}");
        }
    }

    #[test]
    fn the_log_says_whether_dynamodb_responded() {
        let broken = || ConnectorError::io("connection reset by peer".into());
        let response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from("s3cret"));
        for (error, expected) in [
            (SdkError::dispatch_failure(broken()), "DynamoDB did not respond"),
            (SdkError::timeout_error(broken()), "DynamoDB did not respond"),
            (SdkError::construction_failure("no credentials"), "a DynamoDB call failed"),
            (SdkError::response_error("not JSON", response), "a DynamoDB call failed"),
        ] {
            let line = line_of(&error);
            assert!(line["message"] == expected && !line.to_string().contains("s3cret"), "{line}");
        }
    }

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
