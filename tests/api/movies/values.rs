//! How large the fields of a movie can be.

use serde_json::json;

use crate::support::{Service, large, large_field, merged, new};

#[tokio::test]
async fn a_movie_may_grow_to_400_kb_and_no_further() {
    let service = Service::start().await;
    let new = new(1);
    // The rest of the item has: id 19, title 17, year 7, cast 17, image 30, the name of the description 11, both versions
    // 26 and 32.
    let largest = 409_600 - 159;
    for (length, status) in [(largest, 200), (largest + 1, 413), (largest - 1, 200)] {
        let posted = service.post(&merged(&new.body, &large(length))).await;
        assert_eq!(posted.status, status, "{length}");
        if status == 200 {
            // DynamoDB accepts the item, even after an update has filled the last attribute.
            let change = json!({"cast": new.body["cast"]});
            assert_eq!(service.call("PUT", &new.path).json(&change).send().await.status, 200);
            assert_eq!(service.call("DELETE", &new.path).send().await.status, 200);
        }
    }
    let two_bytes_each = json!({large_field(): "é".repeat(204_800)});
    assert_eq!(service.post(&merged(&new.body, &two_bytes_each)).await.status, 413);
}
