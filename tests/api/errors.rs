//! Bodies, media types and paths that are refused. None of these requests stores anything.

use crate::support::{Service, change, collection, new, stored, stored_2};

/// Checks that a seeded service has the movies that it began with.
async fn assert_unchanged(service: &Service) {
    let seeded = [stored(), stored_2()].map(|stored| (stored.id.clone(), stored.body.clone()));
    assert_eq!(service.list_all(collection()).await, seeded.into());
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400() {
    let service = Service::seeded().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, detail) in [
        ("", "has no body"),
        (" \n", "has no body"),
        ("{", "EOF while parsing"),
        (&format!("{} x", change()), "trailing characters"),
        ("\u{feff}{}", "expected value"),
        ("[]", "expected a JSON object"),
        (&deep, "expected a JSON object"),
        (&format!("{{\"x\":{}", "{\"a\":".repeat(10_000)), "EOF while parsing"),
    ] {
        for (method, path) in [("POST", collection()), ("PUT", &stored().path), ("PATCH", &stored().path)] {
            let response = service.call(method, path).body(body).send().await;
            let names_it = response.json()["detail"].as_str().unwrap().contains(detail);
            assert_eq!((response.status, names_it), (400, true), "{method} {body:.60}: {response:?}");
        }
    }
    assert_eq!(service.call("PUT", &stored().path).body("{}").send().await.status, 400);
    assert_unchanged(&service).await;
}

#[tokio::test]
async fn only_json_is_read() {
    let service = Service::seeded().await;
    let (post, patch) = (("POST", collection(), new(1).body), ("PATCH", stored().path.as_str(), change()));
    for ((method, path, body), header, value) in [
        (&post, "Content-Type", "text/plain"),
        (&post, "Content-Type", "application/json5"),
        (&post, "Content-Type", "*/*"),
        (&post, "Content-Type", "application/json, text/plain"),
        (&post, "Content-Type", "application/merge-patch+json"),
        (&post, "Content-Encoding", "gzip"),
        (&post, "Content-Encoding", "deflate, gzip"),
        (&patch, "Content-Type", "application/json-patch+json"),
    ] {
        let response = service.call(method, path).header(header, value).body(&body.to_string()).send().await;
        assert_eq!(response.status, 415, "{method}, {header}: {value}");
    }
    assert_unchanged(&service).await;
    assert_eq!(service.call("GET", &stored().path).header("Accept", "text/html").send().await.status, 200);
    let plain = service.call("POST", collection()).header("Content-Encoding", "identity");
    assert_eq!(plain.body(&new(1).body.to_string()).send().await.status, 200);
}

#[tokio::test]
async fn a_body_of_more_than_1_mb_is_413() {
    let service = Service::start().await;
    let short = new(1).body.to_string();
    for (bytes, status) in [(1024 * 1024 + 1, 413), (1024 * 1024, 200)] {
        let padded = short.clone() + &" ".repeat(bytes - short.len());
        let response = service.call("POST", collection()).body(&padded).send().await;
        assert_eq!(response.status, status, "{bytes}: {response:?}");
    }
}

#[tokio::test]
async fn a_path_that_no_movie_can_have_is_400_or_a_404_that_names_the_id() {
    let service = Service::seeded().await;
    for (escaped, id) in [
        ("no%2Fid", Some("no/id")),
        ("%00-1", Some("\0-1")),
        ("/", Some("/")),
        ("..", Some("..")),
        ("%2e%2e/health", Some("../health")),
        ("%zz-1", Some("%zz-1")),
        ("100%-1", Some("100%-1")),
        ("%ff-1", None),
        ("%ed%a0%80-1", None),
        ("%c0%af-1", None),
    ] {
        let path = format!("{}{escaped}", collection());
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let response = service.call(method, &path).json(&change()).send().await;
            let detail = id.map_or("The path is not UTF-8.".to_owned(), |id| format!("Movie '{id}' doesn't exist."));
            let status = if id.is_some() { 404 } else { 400 };
            assert_eq!((response.status, &response.json()["detail"]), (status, &detail.into()), "{method} {path}");
        }
    }
    assert_unchanged(&service).await;
    // For this service, `%2F` after the collection's name is a slash. For the routes of API Gateway, it is not.
    let escaped = format!("{}%2F", collection().trim_end_matches('/'));
    assert_eq!(service.get(&escaped).await.status, 200);
}
