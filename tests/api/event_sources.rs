//! Event sources: the same request through each, and the peculiarities of each.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::{EventFormat, Service, movie, path_of, send_event};

#[tokio::test]
async fn odd_titles_work_through_every_event_source_that_supports_them() {
    let service = Service::start().await;
    let long = "x".repeat(1_900);
    for source in EventFormat::ALL {
        for title in [
            "Face/Off",
            "50/50",
            "100% Wolf",
            "What?",
            "C#",
            "a b",
            "é",
            "日本",
            "..",
            "a+b",
            "a\\b",
            "%41",
            "a%2Fb",
            &long,
        ] {
            let path = path_of(&format!("{title}-2000"));
            let created = service.call_through(source, "POST", "/ns_movies/").json(&movie(title, 2000)).send().await;
            assert_eq!(created.status, 200, "{source:?} {title}: {created:?}");
            // An HTTP API decodes the path before it cuts off the query, so everything after a question mark is lost.
            let is_lost = source == EventFormat::Http && title.contains('?');
            let reads = if is_lost { 404 } else { 200 };
            for (method, body) in [("GET", json!(null)), ("PUT", json!({"cast": []})), ("DELETE", json!(null))] {
                let response = service.call_through(source, method, &path).json(&body).send().await;
                assert_eq!(response.status, reads, "{source:?} {method} {title}: {response:?}");
            }
            if is_lost {
                assert_eq!(service.call("DELETE", &path).send().await.status, 200, "{source:?} {title}");
            }
        }
    }
    assert!(service.list_all("/ns_movies/").await.is_empty());
}

#[tokio::test]
async fn every_event_source_passes_queries_headers_and_bodies() {
    for source in EventFormat::ALL {
        let service = Service::seeded().await;
        let page = service.call_through(source, "GET", "/ns_movies/?year=2020&limit=1").send().await;
        assert_eq!(page.json().as_object().unwrap().len(), 1, "{source:?}");
        let next = page.next().unwrap();
        let rest = service.call_through(source, "GET", &next).send().await;
        assert_eq!((rest.status, rest.json().as_object().unwrap().len()), (200, 1), "{source:?}");
        let escaped = service.call_through(source, "GET", "/ns_movies/?li%6Dit=%31").send().await;
        let carries_escaped_names = escaped.json().as_object().unwrap().len();
        assert_eq!(carries_escaped_names, 1, "{source:?}");
        let stale = service.call_through(source, "PUT", "/ns_movies/The%20Dare-2020").header("If-Match", "\"x\"");
        assert_eq!(stale.json(&json!({"cast": []})).send().await.status, 412, "{source:?}");
    }
}

#[tokio::test]
async fn each_reply_has_its_event_sources_shape() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let reply = service.call_through(source, "GET", "/ns_movies/").send().await.reply;
        let multi = reply["multiValueHeaders"].get("content-type");
        assert_eq!(multi.is_some(), source == EventFormat::AlbMulti, "{source:?}");
        assert_eq!(reply["headers"].get("content-type").is_some(), source != EventFormat::AlbMulti, "{source:?}");
        let is_alb = matches!(source, EventFormat::Alb | EventFormat::AlbMulti);
        assert_eq!(reply.get("statusDescription"), is_alb.then_some(&json!("200 OK")), "{source:?}");
        // `cargo lambda watch` requires all three.
        if matches!(source, EventFormat::Url | EventFormat::Http | EventFormat::CargoLambda) {
            assert!(
                reply["headers"].is_object() && reply["multiValueHeaders"].is_object() && reply["cookies"].is_array()
            );
        }
    }
}

#[tokio::test]
async fn base64_bodies_are_decoded_and_bad_ones_refused() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let title = format!("é through {source:?}");
        let mut event = service.call_through(source, "POST", "/ns_movies/").json(&movie(&title, 2000)).event();
        event["isBase64Encoded"] = json!(true);
        event["body"] = json!(BASE64_STANDARD.encode(event["body"].as_str().unwrap()));
        assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, 200, "{source:?}");
        for bad in ["not base64!", "YQ", "====", "/w=="] {
            event["body"] = json!(bad);
            assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, 400, "{source:?} {bad}");
        }
    }
}

/// The URLs in a created movie's `Location` and in a page's `Link`, for an event with the changes of `change`.
async fn links(service: &Service, source: EventFormat, title: &str, change: impl Fn(&mut Value)) -> (String, String) {
    let mut create = service.call_through(source, "POST", "/ns_movies/").json(&movie(title, 2000)).event();
    change(&mut create);
    let created = send_event(&service.app, create.to_string().as_bytes()).await;
    assert_eq!(created.status, 200, "{created:?}");
    let mut list = service.call_through(source, "GET", "/ns_movies/?limit=1").event();
    change(&mut list);
    let listed = send_event(&service.app, list.to_string().as_bytes()).await;
    let next = listed.resolve(listed.link().unwrap());
    (created.resolve(&created.headers["location"]), next.split_once("?limit=1&cursor=").unwrap().0.to_owned())
}

#[tokio::test]
async fn links_lead_to_the_clients_own_urls() {
    let service = Service::seeded().await;
    let stays = |base: &str, title: &str| (format!("{base}/ns_movies/{title}-2000"), format!("{base}/ns_movies/"));

    assert_eq!(links(&service, EventFormat::Rest, "A", |_| {}).await, stays("/Prod", "A"));
    let named_stage = |event: &mut Value| {
        event["requestContext"]["stage"] = json!("dev");
        event["rawPath"] = json!(format!("/dev{}", event["rawPath"].as_str().unwrap()));
    };
    assert_eq!(links(&service, EventFormat::Http, "C", named_stage).await, stays("/dev", "C"));
    for (source, title) in [
        (EventFormat::Url, "E"),
        (EventFormat::CargoLambda, "F"),
        (EventFormat::Alb, "G"),
        (EventFormat::AlbMulti, "H"),
    ] {
        assert_eq!(links(&service, source, title, |_| {}).await, stays("", title), "{source:?}");
    }
}

#[tokio::test]
async fn an_event_with_query_parameters_alone_is_read_too() {
    let service = Service::seeded().await;
    for (query, status) in [(json!({"limit": "0"}), 400), (json!({"limit": "1"}), 200)] {
        let mut event = service.call_through(EventFormat::Url, "GET", "/ns_movies/").event();
        event["queryStringParameters"] = query.clone();
        event["rawQueryString"] = json!("");
        assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, status, "{query}");
        event.as_object_mut().unwrap().remove("rawQueryString");
        assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_link_never_leads_to_another_host() {
    let service = Service::start().await;
    let at = |path: &str, clients: &str| {
        let mut event = service.call("GET", path).event();
        (event["path"], event["requestContext"]["path"]) = (json!(path), json!(clients));
        event.to_string()
    };
    let missing = send_event(&service.app, at("//evil.org/nothing", "//evil.org/nothing").as_bytes()).await;
    assert_eq!((missing.status, &missing.json()["instance"]), (404, &json!("/evil.org/nothing")));
    let page = send_event(&service.app, at("/", "//evil.org").as_bytes()).await;
    assert!(page.body.contains("<base href=\"./evil.org/\">"), "{page:?}");
    let hostile =
        service.call("GET", "/ns_movies/?limit=1").header("Host", "evil.org").header("X-Forwarded-Host", "evil.org");
    assert!(!hostile.send().await.reply.to_string().contains("evil"));
}

#[tokio::test]
async fn a_condition_that_is_not_an_etag_is_not_dropped() {
    let service = Service::seeded().await;
    for value in ["\"é\"", "a\nb", "\u{0}", "*\n", "\u{a0}*"] {
        let mut event = service.call("DELETE", "/ns_movies/The%20Dare-2020").event();
        event["headers"] = json!({"If-Match": value});
        event["multiValueHeaders"] = json!({});
        assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, 412, "{value}");
    }
}

#[tokio::test]
async fn a_problem_names_the_path_as_the_client_would_write_it() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let response = service.call_through(source, "GET", "/ns_movies/100%25%20Wolf-2020").send().await;
        let base = if matches!(source, EventFormat::Rest | EventFormat::HttpVersion1) { "/Prod" } else { "" };
        assert_eq!(response.json()["instance"], format!("{base}/ns_movies/100%25%20Wolf-2020"), "{source:?}");
    }
    // The event of a REST API contains the client's path, which ends with the path below the stage. In a handwritten
    // event, it may not.
    for (path, clients, instance) in
        [("/nope", "/Prod/nope", "/Prod/nope"), ("/nope", "/Prod/other", "/nope"), ("/", "/Prod", "/Prod")]
    {
        let mut event = service.call("POST", path).event();
        event["requestContext"]["path"] = json!(clients);
        let response = send_event(&service.app, event.to_string().as_bytes()).await;
        assert_eq!(response.json()["instance"], instance, "{path}, {clients}");
    }
}
