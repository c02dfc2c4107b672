//! Items as another writer stores and sees them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Example, Service};

pub type Item = HashMap<String, AttributeValue>;

pub fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The item of a movie without the versions of this service.
pub fn item_of(example: &Example) -> Item {
    let mut item: Item = serde_dynamo::to_item(&example.body).unwrap();
    item.insert("id".to_owned(), string(&example.id));
    item
}

/// The partition key of a record, if the event source does not authenticate callers.
pub fn partition_key(key: &str) -> String {
    format!("1  {key}")
}

impl Service {
    pub async fn put_item(&self, item: &Item) {
        self.dynamodb.put_item().table_name("movies").set_item(Some(item.clone())).send().await.unwrap();
    }

    pub async fn stored_item(&self, id: &str) -> Option<Item> {
        let call = self.dynamodb.get_item().table_name("movies").key("id", string(id)).consistent_read(true);
        call.send().await.unwrap().item
    }

    /// The record of a key that an unknown caller sent.
    pub async fn record(&self, key: &str) -> Option<Item> {
        let call =
            self.dynamodb.get_item().table_name("keys").key("key", string(&partition_key(key))).consistent_read(true);
        call.send().await.unwrap().item
    }

    /// Deletes all items.
    pub async fn empty(&self) {
        for item in self.dynamodb.scan().table_name("movies").send().await.unwrap().items.unwrap() {
            self.dynamodb.delete_item().table_name("movies").key("id", item["id"].clone()).send().await.unwrap();
        }
    }
}
