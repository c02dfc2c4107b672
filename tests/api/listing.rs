//! Listings: pages, cursors, and writes during a listing.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{
    EventFormat, Service, change, collection, large, merged, movies::filters, new, other_change, parsed, path_of,
};

async fn with_movies(count: usize) -> Service {
    let service = Service::start().await;
    for n in 0..count {
        service.put(parsed(&new(n).body)).await;
    }
    service
}

/// The first pages of all movies, and of those that each filter selects.
fn listings(limit: usize) -> impl Iterator<Item = String> {
    filters().into_iter().map(move |filter| format!("{}?limit={limit}{filter}", collection()))
}

#[tokio::test]
async fn next_links_lead_to_all_movies_and_end_at_the_last_page() {
    let service = with_movies(12).await;
    for limit in [1, 2, 3, 4, 5, 6, 11, 12, 13, 1000] {
        for first in listings(limit) {
            let (mut pages, mut ids, mut next) = (0, BTreeSet::new(), Some(first.clone()));
            while let Some(path) = next {
                let response = service.get(&path).await;
                let page = response.json();
                assert!((1..=limit).contains(&page.as_object().unwrap().len()), "{path}");
                ids.extend(page.as_object().unwrap().keys().cloned());
                (next, pages) = (response.next(), pages + 1);
            }
            assert_eq!((ids.len(), pages), (12, 12_usize.div_ceil(limit)), "{first}");
        }
    }
}

#[tokio::test]
async fn a_movie_that_exists_throughout_is_listed_once_whatever_is_written() {
    for first in listings(3) {
        let service = with_movies(20).await;
        let goes: BTreeSet<_> = (0..10).map(|n| new(n).id).collect();
        let stays: BTreeSet<_> = (10..20).map(|n| new(n).id).collect();
        let (mut seen, mut next, mut round) = (Vec::new(), Some(first.clone()), 0);
        while let Some(path) = next {
            let page = service.get(&path).await;
            let ids: Vec<_> = page.json().as_object().unwrap().keys().cloned().collect();
            // Deletes the last movie of the page, which the cursor names. Adds and changes others.
            for id in ids.iter().filter(|id| goes.contains(*id)) {
                assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200, "{id}");
            }
            for id in &stays {
                let patch = merged(&other_change(), &large(round));
                assert_eq!(service.call("PUT", &path_of(id)).json(&patch).send().await.status, 200, "{id}");
            }
            service.post(&new(100 + round).body).await;
            seen.extend(ids.into_iter().filter(|id| stays.contains(id)));
            (next, round) = (page.next(), round + 1);
        }
        seen.sort();
        assert_eq!(seen, stays.into_iter().collect::<Vec<_>>(), "{first}");
    }
}

#[tokio::test]
async fn the_etag_of_a_page_covers_its_link() {
    for first in listings(2) {
        let service = with_movies(3).await;
        let known = service.get(&first).await;
        let rest = service.get(&known.next().unwrap()).await.json();
        let (id, last) = rest.as_object().unwrap().iter().next().unwrap();
        let ask = async |etag: &str| service.call("GET", &first).header("If-None-Match", etag).send().await;
        assert_eq!(ask(known.etag()).await.status, 304, "{first}");

        assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200);
        let shorter = ask(known.etag()).await;
        let found = (shorter.status, &shorter.body, shorter.link());
        assert_eq!(found, (200, &known.body, None), "{first}: the next page went");
        assert_eq!(service.post(last).await.status, 200);
        let longer = ask(shorter.etag()).await;
        assert_eq!((longer.status, longer.link()), (200, known.link()), "{first}: a next page came");
        let shown = known.json();
        let id = shown.as_object().unwrap().keys().next().unwrap();
        assert_eq!(service.call("PUT", &path_of(id)).json(&change()).send().await.status, 200);
        assert_eq!(ask(longer.etag()).await.status, 200, "{first}: a movie changed");
    }
}

#[tokio::test]
async fn bad_parameters_are_400() {
    let service = with_movies(3).await;
    let next = service.get(&format!("{}?limit=1", collection())).await.next().unwrap();
    let cursor = next.rsplit_once("cursor=").unwrap().1;
    for query in [
        "limit=%2B5",
        "limit=-1",
        "limit=",
        "limit=1.0",
        "limit=1&limit=2",
        "limit=99999999999999999999",
        "cursor=",
        "cursor=x",
        "cursor=%00",
        &format!("cursor={cursor}x"),
        &format!("cursor={}", cursor.to_uppercase()),
    ] {
        assert_eq!(service.get(&format!("{}?{query}", collection())).await.status, 400, "{query}");
    }
    for query in ["unknown=1&utm_source=x", &format!("limit=1000&cursor={cursor}")] {
        assert_eq!(service.get(&format!("{}?{query}", collection())).await.status, 200, "{query}");
    }
    // A cursor belongs to its table.
    assert_eq!(service.with_table("other").await.get(&next).await.status, 400);
}

#[tokio::test]
async fn a_page_of_large_movies_ends_early_and_has_a_next_page() {
    let service = Service::start().await;
    let mut expected = BTreeSet::new();
    for (count, unit, times) in [
        (2, "x", 390_000),
        // In a reply, each of these characters has four, three or seven bytes.
        (2, "\"", 252_000),
        (1, "\n", 340_000),
        (5, "\u{1}", 60_000),
        (10, "x", 1),
    ] {
        let name = large(1).as_object().unwrap().keys().next().unwrap().clone();
        for _ in 0..count {
            let new = new(expected.len());
            service.put(parsed(&merged(&new.body, &json!({&name: unit.repeat(times)})))).await;
            expected.insert(new.id);
        }
    }
    let filter = filters().into_iter().next_back().unwrap();
    for (source, query) in [(EventFormat::Rest, "limit=1000"), (EventFormat::AlbMulti, &format!("limit=100{filter}"))] {
        let (mut next, mut seen, mut pages) = (Some(format!("{}?{query}", collection())), BTreeSet::new(), 0);
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
        assert_eq!(seen, expected, "{source:?} {query}");
    }
}
