//! Event sources: the same request through each, and the peculiarities of each.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::{EventFormat, Response, Service, change, collection, missing, new, send_event, stored};

async fn send(service: &Service, event: &Value) -> Response {
    send_event(&service.app, event.to_string().as_bytes()).await
}

#[tokio::test]
async fn every_event_source_passes_queries_headers_and_bodies() {
    for source in EventFormat::ALL {
        let service = Service::seeded().await;
        // The name and the value of a parameter are escaped.
        let page = service.call_through(source, "GET", &format!("{}?li%6Dit=%31", collection())).send().await;
        assert_eq!(page.json().as_object().unwrap().len(), 1, "{source:?}");
        let rest = service.call_through(source, "GET", &page.next().unwrap()).send().await;
        assert_eq!((rest.status, rest.json().as_object().unwrap().len()), (200, 1), "{source:?}");
        let write = || service.call_through(source, "PUT", &stored().path).json(&change());
        assert_eq!(write().header("If-Match", "\"x\"").send().await.status, 412, "{source:?}");
        assert_eq!(write().send().await.status, 200, "{source:?}");
        let head = service.call_through(source, "HEAD", &stored().path).send().await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{source:?}");
        let preflight = service.call_through(source, "OPTIONS", &stored().path).send().await;
        assert_eq!((preflight.status, preflight.body.as_str()), (204, ""), "{source:?}");
        let deleted = service.call_through(source, "DELETE", &stored().path).send().await;
        assert_eq!((deleted.status, deleted.body.as_str()), (200, ""), "{source:?}");
        assert_eq!(service.call_through(source, "GET", &stored().path).send().await.status, 404, "{source:?}");
    }
}

#[tokio::test]
async fn each_reply_has_its_event_sources_shape() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let reply = service.call_through(source, "GET", collection()).send().await.reply;
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
async fn a_body_is_a_text_or_base64() {
    for source in EventFormat::ALL {
        let service = Service::start().await;
        let text = new(1).body.to_string();
        let mut event = service.call_through(source, "POST", collection()).event();
        for (body, is_base64, detail) in [
            (json!("not base64!"), true, "not valid base64"),
            (json!("/w=="), true, "expected value"),
            (new(1).body, false, "not a string"),
            (new(1).body, true, "not a string"),
            (json!([text]), false, "not a string"),
            (json!(7), false, "not a string"),
        ] {
            (event["body"], event["isBase64Encoded"]) = (body.clone(), json!(is_base64));
            let refused = send(&service, &event).await;
            assert!(refused.status == 400 && refused.body.contains(detail), "{source:?} {body}: {refused:?}");
        }
        (event["body"], event["isBase64Encoded"]) = (json!(BASE64_STANDARD.encode(&text)), json!(true));
        assert_eq!(send(&service, &event).await.json(), new(1).body, "{source:?}");
        // A request that needs no body ignores it.
        let mut read = service.call_through(source, "GET", &new(1).path).event();
        read["body"] = json!({});
        assert_eq!(send(&service, &read).await.status, 200, "{source:?}");
    }
}

#[tokio::test]
async fn an_event_with_query_parameters_alone_is_read_too() {
    let service = Service::seeded().await;
    for (query, status) in [(json!({"limit": "0"}), 400), (json!({"limit": "1"}), 200)] {
        let mut event = service.call_through(EventFormat::Url, "GET", collection()).event();
        event["queryStringParameters"] = query.clone();
        event["rawQueryString"] = json!("");
        assert_eq!(send(&service, &event).await.status, status, "{query}");
        event.as_object_mut().unwrap().remove("rawQueryString");
        assert_eq!(send(&service, &event).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_rest_apis_event_may_have_paths_that_do_not_belong_together() {
    let service = Service::start().await;
    let at = async |method: &str, path: &str, clients: &str| {
        let mut event = service.call(method, path).event();
        (event["path"], event["requestContext"]["path"]) = (json!(path), json!(clients));
        send(&service, &event).await
    };
    for (path, clients, instance) in [
        ("/nope", "/Prod/nope", "/Prod/nope"),
        ("/nope", "/Prod/other", "/nope"),
        ("/", "/Prod", "/Prod"),
        // A link never leads to another host.
        ("//evil.org/nothing", "//evil.org/nothing", "/evil.org/nothing"),
    ] {
        assert_eq!(at("POST", path, clients).await.json()["instance"], instance, "{path}, {clients}");
    }
    for (clients, base) in [("/prod", "./prod/"), ("/prod/", "./"), ("//evil.org", "./evil.org/")] {
        let page = at("GET", "/", clients).await;
        assert!(page.body.contains(&format!("<base href=\"{base}\">")), "{clients}: {page:?}");
    }
    let list = service.call("GET", &format!("{}?limit=1", collection()));
    let hostile = list.header("Host", "evil.org").header("X-Forwarded-Host", "evil.org");
    assert!(!hostile.send().await.reply.to_string().contains("evil"));
    assert_eq!(service.get(&missing().path).await.json()["instance"], format!("/Prod{}", missing().path));
}
