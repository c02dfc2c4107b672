//! The fixture, and create, read and update: which fields change, and what a response shows.

use crate::support::{
    Service, change, collection, invalid, large, merged, missing, new, other_change, stored, stored_2,
};

#[tokio::test]
async fn the_fixture_is_what_it_says() {
    let service = Service::seeded().await;
    let all = service.list_all(collection()).await;
    for stored in [stored(), stored_2()] {
        assert_eq!((service.get(&stored.path).await.json(), &all[&stored.id]), (stored.body.clone(), &stored.body));
    }
    assert_eq!(all.len(), 2);
    let both = merged(&change(), &other_change());
    assert_eq!(merged(&both, &change()), both, "they change different fields");
    let refused = service.post(&invalid().body).await;
    let mut pointers = refused.pointers();
    pointers.sort();
    assert_eq!((refused.status, pointers), (400, invalid().pointers.clone()));
}

#[tokio::test]
async fn a_write_changes_only_the_fields_sent_and_shows_what_is_stored() {
    let service = Service::seeded().await;
    let new = new(1);
    let mut expected = new.body.clone();
    for (method, content_type, body) in [
        ("POST", "", new.body.clone()),
        ("PUT", "application/json", change()),
        ("PATCH", "application/merge-patch+json", other_change()),
        ("PATCH", "APPLICATION/JSON; charset=utf-8", large(1_000)),
        ("PATCH", "application/merge-patch+json", large(0)),
        // What a GET returned can be sent back.
        ("PUT", "", new.body.clone()),
    ] {
        expected = merged(&expected, &body);
        let path = if method == "POST" { collection() } else { &new.path };
        let call = service.call(method, path).header("Content-Type", content_type);
        let response = call.body(&body.to_string()).send().await;
        assert_eq!((response.status, response.json()), (200, expected.clone()), "{method} {body}");
        assert_eq!(response.headers.contains_key("location"), method == "POST", "{method} {body}");
        let read = service.get(&new.path).await;
        assert_eq!((read.json(), read.etag()), (expected.clone(), response.etag()), "{method} {body}");
    }
    assert_eq!(service.get(&stored().path).await.json(), stored().body);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let service = Service::seeded().await;
    for path in [collection(), &stored().path, &missing().path, "/health", "/nowhere"] {
        let (get, head) = (service.get(path).await, service.call("HEAD", path).send().await);
        let mut expected = get.headers.clone();
        expected.insert("content-length".to_owned(), get.body.len().to_string());
        assert_eq!((head.status, head.headers, head.body.as_str()), (get.status, expected, ""), "{path}");
    }
}
