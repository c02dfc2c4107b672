//! How large a movie can be.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Item, Service, item_of, large, large_field, merged, new, other_change, string};

/// The size of an item by DynamoDB's rules for texts, numbers and lists.
fn bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + bytes_of_value(value)).sum()
}

fn bytes_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + bytes_of_value(entry)).sum::<usize>(),
        other => panic!("add the size of {other:?}"),
    }
}

#[tokio::test]
async fn a_movie_may_grow_to_400_kb_and_no_further() {
    let service = Service::start().await;
    let new = new(1);
    let mut item = item_of(&new);
    let version = string("128-bits-of-base64url-");
    item.extend([("etag".to_owned(), version.clone()), ("prior_etag".to_owned(), version)]);
    item.insert(large_field().to_owned(), string(""));
    let largest = 409_600 - bytes(&item);
    for (length, status) in [(largest, 200), (largest + 1, 413), (largest - 1, 200)] {
        let posted = service.post(&merged(&new.body, &large(length))).await;
        assert_eq!(posted.status, status, "{length}");
        if status == 200 {
            // DynamoDB accepts the item, even after an update has filled the last attribute.
            let change =
                other_change().as_object().unwrap().keys().map(|name| (name.clone(), new.body[name].clone())).collect();
            assert_eq!(service.call("PUT", &new.path).json(&Value::Object(change)).send().await.status, 200);
            assert_eq!(service.call("DELETE", &new.path).send().await.status, 200);
        }
    }
    let two_bytes_each = json!({large_field(): "é".repeat(204_800)});
    assert_eq!(service.post(&merged(&new.body, &two_bytes_each)).await.status, 413);
}
