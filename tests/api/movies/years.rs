//! The year: a number by its value, and a filter of a listing.

use crate::{
    schemas::parameter_allows,
    support::{Service, collection, movies::movie, parsed},
};

/// The unit tests of `fields` have every form of a number, and the values that are refused.
#[tokio::test]
async fn a_year_is_stored_and_shown_as_an_integer() {
    let service = Service::start().await;
    let body = movie("Posted", 1).to_string().replace("\"year\":1", "\"year\":2020.0");
    let created = service.call("POST", collection()).body(&body).send().await;
    assert_eq!(created.location(), "/ns_movies/Posted-2020");
    let same = service.call("PUT", &created.location()).body(&body).send().await;
    assert!(!same.headers.contains_key("location"), "{same:?}");
    let renamed = service.call("PATCH", &created.location()).body("{\"year\":2.021e3}").send().await;
    assert_eq!(renamed.location(), "/ns_movies/Posted-2021");
    for (response, shown) in [(created, "2020"), (same, "2020"), (service.get(&renamed.location()).await, "2021")] {
        assert!(response.body.contains(&format!("\"year\":{shown},")), "{response:?}");
    }
}

#[tokio::test]
async fn a_year_lists_only_its_movies() {
    let service = Service::start().await;
    // The last two are longer than a sort key of an index.
    for title in ["A", &format!("{}a", "x".repeat(2042)), &format!("{}b", "x".repeat(2042))] {
        for year in [2000, 2001] {
            service.put(parsed(&movie(title, year))).await;
        }
    }
    for limit in [1, 2, 100] {
        let movies = service.list_all(&format!("{}?limit={limit}&year=2001", collection())).await;
        assert_eq!((movies.len(), &movies["A-2001"]), (3, &movie("A", 2001)), "limit {limit}");
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
