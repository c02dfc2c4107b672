//! Listings: pages, cursors, years, and writes during a listing.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{EventFormat, Service, movie, parsed, path_of};

async fn with_movies(count: u16) -> Service {
    let service = Service::start().await;
    for n in 0..count {
        service.put(parsed(&movie(&format!("Movie {n}"), 2000 + n % 2))).await;
    }
    service
}

#[tokio::test]
async fn a_page_is_a_map_of_id_to_movie() {
    let service = Service::seeded().await;
    let response = service.get("/ns_movies").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/json");
    assert!(!response.headers.contains_key("link"));
    let movies = response.json();
    assert_eq!(movies.as_object().unwrap().keys().collect::<Vec<_>>(), ["Don't Click-2020", "The Dare-2020"]);
    assert_eq!(movies["The Dare-2020"], service.get("/ns_movies/The%20Dare-2020").await.json());
    assert_eq!(Service::start().await.get("/ns_movies/").await.body, "{}");
}

#[tokio::test]
async fn next_links_lead_to_all_movies_and_end_at_the_last_page() {
    let service = with_movies(12).await;
    for limit in [1, 2, 3, 4, 5, 6, 11, 12, 13, 1000] {
        let mut pages = 1;
        let mut ids = BTreeSet::new();
        let mut response = service.get(&format!("/ns_movies/?limit={limit}")).await;
        loop {
            let page = response.json();
            assert!((1..=limit).contains(&page.as_object().unwrap().len()), "limit {limit}");
            ids.extend(page.as_object().unwrap().keys().cloned());
            let Some(next) = response.next() else { break };
            pages += 1;
            response = service.get(&next).await;
        }
        assert_eq!((ids.len(), pages), (12, 12_usize.div_ceil(limit)), "limit {limit}");
    }
}

#[tokio::test]
async fn the_default_page_has_100_movies() {
    let service = with_movies(101).await;
    let first = service.get("/ns_movies/").await;
    assert_eq!(first.json().as_object().unwrap().len(), 100);
    let second = service.get(&first.next().unwrap()).await;
    assert_eq!((second.json().as_object().unwrap().len(), second.next()), (1, None));
}

#[tokio::test]
async fn a_year_lists_only_its_movies() {
    let service = with_movies(10).await;
    for limit in [1, 2, 5, 100] {
        let movies = service.list_all(&format!("/ns_movies/?limit={limit}&year=2001")).await;
        assert_eq!(movies.len(), 5, "limit {limit}");
        assert!(movies.values().all(|movie| movie["year"] == json!(2001)), "limit {limit}");
    }
    assert_eq!(service.get("/ns_movies/?year=1").await.body, "{}");
}

#[tokio::test]
async fn the_longest_titles_are_listed_by_year_too() {
    let service = Service::start().await;
    for end in ["a", "b", "c"] {
        let title = format!("{}{end}", "x".repeat(2042));
        assert_eq!(service.post(&movie(&title, 2020)).await.status, 200, "{end}");
    }
    assert_eq!(service.list_all("/ns_movies/?year=2020&limit=1").await.len(), 3);
    assert_eq!(service.list_all("/ns_movies/?limit=2").await.len(), 3);
}

#[tokio::test]
async fn a_movie_that_exists_throughout_is_listed_once_whatever_is_written() {
    for first in ["/ns_movies/?limit=3", "/ns_movies/?limit=3&year=2000"] {
        let service = with_movies(20).await;
        let stays: BTreeSet<_> =
            service.list_all(first).await.into_keys().filter(|id| !id.contains("Movie 1")).collect();
        let mut seen = Vec::new();
        let mut next = Some(first.to_owned());
        let mut round = 0;
        while let Some(path) = next {
            let page = service.get(&path).await;
            let ids: Vec<_> = page.json().as_object().unwrap().keys().cloned().collect();
            // Deletes the last movie of the page, which the cursor names. Adds and changes others.
            for id in ids.iter().filter(|id| id.contains("Movie 1")) {
                assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200, "{id}");
            }
            for id in &stays {
                let change = json!({"description": format!("round {round}"), "cast": []});
                assert_eq!(service.call("PUT", &path_of(id)).json(&change).send().await.status, 200, "{id}");
            }
            service.post(&movie(&format!("New {round}"), 2000)).await;
            seen.extend(ids.into_iter().filter(|id| stays.contains(id)));
            next = page.next();
            round += 1;
        }
        seen.sort();
        assert_eq!(seen, stays.into_iter().collect::<Vec<_>>(), "{first}");
    }
}

#[tokio::test]
async fn a_listing_continues_after_a_deleted_movie() {
    for first in ["/ns_movies/?limit=1", "/ns_movies/?limit=1&year=2000"] {
        let service = with_movies(8).await;
        let total = service.list_all(first).await.len();
        let mut seen = 0;
        let mut next = Some(first.to_owned());
        while let Some(path) = next {
            let page = service.get(&path).await;
            for id in page.json().as_object().unwrap().keys() {
                assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200, "{id}");
                seen += 1;
            }
            next = page.next();
        }
        assert_eq!(seen, total, "{first}");
    }
}

#[tokio::test]
async fn the_etag_of_a_page_covers_its_link() {
    for first in ["/ns_movies/?limit=2", "/ns_movies/?limit=2&year=2000"] {
        let service = Service::start().await;
        for title in ["A", "B", "C"] {
            service.put(parsed(&movie(title, 2000))).await;
        }
        let known = service.get(first).await;
        let rest: Vec<_> =
            service.get(&known.next().unwrap()).await.json().as_object().unwrap().clone().into_iter().collect();
        let [(id, last)] = rest.as_slice() else { panic!("{rest:?}") };
        let ask = async || service.call("GET", first).header("If-None-Match", known.etag()).send().await;
        assert_eq!(ask().await.status, 304, "{first}");

        assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200);
        let shorter = ask().await;
        assert_eq!(
            (shorter.status, &shorter.body, shorter.link()),
            (200, &known.body, None),
            "{first}: the next page went"
        );
        assert_eq!(service.post(last).await.status, 200);
        let longer = service.call("GET", first).header("If-None-Match", shorter.etag()).send().await;
        assert_eq!((longer.status, longer.link()), (200, known.link()), "{first}: a next page came");
    }
}

#[tokio::test]
async fn bad_parameters_are_400() {
    let service = with_movies(3).await;
    let cursor = service.get("/ns_movies/?limit=1").await.next().unwrap();
    let of_year = service.get("/ns_movies/?limit=1&year=2000").await.next().unwrap();
    let value = |path: &str| path.rsplit_once("cursor=").unwrap().1.to_owned();
    for query in [
        "limit=%2B5".to_owned(),
        "limit=0".to_owned(),
        "limit=1001".to_owned(),
        "limit=-1".to_owned(),
        "limit=x".to_owned(),
        "limit=".to_owned(),
        "limit=1.0".to_owned(),
        "limit=1&limit=2".to_owned(),
        "limit=99999999999999999999".to_owned(),
        "year=0".to_owned(),
        "year=10000".to_owned(),
        "year=02020".to_owned(),
        "year=x".to_owned(),
        "year=".to_owned(),
        "cursor=".to_owned(),
        "cursor=x".to_owned(),
        "cursor=%00".to_owned(),
        format!("cursor={}x", value(&cursor)),
        format!("cursor={}", value(&cursor).to_uppercase()),
        format!("year=2000&cursor={}", value(&cursor)),
        format!("cursor={}", value(&of_year)),
        format!("year=2001&cursor={}", value(&of_year)),
    ] {
        assert_eq!(service.get(&format!("/ns_movies/?{query}")).await.status, 400, "{query}");
    }
    assert_eq!(service.get("/ns_movies/?unknown=1&utm_source=x").await.status, 200);
    assert_eq!(service.get(&format!("/ns_movies/?limit=1000&cursor={}", value(&cursor))).await.status, 200);
}

#[tokio::test]
async fn a_cursor_belongs_to_the_table() {
    let service = with_movies(3).await;
    let other = service.with_table("other").await;
    let next = service.get("/ns_movies/?limit=1").await.next().unwrap();
    assert_eq!((service.get(&next).await.status, other.get(&next).await.status), (200, 400));
}

#[tokio::test]
async fn a_page_of_large_movies_ends_early_and_has_a_next_page() {
    let service = Service::start().await;
    let mut expected = BTreeSet::new();
    for (kind, count, description) in [
        ("Large", 4, "x".repeat(390_000)),
        // In a reply, each of these characters has four, three or seven bytes.
        ("Quotes", 4, "\"".repeat(252_000)),
        ("Lines", 2, "\n".repeat(340_000)),
        ("Hostile", 12, "\u{1}".repeat(60_000)),
        ("Small", 20, "x".to_owned()),
    ] {
        for n in 0..count {
            let mut movie = movie(&format!("{kind} {n}"), 2000);
            movie["description"] = json!(description);
            service.put(parsed(&movie)).await;
            expected.insert(format!("{kind} {n}-2000"));
        }
    }
    for (source, first) in [
        (EventFormat::Rest, "/ns_movies/?limit=1000"),
        (EventFormat::Http, "/ns_movies/?limit=40"),
        (EventFormat::AlbMulti, "/ns_movies/?year=2000"),
    ] {
        let (mut next, mut seen, mut pages) = (Some(first.to_owned()), BTreeSet::new(), 0);
        while let Some(path) = next {
            let page = service.call_through(source, "GET", &path).send().await;
            let row = format!("{source:?} {path}");
            assert_eq!(page.status, 200, "{row}");
            let ids: Vec<_> = page.json().as_object().unwrap().keys().cloned().collect();
            assert!(!ids.is_empty(), "{row}");
            // A load balancer accepts 1 MB.
            let fits = page.body.len() <= 450_000 && page.reply.to_string().len() < 1_000_000;
            assert!(fits || ids.len() == 1, "{row}: {} bytes, {ids:?}", page.body.len());
            seen.extend(ids);
            next = page.next();
            pages += 1;
            assert!(pages <= expected.len(), "{row}: the listing ends");
        }
        assert_eq!(seen, expected, "{source:?} {first}");
    }
}
