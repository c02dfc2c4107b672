//! The year: a filter of a listing.

use serde_json::json;

use crate::{
    schemas::parameter_allows,
    support::{Service, collection, merged, new, parsed},
};

#[tokio::test]
async fn a_year_lists_only_its_movies() {
    let service = Service::start().await;
    for n in 0..6 {
        service.put(parsed(&merged(&new(n).body, &json!({"year": 2000 + n % 2})))).await;
    }
    for limit in [1, 2, 100] {
        let movies = service.list_all(&format!("{}?limit={limit}&year=2001", collection())).await;
        assert_eq!(movies.len(), 3, "limit {limit}");
        assert!(movies.values().all(|movie| movie["year"] == 2001), "limit {limit}");
    }
    assert_eq!(service.get("/ns_movies/?year=1").await.body, "{}");
}

#[tokio::test]
async fn the_parameter_is_a_year() {
    let service = Service::start().await;
    for (year, is_valid) in [("1", true), ("9999", true), ("0", false), ("10000", false), ("02020", false), ("", false)]
    {
        let status = service.get(&format!("/ns_movies/?year={year}")).await.status;
        assert_eq!(status, if is_valid { 200 } else { 400 }, "{year}");
        // A schema of numbers does not see a leading zero.
        assert!(year == "02020" || parameter_allows("Year", year) == is_valid, "{year}");
    }
}
