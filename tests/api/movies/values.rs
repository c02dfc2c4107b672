//! How large the fields of a movie can be.

use serde_json::json;

use crate::support::{Service, large, merged, movies::movie};

#[tokio::test]
async fn a_movie_may_grow_to_400_kb_and_no_further() {
    let service = Service::start().await;
    // The rest of the item has: id 11, title 9, year 7, cast 15, image 30, the name of the description 11, both versions
    // 26 and 32.
    let largest = 409_600 - 141;
    for (length, status) in [(largest, 200), (largest + 1, 413), (largest - 1, 200)] {
        let posted = service.post(&merged(&movie("Edge", 2020), &large(length))).await;
        assert_eq!(posted.status, status, "{length}");
        if status == 200 {
            // DynamoDB accepts the item, even after an update has filled the last attribute.
            let path = "/ns_movies/Edge-2020";
            assert_eq!(service.call("PUT", path).json(&json!({"cast": ["Ann", "Bob"]})).send().await.status, 200);
            assert_eq!(service.call("DELETE", path).send().await.status, 200);
        }
    }
    let two_bytes_each = json!({"description": "é".repeat(204_800)});
    assert_eq!(service.post(&merged(&movie("Edge", 2020), &two_bytes_each)).await.status, 413);
}
