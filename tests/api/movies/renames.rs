//! A change of title or year moves a movie to its new id.

use serde_json::json;

use crate::support::{
    EventFormat, Service, change, collection, merged,
    movies::{movie, renames_to_stored_2},
    stored, stored_2,
};

#[tokio::test]
async fn a_rename_moves_the_movie_with_all_its_fields() {
    let service = Service::seeded().await;
    let rename = merged(&change(), &json!({"title": "50/50?", "year": 9999}));
    let expected = merged(&stored().body, &rename);
    let response = service.call("PUT", &stored().path).json(&rename).send().await;
    assert_eq!((response.status, response.json()), (200, expected.clone()));
    assert_eq!(response.location(), "/ns_movies/50%2F50%3F-9999");
    assert_eq!(service.get(&stored().path).await.status, 404);
    let moved = service.get("/ns_movies/50%2F50%3F-9999").await;
    assert_eq!((moved.json(), moved.etag()), (expected, response.etag()));
}

#[tokio::test]
async fn a_rename_onto_another_movie_changes_neither_and_a_false_condition_comes_first() {
    let service = Service::seeded().await;
    let before = service.list_all(collection()).await;
    let current = service.get(&stored().path).await.etag().to_owned();
    for (header, value, status) in
        [("If-Match", current.as_str(), 409), ("If-Match", "\"stale\"", 412), ("If-None-Match", "*", 412)]
    {
        for rename in renames_to_stored_2() {
            let response = service.call("PUT", &stored().path).header(header, value).json(&rename).send().await;
            assert_eq!(response.status, status, "{header}: {value}");
            assert_eq!(response.body.contains(&stored_2().id), status == 409, "{}", response.body);
        }
    }
    assert_eq!(service.list_all(collection()).await, before);
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
