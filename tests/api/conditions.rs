//! Conditional requests: `ETag`, `If-Match`, `If-None-Match`.

use serde_json::{Value, json};

use crate::{
    support::{
        Call, Service, change, collection, missing,
        movies::{renames, renames_to_stored_2},
        new, other_change, stored, stored_2,
    },
    swagger_ui,
};

#[tokio::test]
async fn every_success_has_a_strong_etag_that_changes_with_the_movie() {
    let service = Service::seeded().await;
    let mut etags = Vec::new();
    for (method, path, body) in [
        ("GET", &stored().path, json!(null)),
        ("POST", &collection().to_owned(), new(1).body),
        ("PUT", &stored().path, change()),
        ("PATCH", &stored().path, change()),
        ("GET", &collection().to_owned(), json!(null)),
    ] {
        let response = service.call(method, path).json(&body).send().await;
        let etag = response.etag().to_owned();
        assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "{method} {path}: {etag}");
        assert!(!etags.contains(&etag), "{method} {path}: {etag}");
        etags.push(etag);
    }
}

/// `If-Match`, `If-None-Match`, the status of a write, and the status of a read.
pub type Row = (Option<&'static str>, Option<&'static str>, u64, u64);

/// Conditions on the version whose ETag is `"CURRENT"`.
pub const CONDITIONS: [Row; 29] = [
    (None, None, 200, 200),
    (Some("\"CURRENT\""), None, 200, 200),
    (Some("*"), None, 200, 200),
    (Some("\"a,\" , \"CURRENT\", W/\"b\""), None, 200, 200),
    (Some("\"stale\""), None, 412, 412),
    (Some("\"a\", \"b\""), None, 412, 412),
    // An ETag in the form of those of items that other writers stored.
    (Some("\"content.AAAAAAAAAAAAAAAAAAAAAA\""), None, 412, 412),
    (Some("W/\"CURRENT\""), None, 412, 412),
    (Some("\"\""), None, 412, 412),
    (Some(""), None, 412, 412),
    (Some("CURRENT"), None, 412, 412),
    (Some("\"CURRENT"), None, 412, 412),
    (Some("w/\"CURRENT\""), None, 412, 412),
    (None, Some("\"stale\""), 200, 200),
    (None, Some("\"\""), 200, 200),
    (None, Some("\"content.AAAAAAAAAAAAAAAAAAAAAA\""), 200, 200),
    (None, Some("\"CURRENT\""), 412, 304),
    (None, Some("W/\"CURRENT\""), 412, 304),
    (None, Some("*"), 412, 304),
    (None, Some("\"a,\" , \"CURRENT\", W/\"b\""), 412, 304),
    (None, Some(""), 412, 200),
    (None, Some("CURRENT"), 412, 200),
    (None, Some("\"CURRENT"), 412, 200),
    (None, Some("\"stale\", x"), 412, 200),
    (Some("\"CURRENT\""), Some("\"stale\""), 200, 200),
    (Some("\"CURRENT\""), Some("\"CURRENT\""), 412, 304),
    (Some("*"), Some("*"), 412, 304),
    (Some("\"stale\""), Some("\"x\""), 412, 412),
    (Some("\"stale\""), Some("W/\"CURRENT\""), 412, 412),
];

pub fn with_conditions<'a>(call: Call<'a>, (if_match, if_none_match, ..): Row, etag: &str) -> Call<'a> {
    let current = etag.trim_matches('"');
    [("If-Match", if_match), ("If-None-Match", if_none_match)].into_iter().fold(call, |call, (name, value)| match value
    {
        Some(value) => call.header(name, &value.replace("CURRENT", current)),
        None => call,
    })
}

/// Each kind of write to a movie that exists.
pub fn writes() -> Vec<(&'static str, Value)> {
    let renames = renames().into_iter().zip(["PUT", "PATCH"].into_iter().cycle());
    let writes = [("PUT", change()), ("PATCH", other_change()), ("DELETE", json!(null))];
    writes.into_iter().chain(renames.map(|(patch, method)| (method, patch))).collect()
}

#[tokio::test]
async fn a_write_happens_only_if_its_conditions_hold() {
    for (method, body) in writes() {
        for row in CONDITIONS {
            let service = Service::seeded().await;
            let before = service.list_all(collection()).await;
            let etag = service.get(&stored().path).await.etag().to_owned();
            let call = service.call(method, &stored().path).json(&body);
            let response = with_conditions(call, row, &etag).send().await;
            assert_eq!(response.status, row.2, "{method} {body} {row:?}: {response:?}");
            assert_eq!(service.list_all(collection()).await == before, row.2 == 412, "{method} {body} {row:?}");
            if row.2 == 412 {
                assert_eq!(service.get(&stored().path).await.etag(), etag, "{method} {body} {row:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_read_is_200_304_or_412() {
    let service = Service::seeded().await;
    let (page, style) = (format!("{}?limit=1", collection()), swagger_ui::path_of("swagger-ui.css"));
    for path in [&stored().path, collection(), &page, "/health", "/swagger.json", "/", &style] {
        let etag = service.get(path).await.etag().to_owned();
        for row in CONDITIONS {
            for method in ["GET", "HEAD"] {
                let response = with_conditions(service.call(method, path), row, &etag).send().await;
                assert_eq!(response.status, row.3, "{method} {path}, {row:?}");
                assert!(response.body.is_empty() == (method == "HEAD" || row.3 == 304), "{method} {path}, {row:?}");
                if row.3 != 412 {
                    assert_eq!(response.etag(), etag, "{method} {path}, {row:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_id_is_404_whatever_the_conditions() {
    let service = Service::seeded().await;
    for row in CONDITIONS {
        for (method, body) in writes().into_iter().chain([("GET", json!(null)), ("HEAD", json!(null))]) {
            let call = service.call(method, &missing().path).json(&body);
            let response = with_conditions(call, row, "\"old\"").send().await;
            assert_eq!(response.status, 404, "{method} {body}, {row:?}");
        }
    }
    assert_eq!(service.list_all(collection()).await.len(), 2);
}

#[tokio::test]
async fn a_rename_to_an_existing_id_is_412_before_it_is_409() {
    let service = Service::seeded().await;
    let before = service.list_all(collection()).await;
    let current = service.get(&stored().path).await.etag().to_owned();
    for patch in renames_to_stored_2() {
        for (name, value, status) in
            [("If-Match", "\"stale\"", 412), ("If-None-Match", "*", 412), ("If-Match", &current, 409)]
        {
            let call = service.call("PUT", &stored().path).header(name, value).json(&patch);
            assert_eq!(call.send().await.status, status, "{name}: {value}");
        }
    }
    assert_eq!(service.list_all(collection()).await, before);
}

#[tokio::test]
async fn a_create_never_replaces_a_movie_whatever_the_conditions() {
    let service = Service::seeded().await;
    let current = service.get(&stored().path).await.etag().to_owned();
    let before = service.list_all(collection()).await;
    for (header, value, existing, new_status) in [
        ("If-None-Match", "*", 409, 200),
        ("If-None-Match", "\"x\"", 409, 200),
        ("If-None-Match", &current, 409, 200),
        ("If-None-Match", "x", 409, 200),
        ("If-Match", "*", 409, 412),
        ("If-Match", &current, 409, 412),
        ("If-Match", &format!("W/{current}"), 412, 412),
        ("If-Match", "\"stale\"", 412, 412),
        ("If-Match", "", 412, 412),
    ] {
        for (body, status) in [(&stored().body, existing), (&new(1).body, new_status)] {
            let response = service.call("POST", collection()).header(header, value).json(body).send().await;
            assert_eq!(response.status, status, "{header}: {value}, {body}: {response:?}");
        }
        assert_eq!(service.get(&stored().path).await.etag(), current, "{header}: {value}");
        let deleted = service.call("DELETE", &new(1).path).send().await;
        assert_eq!(deleted.status, if new_status == 200 { 200 } else { 404 }, "{header}: {value}");
        assert_eq!(service.list_all(collection()).await, before, "{header}: {value}");
    }
    let invalid = service.call("POST", collection()).header("If-Match", "\"x\"").json(&json!({})).send().await;
    assert_eq!(invalid.status, 400, "an invalid movie is invalid whatever the conditions");
}

#[tokio::test]
async fn a_write_compares_with_up_to_100_etags() {
    for (header, count, status) in
        [("If-Match", 100, 412), ("If-Match", 101, 400), ("If-None-Match", 100, 200), ("If-None-Match", 101, 400)]
    {
        let list = vec!["\"x\""; count].join(", ");
        for (method, body) in writes() {
            let service = Service::seeded().await;
            let response = service.call(method, &stored_2().path).header(header, &list).json(&body).send().await;
            assert_eq!(response.status, status, "{count} in {header}, {method} {body}: {response:?}");
            let read = service.call("GET", &stored().path).header(header, &list).send().await;
            assert_eq!(read.status, if header == "If-Match" { 412 } else { 200 }, "{count} in {header}, read");
        }
    }
}
