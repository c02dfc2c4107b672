//! The year: a number by its value, and a filter of a listing.

use serde_json::json;

use crate::{
    schemas::parameter_allows,
    support::{Service, collection, movies::movie, parsed, stored},
};

#[tokio::test]
async fn a_year_is_a_number_by_its_value() {
    let service = Service::start().await;
    for (number, year) in
        [("2020.0", "2020"), ("2.021e3", "2021"), ("202200e-2", "2022"), ("2023.000000000000", "2023")]
    {
        let body = |title: &str| movie(title, 1).to_string().replace("\"year\":1", &format!("\"year\":{number}"));
        let shown = format!("\"year\":{year},");
        let created = service.call("POST", "/ns_movies/").body(&body("Posted")).send().await;
        assert_eq!(created.headers["location"], format!("../ns_movies/Posted-{year}"), "{number}");
        let path = format!("/ns_movies/Posted-{year}");
        let same = service.call("PUT", &path).body(&body("Posted")).send().await;
        assert!(!same.headers.contains_key("location"), "{number}");
        let read = service.get(&path).await;
        for (method, id) in [("PUT", "Put-1"), ("PATCH", "Patched-1")] {
            let title = id.split('-').next().unwrap();
            service.post(&movie(title, 1)).await;
            let change = format!("{{\"year\":{number}}}");
            let renamed = service.call(method, &format!("/ns_movies/{id}")).body(&change).send().await;
            assert_eq!(renamed.headers["location"], format!("../ns_movies/{title}-{year}"), "{method} {number}");
            assert!(renamed.body.contains(&shown), "{method} {number}: {renamed:?}");
        }
        for response in [created, same, read, service.get(&format!("/ns_movies/?year={year}&limit=1")).await] {
            assert!(response.body.contains(&shown), "{number}: {response:?}");
        }
    }
}

#[tokio::test]
async fn any_other_year_is_refused() {
    let service = Service::seeded().await;
    let years = ["0", "-1", "10000", "2020.5", "true", "\"2020\"", "[2020]", "1e30", "1e400", "-0.0", "0.5"];
    for year in years {
        for method in ["PUT", "PATCH"] {
            let patch = service.call(method, &stored().path).body(&format!("{{\"year\":{year}}}")).send().await;
            assert_eq!((patch.status, patch.pointers()), (400, vec!["/year".to_owned()]), "{method} {year}");
        }
    }
    assert_eq!(service.get(&stored().path).await.json(), stored().body);
}

#[tokio::test]
async fn a_year_lists_only_its_movies() {
    let service = Service::start().await;
    let long = |end: &str| format!("{}{end}", "x".repeat(2042));
    // Longer than a sort key of an index.
    for title in ["A", "B", &long("a"), &long("b"), &long("c")] {
        for year in [2000, 2001] {
            service.put(parsed(&movie(title, year))).await;
        }
    }
    for limit in [1, 2, 5, 100] {
        let movies = service.list_all(&format!("{}?limit={limit}&year=2001", collection())).await;
        assert_eq!(movies.len(), 5, "limit {limit}");
        assert_eq!(movies["A-2001"], movie("A", 2001), "limit {limit}");
        assert!(movies.values().all(|movie| movie["year"] == json!(2001)), "limit {limit}");
    }
    assert_eq!(service.list_all(&format!("{}?limit=1", collection())).await.len(), 10);
    assert_eq!(service.get("/ns_movies/?year=1").await.body, "{}");
}

#[tokio::test]
async fn the_parameter_is_a_year_and_a_cursor_belongs_to_it() {
    let service = Service::start().await;
    for title in ["A", "B"] {
        service.put(parsed(&movie(title, 2000))).await;
    }
    for (year, is_valid) in
        [("1", true), ("9999", true), ("0", false), ("10000", false), ("02020", false), ("x", false), ("", false)]
    {
        let status = service.get(&format!("/ns_movies/?year={year}")).await.status;
        assert_eq!(status, if is_valid { 200 } else { 400 }, "{year}");
        // A schema of numbers does not see a leading zero.
        assert!(year == "02020" || parameter_allows("Year", year) == is_valid, "{year}");
    }
    let next = async |query: &str| service.get(&format!("/ns_movies/?limit=1{query}")).await.next().unwrap();
    let (of_all, of_year) = (next("").await, next("&year=2000").await);
    let cursor = |path: &str| path.rsplit_once("cursor=").unwrap().1.to_owned();
    for (query, cursor, status) in [
        ("", cursor(&of_all), 200),
        ("year=2000", cursor(&of_year), 200),
        ("year=2000", cursor(&of_all), 400),
        ("", cursor(&of_year), 400),
        ("year=2001", cursor(&of_year), 400),
    ] {
        let page = service.get(&format!("/ns_movies/?{query}&cursor={cursor}")).await;
        assert_eq!(page.status, status, "{query} {cursor}");
    }
}
