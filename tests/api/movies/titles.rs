//! Any title that fits works, through every event source.

use std::sync::LazyLock;

use serde_json::json;

use crate::support::{EventFormat, Service, collection, large, merged, movies::movie, path_of};

static TITLES: LazyLock<Vec<String>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../titles.json")).expect("an array of titles"));

/// Creates, reads, changes and deletes a movie through an event source.
async fn make_the_round(service: &Service, source: EventFormat, title: &str) {
    let path = path_of(&format!("{title}-1999"));
    let created = service.call_through(source, "POST", collection()).json(&movie(title, 1999)).send().await;
    assert_eq!((created.status, created.json()), (200, movie(title, 1999)), "{source:?} {title:?}");
    // An HTTP API decodes the path before it cuts off the query, so everything after a question mark is lost.
    let is_lost = source == EventFormat::Http && title.contains('?');
    for (method, path, body, expected) in [
        ("GET", &created.location(), json!(null), movie(title, 1999)),
        ("PUT", &path, large(1), merged(&movie(title, 1999), &large(1))),
        ("DELETE", &path, json!(null), json!(null)),
    ] {
        let response = service.call_through(source, method, path).json(&body).send().await;
        let row = format!("{source:?} {method} {title:?}: {response:?}");
        let status = match (is_lost, method) {
            (false, _) => 200,
            // Nothing of the title is left, so this is the path of the collection.
            (true, "GET") if title.starts_with('?') => 200,
            (true, _) if title.starts_with('?') => 405,
            (true, _) => 404,
        };
        assert_eq!(response.status, status, "{row}");
        assert!(is_lost || expected.is_null() || response.json() == expected, "{row}");
    }
    if is_lost {
        assert_eq!(service.call("DELETE", &path).send().await.status, 200, "{source:?} {title:?}");
    }
}

#[tokio::test]
async fn a_movie_with_any_title_can_be_created_read_changed_and_deleted() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        for title in TITLES.iter().cloned().chain(["?!".to_owned(), "x".repeat(1_900), "日".repeat(680)]) {
            make_the_round(&service, source, &title).await;
        }
    }
    assert!(service.list_all(collection()).await.is_empty());
}

#[tokio::test]
async fn ids_are_never_normalized() {
    let service = Service::start().await;
    for title in ["é", "e\u{301}", "É", "a", "A", "a ", " a"] {
        assert_eq!(service.post(&movie(title, 1)).await.status, 200, "{title}");
    }
    assert_eq!(service.list_all(collection()).await.len(), 7);
}
