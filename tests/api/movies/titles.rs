//! Any title that fits works, through every event source.

use std::sync::LazyLock;

use crate::support::{EventFormat, Service, collection, large, merged, movies::movie, path_of};

static TITLES: LazyLock<Vec<String>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../titles.json")).expect("an array of titles"));

#[tokio::test]
async fn a_movie_with_any_title_can_be_created_read_changed_and_deleted() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let titles = TITLES.iter().cloned().chain(["?!".to_owned(), "x".repeat(1_900), "日".repeat(680)]);
        // An HTTP API decodes the path before it cuts off the query, so everything after a question mark is lost.
        for title in titles.filter(|title| source != EventFormat::Http || !title.contains('?')) {
            let (path, movie) = (path_of(&format!("{title}-1999")), movie(&title, 1999));
            let created = service.call_through(source, "POST", collection()).json(&movie).send().await;
            assert_eq!((created.status, created.json()), (200, movie.clone()), "{source:?} {title:?}");
            let read = service.call_through(source, "GET", &created.location()).send().await;
            assert_eq!((read.status, read.json()), (200, movie.clone()), "{source:?} {title:?}");
            let changed = service.call_through(source, "PUT", &path).json(&large(1)).send().await;
            assert_eq!((changed.status, changed.json()), (200, merged(&movie, &large(1))), "{source:?} {title:?}");
            assert_eq!(service.call_through(source, "DELETE", &path).send().await.status, 200, "{source:?} {title:?}");
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
