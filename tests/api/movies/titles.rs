//! Any title that fits works, through every event source, also in the `Location` of a create and of a rename.

use serde_json::{Value, json};

use crate::support::{EventFormat, Service, collection, large, merged, movies::filters, new, path_of};

/// A movie with this title and year.
fn movie(title: &str, year: u16) -> Value {
    merged(&new(1).body, &json!({"title": title, "year": year}))
}

#[tokio::test]
async fn a_movie_with_any_title_can_be_created_read_changed_and_deleted() {
    let service = Service::start().await;
    let odd: Vec<String> = serde_json::from_str(include_str!("../../titles.json")).unwrap();
    for source in EventFormat::ALL {
        let titles = odd.iter().cloned().chain(["?!".to_owned(), "x".repeat(1_900), "日".repeat(680)]);
        // An HTTP API decodes the path before it cuts off the query, so everything after a question mark is lost.
        for title in titles.filter(|title| source != EventFormat::Http || !title.contains('?')) {
            let (path, movie) = (path_of(&format!("{title}-2021")), movie(&title, 2021));
            let created = service.call_through(source, "POST", collection()).json(&movie).send().await;
            assert_eq!((created.status, created.json()), (200, movie.clone()), "{source:?} {title:?}");
            let read = service.call_through(source, "GET", &created.location()).send().await;
            assert_eq!((read.status, read.json()), (200, movie.clone()), "{source:?} {title:?}");
            // The longest ones do not fit into a sort key, so the index has none.
            for filter in filters() {
                let listed = service.list_all(&format!("{}?limit=1{filter}", collection())).await;
                assert!(listed.into_values().eq([movie.clone()]), "{filter} {title:?}");
            }
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

#[tokio::test]
async fn a_location_is_relative_to_the_requests_url() {
    for (source, method, path, up) in [
        (EventFormat::Rest, "POST", "/ns_movies/", "../"),
        (EventFormat::Rest, "POST", "/ns_movies", "./"),
        (EventFormat::Rest, "PUT", "/ns_movies/a%2Fb-1", "../"),
        (EventFormat::Rest, "PATCH", "/ns_movies/a/b-1", "../../"),
        (EventFormat::Url, "PUT", "/ns_movies%2Fa%2Fb-1", "./"),
        // An HTTP API decodes the path, so the id counts as one segment.
        (EventFormat::Http, "POST", "/ns_movies/", "../"),
        (EventFormat::Http, "POST", "/ns_movies", "./"),
        (EventFormat::Http, "PUT", "/ns_movies/a%2Fb-1", "../"),
        (EventFormat::HttpVersion1, "PUT", "/ns_movies/a/b-1", "../"),
    ] {
        let service = Service::start().await;
        let body = if method == "POST" { movie("x / y?", 1) } else { json!({"title": "x / y?"}) };
        service.post(&movie("a/b", 1)).await;
        let response = service.call_through(source, method, path).json(&body).send().await;
        let (row, location) = (format!("{source:?} {method} {path}"), format!("{up}ns_movies/x%20%2F%20y%3F-1"));
        assert_eq!((response.status, &response.headers["location"]), (200, &location), "{row}");
        assert_eq!(service.get("/ns_movies/x%20%2F%20y%3F-1").await.etag(), response.etag(), "{row}");
    }
}

#[tokio::test]
async fn the_location_of_a_replay_is_right_for_the_requests_own_path() {
    let (encoded, plain) = ("/ns_movies/Face%2FOff-1997", "/ns_movies/Face/Off-1997");
    for [(source, path), (other_source, other_path)] in [
        [(EventFormat::Rest, encoded), (EventFormat::Url, plain)],
        [(EventFormat::Alb, plain), (EventFormat::Rest, encoded)],
    ] {
        let service = Service::start().await;
        service.post(&movie("Face/Off", 1997)).await;
        let send = async |source, path| {
            let call = service.call_through(source, "PATCH", path).header("Idempotency-Key", "key");
            call.json(&json!({"title": "Face/On"})).send().await
        };
        let row = format!("{source:?} {path}, then {other_source:?} {other_path}");
        let (first, again) = (send(source, path).await, send(other_source, other_path).await);
        assert_eq!(again.headers["idempotency-replayed"], "true", "{row}: {again:?}");
        assert_eq!((&again.body, again.etag()), (&first.body, first.etag()), "{row}");
        for response in [&first, &again] {
            assert_eq!(service.get(&response.location()).await.etag(), first.etag(), "{row}: {response:?}");
        }
    }
}
