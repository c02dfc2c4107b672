//! A change of the id moves a movie.

use crate::support::{
    Service, collection, merged,
    movies::{renames, renames_to_stored_2},
    stored, stored_2,
};

#[tokio::test]
async fn a_rename_moves_the_movie_with_all_its_fields() {
    for rename in renames() {
        let service = Service::seeded().await;
        let expected = merged(&stored().body, &rename);
        let response = service.call("PUT", &stored().path).json(&rename).send().await;
        assert_eq!((response.status, response.json()), (200, expected.clone()));
        assert_eq!(service.get(&stored().path).await.status, 404);
        let moved = service.get(&response.location()).await;
        assert_eq!((moved.json(), moved.etag()), (expected, response.etag()));
    }
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
