//! Bodies, media types, paths and events that are refused. None of these requests stores anything.

use serde_json::Value;

use crate::support::{Service, change, collection, new, send_event, stored, stored_2};

async fn refused(service: &Service, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u64, Value) {
    let call = headers.iter().fold(service.call(method, path), |call, (name, value)| call.header(name, value));
    let response = call.body(body).send().await;
    (response.status, response.json())
}

/// Checks that a seeded service has the movies that it began with.
async fn assert_unchanged(service: &Service) {
    let seeded = [stored(), stored_2()].map(|stored| (stored.id.clone(), stored.body.clone()));
    assert_eq!(service.list_all(collection()).await, seeded.into());
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400() {
    let service = Service::seeded().await;
    let patch = change().to_string();
    let (name, _) = patch.split_once(':').unwrap();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_field = format!("{name}:{}", "{\"a\":".repeat(10_000));
    for body in [
        "",
        " \n",
        "{",
        &format!("{name}:"),
        "nope",
        "[]",
        "null",
        "{}{}",
        &format!("{patch} x"),
        &format!("\u{feff}{patch}"),
        &format!("{name}:\"\\ud800\"}}"),
        &format!("{name}:1e400}}"),
        "{'x':1}",
        &deep,
        &deep_field,
    ] {
        for (method, path) in [("POST", collection()), ("PUT", &stored().path), ("PATCH", &stored().path)] {
            assert_eq!(refused(&service, method, path, &[], body).await.0, 400, "{method} {body:.60}");
        }
    }
    assert_eq!(refused(&service, "PUT", &stored().path, &[], "{}").await.0, 400);
    let (_, problem) = refused(&service, "POST", collection(), &[], "[]").await;
    assert!(problem["detail"].as_str().unwrap().contains("expected a JSON object"), "{problem}");
    assert_unchanged(&service).await;
}

#[tokio::test]
async fn only_json_is_read() {
    let service = Service::seeded().await;
    let body = new(1).body.to_string();
    for (header, value) in [
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Type", "text/json"),
        ("Content-Type", "application/json5"),
        ("Content-Type", "multipart/form-data; boundary=x"),
        ("Content-Type", "*/*"),
        ("Content-Type", "json"),
        ("Content-Type", "application/json, text/plain"),
        ("Content-Type", "application/merge-patch+json"),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "br"),
        ("Content-Encoding", "deflate, gzip"),
    ] {
        let (status, problem) = refused(&service, "POST", collection(), &[(header, value)], &body).await;
        assert_eq!(status, 415, "{header}: {value}");
        let names_the_type = problem["detail"].as_str().unwrap().contains("application/json");
        assert_eq!(names_the_type, header == "Content-Type", "{value}");
    }
    assert_unchanged(&service).await;
    for accept in ["application/xml", "text/html;q=0"] {
        assert_eq!(service.call("GET", &stored().path).header("Accept", accept).send().await.status, 200, "{accept}");
    }
    let plain = service.call("POST", collection()).header("Content-Encoding", "identity").body(&body);
    assert_eq!(plain.send().await.status, 200);
}

#[tokio::test]
async fn a_body_of_more_than_1_mb_is_413() {
    let service = Service::seeded().await;
    let short = new(1).body.to_string();
    let padded = |bytes: usize| short.clone() + &" ".repeat(bytes - short.len());
    assert_eq!(refused(&service, "POST", collection(), &[], &padded(1024 * 1024 + 1)).await.0, 413);
    assert_unchanged(&service).await;
    let fits = service.call("POST", collection()).body(&padded(1024 * 1024)).send().await;
    assert_eq!(fits.status, 200, "{fits:?}");
}

#[tokio::test]
async fn an_instance_is_the_beginning_of_a_long_path() {
    let path = format!("/{}", "x".repeat(10_000));
    let response = Service::start().await.get(&path).await.json();
    assert_eq!(response["instance"].as_str(), format!("/Prod{path}").get(..8_192));
}

#[tokio::test]
async fn odd_paths_are_400_or_404() {
    let service = Service::seeded().await;
    let (own, id) = (collection(), stored().path.strip_prefix(collection()).unwrap());
    for path in [
        format!("{own}%zz{id}"),
        format!("{own}%{id}"),
        format!("{own}%00"),
        format!("{own}%ff{id}"),
        format!("{own}%ed%a0%80{id}"),
        format!("{own}%c0%af{id}"),
        format!("{own}.."),
        format!("{own}../health"),
        format!("{own}%2e%2e/health"),
        "/%2e%2e".to_owned(),
        "//".to_owned(),
        format!("{own}{id}/"),
        format!("{own}%20{id}"),
        own.to_uppercase(),
    ] {
        for method in ["GET", "DELETE"] {
            let status = service.call(method, &path).send().await.status;
            assert!([400, 404].contains(&status), "{method} {path}: {status}");
        }
    }
    // For this service, `%2F` after the collection's name is a slash. For the routes of API Gateway, it is not.
    let escaped = format!("{}%2F", own.trim_end_matches('/'));
    assert_eq!(service.get(&escaped).await.status, 200);
    assert_unchanged(&service).await;
}

#[tokio::test]
async fn an_event_that_is_no_request_is_400() {
    let service = Service::start().await;
    for event in [
        &b""[..],
        b"{}",
        b"{",
        b"{\"path\":\"/\"}",
        b"{\"httpMethod\":\"GET\"}",
        b"{\"httpMethod\":7,\"path\":[]}",
        b"{\"Records\":[{\"eventSource\":\"aws:sqs\"}]}",
        b"{\"source\":\"aws.events\"}",
        b"{\"path\":\"/\",\"path\":\"/\",\"httpMethod\":\"GET\"}",
        b"{\"requestContext\":{\"http\":{}}}",
    ] {
        assert_eq!(send_event(&service.app, event).await.status, 400, "{}", String::from_utf8_lossy(event));
    }
}
