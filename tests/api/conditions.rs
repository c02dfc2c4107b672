//! Conditional requests: `ETag`, `If-Match`, `If-None-Match`. The unit tests of `api::conditional` have the other forms of a
//! header, and those of a GET.

use serde_json::json;

use crate::{
    support::{
        Service, collection, missing,
        movies::renames_to_stored_2,
        new,
        requests::{Header, Request, changes, with},
        stored, stored_2,
    },
    swagger_ui,
};

const IF_MATCH: &str = "If-Match";
const IF_NONE_MATCH: &str = "If-None-Match";

/// Preconditions of a write to the stored movie, and the status.
pub const CONDITIONS: [(&[Header], u64); 17] = [
    (&[], 200),
    (&[(IF_MATCH, "\"CURRENT\"")], 200),
    (&[(IF_MATCH, "*")], 200),
    (&[(IF_MATCH, "\"a,\" , \"CURRENT\", W/\"b\"")], 200),
    (&[(IF_MATCH, "\"stale\"")], 412),
    // An ETag in the form of those of items that other writers stored.
    (&[(IF_MATCH, "\"content.AAAAAAAAAAAAAAAAAAAAAA\"")], 412),
    (&[(IF_MATCH, "W/\"CURRENT\"")], 412),
    (&[(IF_MATCH, "CURRENT")], 412),
    (&[(IF_NONE_MATCH, "\"stale\"")], 200),
    (&[(IF_NONE_MATCH, "\"content.AAAAAAAAAAAAAAAAAAAAAA\"")], 200),
    (&[(IF_NONE_MATCH, "W/\"CURRENT\"")], 412),
    (&[(IF_NONE_MATCH, "*")], 412),
    (&[(IF_NONE_MATCH, "CURRENT")], 412),
    (&[(IF_NONE_MATCH, "\"stale\", x")], 412),
    (&[(IF_MATCH, "\"CURRENT\""), (IF_NONE_MATCH, "\"stale\"")], 200),
    (&[(IF_MATCH, "*"), (IF_NONE_MATCH, "\"CURRENT\"")], 412),
    (&[(IF_MATCH, "\"stale\""), (IF_NONE_MATCH, "\"x\"")], 412),
];

#[tokio::test]
async fn a_write_happens_only_if_its_conditions_hold() {
    for write in changes() {
        for (headers, status) in CONDITIONS {
            let service = Service::seeded().await;
            let before = service.list_all(collection()).await;
            let etag = service.get(&stored().path).await.etag().to_owned();
            let response = with(write.call(&service), headers, &etag).send().await;
            assert_eq!(response.status, status, "{write:?} {headers:?}: {response:?}");
            assert_eq!(service.list_all(collection()).await == before, status == 412, "{write:?} {headers:?}");
            if status == 412 {
                assert_eq!(service.get(&stored().path).await.etag(), etag, "{write:?} {headers:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_representation_is_known_by_its_etag() {
    let service = Service::seeded().await;
    let (page, style) = (format!("{}?limit=1", collection()), swagger_ui::path_of("swagger-ui.css"));
    for path in [&stored().path, &page, "/health", "/swagger.json", "/", &style] {
        let etag = service.get(path).await.etag().to_owned();
        for (header, status) in [(IF_MATCH, 200), (IF_NONE_MATCH, 304)] {
            for method in ["GET", "HEAD"] {
                let response = service.call(method, path).header(header, &etag).send().await;
                assert_eq!((response.status, response.etag()), (status, etag.as_str()), "{method} {path} {header}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_id_is_404_whatever_the_conditions() {
    let service = Service::seeded().await;
    let reads = ["GET", "HEAD"].map(|method| Request::new(method, "", json!(null)));
    for request in changes().into_iter().chain(reads) {
        let request = Request { path: missing().path.clone(), ..request };
        for (headers, _) in CONDITIONS {
            let response = with(request.call(&service), headers, "\"old\"").send().await;
            assert_eq!(response.status, 404, "{request:?} {headers:?}");
        }
    }
    assert_eq!(service.list_all(collection()).await.len(), 2);
}

#[tokio::test]
async fn no_movie_replaces_another_whatever_the_conditions() {
    let service = Service::seeded().await;
    let etag = service.get(&stored().path).await.etag().to_owned();
    let before = service.list_all(collection()).await;
    for (header, existing, new_status) in [
        ((IF_NONE_MATCH, "*"), 409, 200),
        ((IF_NONE_MATCH, "\"CURRENT\""), 409, 200),
        ((IF_NONE_MATCH, "x"), 409, 200),
        ((IF_MATCH, "*"), 409, 412),
        ((IF_MATCH, "\"CURRENT\""), 409, 412),
        ((IF_MATCH, "W/\"CURRENT\""), 412, 412),
        ((IF_MATCH, "\"stale\""), 412, 412),
    ] {
        for (body, status) in [(&stored().body, existing), (&new(1).body, new_status)] {
            let create = Request::new("POST", collection(), body.clone());
            assert_eq!(with(create.call(&service), &[header], &etag).send().await.status, status, "{header:?} {body}");
        }
        assert_eq!(service.get(&stored().path).await.etag(), etag, "{header:?}");
        let deleted = service.call("DELETE", &new(1).path).send().await;
        assert_eq!(deleted.status, if new_status == 200 { 200 } else { 404 }, "{header:?}");
        assert_eq!(service.list_all(collection()).await, before, "{header:?}");
    }
    for (header, status) in
        [((IF_MATCH, "\"CURRENT\""), 409), ((IF_MATCH, "\"stale\""), 412), ((IF_NONE_MATCH, "*"), 412)]
    {
        for rename in renames_to_stored_2() {
            let rename = Request::new("PUT", &stored().path, rename);
            let response = with(rename.call(&service), &[header], &etag).send().await;
            let found = (response.status, response.body.contains(&stored_2().id));
            assert_eq!(found, (status, status == 409), "{header:?}");
        }
    }
    assert_eq!(service.list_all(collection()).await, before);
}

#[tokio::test]
async fn a_write_compares_with_up_to_100_etags() {
    for (header, count, status) in
        [(IF_MATCH, 100, 412), (IF_MATCH, 101, 400), (IF_NONE_MATCH, 100, 200), (IF_NONE_MATCH, 101, 400)]
    {
        let list = vec!["\"x\""; count].join(", ");
        for write in changes() {
            let response = write.call(&Service::seeded().await).header(header, &list).send().await;
            assert_eq!(response.status, status, "{count} in {header}, {write:?}: {response:?}");
        }
    }
}
