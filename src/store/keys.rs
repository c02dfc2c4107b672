//! Remembers requests by their `Idempotency-Key`, in a separate table.
//!
//! The record is written by an additional action in the transaction of the write ([`Plan`](super::Plan)). This module
//! does not depend on what is written.
//!
//! An expired record counts as absent. DynamoDB deletes it some time later.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnConsumedCapacity::Total},
};
use serde::{Deserialize, Serialize};

use super::{
    Item, StoreError,
    condition::Condition,
    items::{MAX_ITEM_BYTES, size_of},
    plan::{Action, IfFalse, put},
    version::string,
};
use crate::telemetry;

/// How long a request is remembered, in seconds.
const LIFETIME: u64 = 24 * 60 * 60;

/// The first successful request with a key.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct KeyRecord {
    /// The partition key. It contains the client's key.
    pub key: String,
    /// Identifies the request. Different requests have different fingerprints.
    pub fingerprint: String,
    /// The response.
    pub response: RecordedResponse,
}

/// The response to a write that succeeded.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct RecordedResponse {
    /// The version in its `ETag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The id that its `Location` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its body.
    pub body: String,
}

/// The table of remembered requests.
#[derive(Clone, Debug)]
pub struct KeyTable {
    pub(super) client: Client,
    pub(super) table: String,
}

impl KeyTable {
    /// The record of this key. The read is strongly consistent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Corrupt`] if another program put a different item into the table.
    pub async fn get(&self, key: &str) -> Result<Option<KeyRecord>, StoreError> {
        let call = self.client.get_item().table_name(&self.table).key("key", string(key));
        let found = Box::pin(call.consistent_read(true).return_consumed_capacity(Total).send()).await;
        let found = found.map_err(|error| StoreError::from_sdk("recall", &error))?;
        telemetry::add_read_units(found.consumed_capacity());
        let Some(item) = found.item.filter(|item| !has_expired(item)) else { return Ok(None) };
        serde_dynamo::from_item(item).map(Some).map_err(|error| {
            tracing::error!(cause = %error, "an item in the table of keys is not a remembered request");
            StoreError::Corrupt
        })
    }

    /// The action that remembers a request. Its condition fails if the key is in use.
    ///
    /// # Errors
    /// [`StoreError::RecordTooLarge`].
    pub fn record(&self, request: &KeyRecord) -> Result<Action, StoreError> {
        let mut item: Item = serde_dynamo::to_item(request).map_err(|_| StoreError::Corrupt)?;
        item.insert("expires_at".to_owned(), AttributeValue::N((now() + LIFETIME).to_string()));
        if size_of(&item) > MAX_ITEM_BYTES {
            return Err(StoreError::RecordTooLarge);
        }
        let mut unused = Condition::new("attribute_not_exists(#key) OR expires_at <= :now");
        unused.names.insert("#key".to_owned(), "key".to_owned());
        unused.values.insert(":now".to_owned(), AttributeValue::N(now().to_string()));
        put(&self.table, item, unused, IfFalse::KeyInUse)
    }
}

fn has_expired(item: &Item) -> bool {
    let expires_at = item.get("expires_at").and_then(|value| value.as_n().ok()?.parse::<u64>().ok());
    expires_at.is_some_and(|expires_at| expires_at <= now())
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws, store::Store};

    #[test]
    fn a_record_is_at_most_as_large_as_an_item_can_be() {
        let keys = Store::new(&aws::connect(|_| None).unwrap(), "movies").keys("keys");
        let request = |bytes: usize| KeyRecord {
            key: "key".to_owned(),
            fingerprint: "fingerprint".to_owned(),
            response: RecordedResponse { body: "x".repeat(bytes), ..RecordedResponse::default() },
        };
        // The time at which a record expires has ten digits.
        let expires_at = "expires_at".len() + 6;
        let empty = size_of(&serde_dynamo::to_item(request(0)).unwrap()) + expires_at;
        let rest = MAX_ITEM_BYTES - empty;
        assert!(keys.record(&request(rest)).is_ok());
        assert_eq!(keys.record(&request(rest + 1)).unwrap_err(), StoreError::RecordTooLarge);
    }
}
