//! Every row of the contract's table of errors. None of these requests stores anything.

use serde_json::{Value, json};

use crate::support::{Service, movie, send_event};

const DARE: &str = "/ns_movies/The%20Dare-2020";

async fn refused(service: &Service, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u64, Value) {
    let before = service.list_all("/ns_movies/").await;
    let call = headers.iter().fold(service.call(method, path), |call, (name, value)| call.header(name, value));
    let response = call.body(body).send().await;
    assert_eq!(service.list_all("/ns_movies/").await, before);
    (response.status, response.json())
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400() {
    let service = Service::seeded().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_field = format!("{{\"cast\":{}", "{\"a\":".repeat(10_000));
    for body in [
        "",
        " \n",
        "{",
        "{\"title\":",
        "nope",
        "[]",
        "[{}]",
        "7",
        "\"x\"",
        "null",
        "true",
        "{}{}",
        "{} x",
        "\u{feff}{}",
        "{\"title\":\"\\ud800\"}",
        "{\"year\":1e400}",
        "{'title':1}",
        &deep,
        &deep_field,
    ] {
        for (method, path) in [("POST", "/ns_movies/"), ("PUT", DARE), ("PATCH", DARE)] {
            assert_eq!(refused(&service, method, path, &[], body).await.0, 400, "{method} {body:.60}");
        }
    }
    assert_eq!(refused(&service, "PUT", DARE, &[], "{}").await.0, 400);
    let (_, problem) = refused(&service, "POST", "/ns_movies/", &[], "[]").await;
    assert!(problem["detail"].as_str().unwrap().contains("expected a JSON object"), "{problem}");
}

#[tokio::test]
async fn every_bad_field_is_listed_at_once() {
    let service = Service::seeded().await;
    let response =
        service.call("POST", "/ns_movies/").json(&json!({"title": 7, "year": "2020", "x/y": 1, "cast": ["a", 2]}));
    let response = response.send().await;
    assert_eq!(response.status, 400);
    let mut pointers = response.pointers();
    pointers.sort();
    assert_eq!(pointers, ["/cast/1", "/description", "/image", "/title", "/x~1y", "/year"]);
    for field in ["title", "year", "cast", "image", "description"] {
        let mut whole = movie("Whole", 2020);
        whole[field] = Value::Null;
        assert_eq!(service.post(&whole).await.pointers(), [format!("/{field}")], "{field} is null");
        let patch = service.call("PATCH", DARE).json(&json!({field: null})).send().await;
        assert_eq!((patch.status, patch.pointers()), (400, vec![format!("/{field}")]), "{field}");
        whole.as_object_mut().unwrap().remove(field);
        assert_eq!(service.post(&whole).await.pointers(), [format!("/{field}")], "{field} is missing");
    }
    for year in [json!(0), json!(-1), json!(10_000), json!(2020.5), json!(true), json!("2020"), json!([2020])] {
        let patch = service.call("PUT", DARE).json(&json!({"year": year})).send().await;
        assert_eq!((patch.status, patch.pointers()), (400, vec!["/year".to_owned()]), "{year}");
    }
    for year in ["1e30", "1e400", "-0.0", "0.5"] {
        let patch = service.call("PATCH", DARE).body(&format!("{{\"year\":{year}}}")).send().await;
        assert_eq!((patch.status, patch.pointers()), (400, vec!["/year".to_owned()]), "{year}");
    }
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
}

#[tokio::test]
async fn only_json_is_read() {
    let service = Service::seeded().await;
    let body = movie("Typed", 2020).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "application/json5",
        "multipart/form-data; boundary=x",
        "*/*",
        "json",
        "application/json, text/plain",
    ] {
        let (status, problem) =
            refused(&service, "POST", "/ns_movies/", &[("Content-Type", content_type)], &body).await;
        assert_eq!(status, 415, "{content_type}");
        assert!(problem["detail"].as_str().unwrap().contains("application/json"), "{content_type}");
    }
    assert_eq!(
        refused(&service, "POST", "/ns_movies/", &[("Content-Type", "application/merge-patch+json")], &body).await.0,
        415
    );
    for encoding in ["gzip", "br", "deflate, gzip"] {
        let (status, _) = refused(&service, "POST", "/ns_movies/", &[("Content-Encoding", encoding)], &body).await;
        assert_eq!(status, 415, "{encoding}");
    }
    for accept in ["application/xml", "text/html;q=0"] {
        assert_eq!(service.call("GET", DARE).header("Accept", accept).send().await.status, 200, "{accept}");
    }
    assert_eq!(
        service.call("POST", "/ns_movies/").header("Content-Encoding", "identity").body(&body).send().await.status,
        200
    );
}

#[tokio::test]
async fn accept_patch_names_the_types_of_a_patch() {
    const TYPES: &str = "application/merge-patch+json, application/json";
    let service = Service::seeded().await;
    for (method, path, header, expected) in [
        ("PATCH", DARE, ("Content-Type", "application/json-patch+json"), Some(TYPES)),
        ("PATCH", DARE, ("Content-Encoding", "gzip"), Some(TYPES)),
        ("PUT", DARE, ("Content-Type", "text/plain"), Some(TYPES)),
        ("PUT", DARE, ("Content-Encoding", "gzip"), Some(TYPES)),
        ("PATCH", "/ns_movies/Nope-1", ("Content-Type", "text/plain"), Some(TYPES)),
        ("POST", "/ns_movies/", ("Content-Type", "application/merge-patch+json"), None),
        ("POST", "/ns_movies/", ("Content-Encoding", "gzip"), None),
        ("OPTIONS", DARE, ("Origin", "https://a.example.org"), Some(TYPES)),
        ("OPTIONS", "/ns_movies/", ("Origin", "https://a.example.org"), None),
        ("OPTIONS", "/health", ("Origin", "https://a.example.org"), None),
    ] {
        let response = service.call(method, path).header(header.0, header.1).body("[]").send().await;
        let row = format!("{method} {path} {header:?}");
        assert_eq!(response.status, if method == "OPTIONS" { 204 } else { 415 }, "{row}");
        assert_eq!(response.headers.get("accept-patch").map(String::as_str), expected, "{row}");
        let exposed = &response.headers["access-control-expose-headers"];
        assert!(exposed.split(", ").any(|name| name == "Accept-Patch"), "{row}: {exposed}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_413() {
    let service = Service::seeded().await;
    let padded = format!("{}{}", movie("Padded", 2020), " ".repeat(1024 * 1024));
    assert_eq!(refused(&service, "POST", "/ns_movies/", &[], &padded).await.0, 413);
    let mut large = movie("Large", 2020);
    large["description"] = json!("é".repeat(204_800));
    for (method, path) in [("POST", "/ns_movies/"), ("PUT", DARE)] {
        assert_eq!(refused(&service, method, path, &[], &large.to_string()).await.0, 413, "{method}");
    }
    let patch = json!({"description": large["description"]});
    assert_eq!(refused(&service, "PUT", DARE, &[], &patch.to_string()).await.0, 413);
}

#[tokio::test]
async fn a_movie_may_grow_to_400_kb_and_no_further() {
    let service = Service::start().await;
    let mut movie = movie("Edge", 2020);
    let (mut fits, mut too_large) = (400_000, 409_600);
    while too_large - fits > 1 {
        let length = usize::midpoint(fits, too_large);
        movie["description"] = json!("x".repeat(length));
        let response = service.post(&movie).await;
        match response.status {
            200 => {
                fits = length;
                // DynamoDB accepts the item, even after an update has filled the last attribute.
                let path = "/ns_movies/Edge-2020";
                assert_eq!(service.call("PUT", path).json(&json!({"cast": ["Ann", "Bob"]})).send().await.status, 200);
                assert_eq!(service.call("DELETE", path).send().await.status, 200);
            }
            413 => too_large = length,
            status => panic!("{status}"),
        }
    }
    // The rest of the item has: id 11, title 9, year 7, cast 15, image 30, the name of the description 11, both versions 26 and 32.
    assert_eq!(fits, 409_600 - 141);
}

#[tokio::test]
async fn an_id_over_2048_bytes_is_refused() {
    let service = Service::seeded().await;
    let long = "x".repeat(2044);
    assert_eq!(service.post(&movie(&long, 2020)).await.pointers(), ["/title"]);
    assert_eq!(refused(&service, "PUT", DARE, &[], &json!({"title": long}).to_string()).await.0, 400);
    for method in ["GET", "PUT", "DELETE"] {
        let response = service.call(method, &format!("/ns_movies/{long}-2020")).body("{\"cast\":[]}").send().await;
        assert_eq!((response.status, response.body.len() < 4_000), (400, true), "{method}");
    }
    // A response repeats the beginning of a long path, and does not end within an escape. An event has at most 6 MB.
    for unit in ["x", "%20", "%E6%97%A5"] {
        let path = format!("/{}", unit.repeat(200_000));
        let response = service.get(&path).await.json();
        let instance = response["instance"].as_str().unwrap();
        assert!(format!("/Prod{path}").starts_with(instance) && (8_180..=8_192).contains(&instance.len()), "{unit}");
        assert!(!instance.ends_with('%') && !instance.ends_with("%2"), "{unit}");
    }
}

#[tokio::test]
async fn a_title_too_long_is_named_with_the_other_bad_fields() {
    let service = Service::seeded().await;
    let long = "x".repeat(2_047);
    let posted = service.post(&json!({"title": long, "year": 1})).await;
    assert_eq!(posted.pointers(), ["/title", "/cast", "/image", "/description"]);
    let mut other_year = movie(&long, 2020);
    other_year["year"] = json!("2020");
    assert_eq!(service.post(&other_year).await.pointers(), ["/year", "/title"]);
    let patch = service.call("PATCH", DARE).json(&json!({"title": long, "image": "no"})).send().await;
    assert_eq!(patch.pointers(), ["/image", "/title"]);
}

#[tokio::test]
async fn odd_paths_are_400_or_404() {
    let service = Service::seeded().await;
    for path in [
        "/ns_movies/%zz-2020",
        "/ns_movies/%-2020",
        "/ns_movies/%00",
        "/ns_movies/%ff-2020",
        "/ns_movies/%ed%a0%80-2020",
        "/ns_movies/%c0%af-2020",
        "/ns_movies/..",
        "/ns_movies/../health",
        "/ns_movies/%2e%2e/health",
        "/%2e%2e",
        "//",
        "/ns_movies%2F",
        "/ns_movies/The Dare-2020/",
        "/NS_MOVIES/",
    ] {
        for method in ["GET", "DELETE"] {
            let status = service.call(method, path).send().await.status;
            // For this service, `%2F` after the collection's name is a slash. For the routes of API Gateway, it is not.
            let expected = if path == "/ns_movies%2F" { [200, 405] } else { [400, 404] };
            assert!(expected.contains(&status), "{method} {path}: {status}");
        }
    }
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
}

#[tokio::test]
async fn unknown_methods_are_405_and_named() {
    let service = Service::seeded().await;
    for (path, methods) in [
        ("/ns_movies/", ["PUT", "PATCH", "DELETE", "BREW", "get", "TRACE"]),
        (DARE, ["POST", "BREW", "CONNECT", "", "G E T", "é"]),
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
