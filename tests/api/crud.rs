//! Create, read, update, delete, HEAD and OPTIONS: the responses of each route.

use serde_json::json;

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
async fn what_is_created_is_read_changed_and_deleted() {
    let service = Service::start().await;
    assert_eq!(service.get(collection()).await.body, "{}");
    let new = new(1);
    let created = service.post(&new.body).await;
    assert_eq!((created.status, created.location(), created.json()), (200, new.path.clone(), new.body.clone()));
    let read = service.get(&new.path).await;
    assert_eq!((read.status, read.json(), read.etag()), (200, new.body.clone(), created.etag()));
    assert_eq!(service.list_all(collection()).await[&new.id], new.body);
    let changed = service.call("PUT", &new.path).json(&change()).send().await;
    assert_eq!((changed.status, changed.json()), (200, merged(&new.body, &change())));
    assert_ne!(changed.etag(), created.etag());
    assert_eq!(service.call("DELETE", &new.path).send().await.status, 200);
    assert_eq!(service.get(&new.path).await.status, 404);
    assert!(service.list_all(collection()).await.is_empty());
}

#[tokio::test]
async fn an_existing_movie_is_not_overwritten() {
    let service = Service::seeded().await;
    let before = service.get(&stored().path).await;
    let other = merged(&stored().body, &change());
    let response = service.call("POST", collection()).header("If-None-Match", "*").json(&other).send().await;
    assert_eq!(response.status, 409);
    assert!(response.body.contains(&stored().id));
    let after = service.get(&stored().path).await;
    assert_eq!((after.body.as_str(), after.etag()), (before.body.as_str(), before.etag()));
}

#[tokio::test]
async fn put_and_patch_change_only_the_fields_sent() {
    let service = Service::seeded().await;
    let mut expected = stored().body.clone();
    for (method, content_type, patch) in [
        ("PUT", "application/json", change()),
        ("PATCH", "application/merge-patch+json", other_change()),
        ("PATCH", "APPLICATION/JSON; charset=utf-8", large(1_000)),
        ("PATCH", "application/merge-patch+json", large(0)),
        // What a GET returned can be sent back.
        ("PUT", "", stored().body.clone()),
    ] {
        expected = merged(&expected, &patch);
        let call = service.call(method, &stored().path).header("Content-Type", content_type);
        let response = call.body(&patch.to_string()).send().await;
        assert_eq!((response.status, response.json()), (200, expected.clone()), "{patch}");
        assert!(!response.headers.contains_key("location"), "{patch}");
        let read = service.get(&stored().path).await;
        assert_eq!((read.json(), read.etag()), (expected.clone(), response.etag()), "{patch}");
    }
    assert_eq!(service.get(&stored_2().path).await.json(), stored_2().body);
}

#[tokio::test]
async fn the_404_for_a_movie_names_its_id() {
    let service = Service::seeded().await;
    for path in ["no%2Fid", "%00-1", "/"].map(|id| format!("{}{id}", collection())).iter().chain([&missing().path]) {
        for (method, body) in [("GET", json!(null)), ("PUT", change()), ("PATCH", change()), ("DELETE", json!(null))] {
            let response = service.call(method, path).json(&body).send().await;
            assert_eq!(response.status, 404, "{method} {path}");
            let id =
                percent_encoding::percent_decode_str(path.strip_prefix(collection()).unwrap()).decode_utf8().unwrap();
            assert_eq!(response.json()["detail"], format!("Movie '{id}' doesn't exist."), "{method} {path}");
            assert_eq!(response.json()["instance"], format!("/Prod{path}"), "{method} {path}");
        }
    }
    assert_eq!(service.list_all(collection()).await.len(), 2);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let service = Service::seeded().await;
    for path in [collection(), &stored().path, &missing().path, "/health", "/nowhere"] {
        let (get, head) = (service.get(path).await, service.call("HEAD", path).send().await);
        let length = get.body.len().to_string();
        let mut expected = get.headers.clone();
        expected.insert("content-length".to_owned(), length);
        assert_eq!((head.status, head.headers, head.body.as_str()), (get.status, expected, ""), "{path}");
    }
}

#[tokio::test]
async fn health_tells_whether_the_table_responds() {
    let service = Service::start().await;
    assert_eq!(service.get("/health").await.json(), json!({"status": "ok"}));
    let gone = service.dynamodb.delete_table().table_name("movies").send().await;
    assert!(gone.is_ok());
    let response = service.get("/health").await;
    assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "1"));
    assert!(!response.body.to_lowercase().contains("dynamo") && !response.body.contains("ResourceNotFound"));
}

#[tokio::test]
async fn a_stored_item_has_the_documented_shape() {
    let service = Service::start().await;
    service.post(&new(1).body).await;
    let mut item = service.stored_item(&new(1).id).await.unwrap();
    for name in ["id", "etag", "prior_etag"] {
        assert!(item.remove(name).unwrap().is_s(), "{name}");
    }
    assert_eq!(serde_dynamo::from_item::<_, serde_json::Value>(item).unwrap(), new(1).body);
}
