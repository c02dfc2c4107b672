//! Listings: pages, cursors, and writes during a listing.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{
    EventFormat, Service, change, collection, large, large_field, merged, movies::filters, new, other_change, parsed,
    path_of,
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
    for limit in [1, 5, 6, 11, 12, 13, 1000] {
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
    for query in ["limit=%2B5", "limit=", "limit=99999999999999999999", "cursor=", &format!("cursor={cursor}x")] {
        assert_eq!(service.get(&format!("{}?{query}", collection())).await.status, 400, "{query}");
    }
    for query in ["unknown=1&utm_source=x", &format!("limit=1000&cursor={cursor}")] {
        assert_eq!(service.get(&format!("{}?{query}", collection())).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn a_page_of_large_movies_is_small_enough_for_a_load_balancer() {
    let service = Service::start().await;
    // In a reply, each of these characters has one, four, three or seven bytes.
    let texts = [("x", 390_000), ("\"", 200_000), ("\n", 340_000), ("\u{1}", 60_000), ("\u{1}", 60_000), ("x", 1)];
    for (n, (unit, times)) in texts.into_iter().enumerate() {
        service.put(parsed(&merged(&new(n).body, &json!({large_field(): unit.repeat(times)})))).await;
    }
    for first in listings(1000) {
        let (mut next, mut seen) = (Some(first.clone()), 0);
        while let Some(path) = next {
            let page = service.call_through(EventFormat::AlbMulti, "GET", &path).send().await;
            let (count, bytes) = (page.json().as_object().unwrap().len(), page.reply.to_string().len());
            assert!(count == 1 || count > 1 && bytes < 1_000_000, "{path}: {count} movies, {bytes} bytes");
            seen += count;
            assert!(seen <= texts.len(), "{path}: the listing ends");
            next = page.next();
        }
        assert_eq!(seen, texts.len(), "{first}");
    }
}
