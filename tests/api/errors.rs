//! Every row of the contract's table of errors. None of these requests stores anything.

use serde_json::Value;

use crate::support::{Service, change, collection, invalid, large, merged, new, send_event, stored};

async fn refused(service: &Service, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u64, Value) {
    let before = service.list_all(collection()).await;
    let call = headers.iter().fold(service.call(method, path), |call, (name, value)| call.header(name, value));
    let response = call.body(body).send().await;
    assert_eq!(service.list_all(collection()).await, before);
    (response.status, response.json())
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
        "[{}]",
        "7",
        "\"x\"",
        "null",
        "true",
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
}

#[tokio::test]
async fn a_refused_body_changes_nothing() {
    let service = Service::seeded().await;
    for (method, path) in [("POST", collection()), ("PUT", &stored().path), ("PATCH", &stored().path)] {
        let (status, problem) = refused(&service, method, path, &[], &invalid().body.to_string()).await;
        assert_eq!(
            (status, problem["type"].as_str().unwrap()),
            (400, "urn:problem-type:movies:bad-fields"),
            "{method}"
        );
    }
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
    for accept in ["application/xml", "text/html;q=0"] {
        assert_eq!(service.call("GET", &stored().path).header("Accept", accept).send().await.status, 200, "{accept}");
    }
    let plain = service.call("POST", collection()).header("Content-Encoding", "identity").body(&body);
    assert_eq!(plain.send().await.status, 200);
}

#[tokio::test]
async fn what_is_too_large_is_413() {
    let service = Service::seeded().await;
    let short = new(1).body.to_string();
    let padded = |bytes: usize| short.clone() + &" ".repeat(bytes - short.len());
    let whole = merged(&new(1).body, &large(409_600));
    for (method, path, body) in [
        ("POST", collection(), padded(1024 * 1024 + 1)),
        ("POST", collection(), whole.to_string()),
        ("PUT", &stored().path, merged(&stored().body, &large(409_600)).to_string()),
        ("PATCH", &stored().path, large(409_600).to_string()),
    ] {
        assert_eq!(refused(&service, method, path, &[], &body).await.0, 413, "{method}");
    }
    let fits = service.call("POST", collection()).body(&padded(1024 * 1024)).send().await;
    assert_eq!(fits.status, 200, "{fits:?}");
}

#[tokio::test]
async fn an_instance_is_the_beginning_of_a_long_path() {
    let service = Service::start().await;
    // It does not end within an escape. An event has at most 6 MB.
    for unit in ["x", "%20", "%E6%97%A5"] {
        let path = format!("/{}", unit.repeat(200_000));
        let response = service.get(&path).await.json();
        let instance = response["instance"].as_str().unwrap();
        assert!(format!("/Prod{path}").starts_with(instance) && (8_180..=8_192).contains(&instance.len()), "{unit}");
        assert!(!instance.ends_with('%') && !instance.ends_with("%2"), "{unit}");
    }
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
    assert_eq!(service.list_all(own).await.len(), 2);
}

#[tokio::test]
async fn unknown_methods_are_405_and_named() {
    let service = Service::seeded().await;
    for (path, methods) in [
        (collection(), ["PUT", "PATCH", "DELETE", "BREW", "get", "TRACE"]),
        (&stored().path, ["POST", "BREW", "CONNECT", "", "G E T", "é"]),
    ] {
        for method in methods {
            let response = service.call(method, path).body("{}").send().await;
            assert_eq!(response.status, 405, "{method} {path}");
            assert!(response.headers["allow"].starts_with("GET, HEAD, P"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_event_that_is_no_request_is_400() {
    let service = Service::start().await;
    for event in [
        &b""[..],
        b"null",
        b"7",
        b"[]",
        b"{}",
        b"\"x\"",
        b"{",
        b"\xff\xfe",
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
