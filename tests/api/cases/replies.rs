//! Replies without a body, and bodies that are not texts.

use serde_json::{Value, json};

use super::{Body, Case, Changed, Deleted, Expected, NoBody, check};
use crate::support::{EventFormat, Service, movie, send_event};

fn case(kind: &'static str, file: &'static str, changes: Value, status: u64, expected: Expected) -> Case {
    Case { kind, file, changes, status, expected }
}

#[tokio::test]
async fn a_load_balancer_gets_a_text_or_no_body() {
    let multi = |mut changes: Value| {
        changes["headers"] = json!(null);
        changes["multiValueHeaders"] = json!({"accept": ["*/*"], "origin": ["https://app.example.org"]});
        changes
    };
    let path = |path: &str| json!({"httpMethod": "HEAD", "path": path});
    check(
        "",
        vec![
            case("a deletion", "alb-delete", json!({}), 200, Deleted("Case ALB delete-2001")),
            case(
                "a deletion, multi-value headers",
                "alb-delete",
                multi(json!({})),
                200,
                Deleted("Case ALB delete-2001"),
            ),
            case("a preflight", "alb-preflight", json!({}), 204, NoBody),
            case("a preflight, multi-value headers", "alb-preflight", multi(json!({})), 204, NoBody),
            case("HEAD of a collection", "alb-delete", path("/ns_movies/"), 200, NoBody),
            case("HEAD of a missing movie", "alb-delete", path("/ns_movies/B-2020"), 404, NoBody),
            case("HEAD of an unknown path", "alb-delete", multi(path("/nothing")), 404, NoBody),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_a_string_is_rejected() {
    let body = |value: Value| json!({"body": value});
    let put = |value: Value| json!({"httpMethod": "PUT", "path": "/ns_movies/A-2020", "resource": null, "body": value});
    let file = "rest-body-object";
    let refused = || Body("not a string");
    let alb = json!({"requestContext": {"elb": {}}});
    let http = json!({"version": "1.0"});
    check(
        "",
        vec![
            case("an object", file, json!({}), 400, refused()),
            case("an object through a load balancer", file, alb, 400, refused()),
            case("an object with payload version 1.0", file, http, 400, refused()),
            case("an array", file, body(json!([1])), 400, refused()),
            case("a number", file, body(json!(7)), 400, refused()),
            case("a boolean", file, body(json!(false)), 400, refused()),
            case("an object that is said to be base64", file, json!({"isBase64Encoded": true}), 400, refused()),
            case("a change", file, put(json!({"description": "Changed."})), 400, refused()),
            case("a change in a text", file, put(json!(r#"{"description":"Changed."}"#)), 200, Changed("A-2020")),
            case("a request that needs no body", file, json!({"httpMethod": "GET"}), 200, Body("The Dare")),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_reply_never_has_a_null_body() {
    for source in EventFormat::ALL {
        let service = Service::seeded().await;
        let path = "/ns_movies/The%20Dare-2020";
        let etag = service.get(path).await.etag().to_owned();
        for (method, path, header, status) in [
            ("HEAD", path, ("Accept", "*/*"), 200),
            ("HEAD", "/ns_movies/B-2020", ("Accept", "*/*"), 404),
            ("GET", path, ("If-None-Match", etag.as_str()), 304),
            ("OPTIONS", path, ("Origin", "https://a.org"), 204),
            ("DELETE", path, ("Accept", "*/*"), 200),
        ] {
            let call = service.call_through(source, method, path).header(header.0, header.1);
            let response = call.send().await;
            assert_eq!((response.status, response.body.as_str()), (status, ""), "{source:?} {method} {path}");
            assert!(!response.reply.to_string().contains("null"), "{source:?} {method}: {}", response.reply);
        }
        let mut event = service.call_through(source, "POST", "/ns_movies/").event();
        event["body"] = movie("Made", 2020);
        let refused = send_event(&service.app, event.to_string().as_bytes()).await;
        assert!(refused.status == 400 && refused.body.contains("not a string"), "{source:?}: {refused:?}");
    }
}
