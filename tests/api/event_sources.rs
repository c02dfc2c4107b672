//! Event sources: the same request through each, the peculiarities of each, and the sample events.

use std::{fs, path::Path};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use movies::{
    event::{Event, EventSource},
    local,
};
use serde_json::{Value, json};

use crate::support::{EventFormat, Response, Service, change, collection, new, send_event, stored};

async fn send(service: &Service, event: &Value) -> Response {
    send_event(&service.app, event.to_string().as_bytes()).await
}

#[tokio::test]
async fn every_event_source_passes_queries_headers_and_bodies() {
    for source in EventFormat::ALL {
        let service = Service::seeded().await;
        let call = |method, path: &str| service.call_through(source, method, path);
        // The name and the value of a parameter are escaped.
        let page = call("GET", &format!("{}?li%6Dit=%31", collection())).send().await;
        assert_eq!(page.json().as_object().unwrap().len(), 1, "{source:?}");
        let rest = call("GET", &page.next().unwrap()).send().await;
        assert_eq!((rest.status, rest.json().as_object().unwrap().len()), (200, 1), "{source:?}");
        let write = || call("PUT", &stored().path).json(&change());
        assert_eq!(write().header("If-Match", "\"x\"").send().await.status, 412, "{source:?}");
        assert_eq!(write().send().await.status, 200, "{source:?}");
        for (method, status) in [("HEAD", 200), ("OPTIONS", 204), ("DELETE", 200), ("GET", 404)] {
            let response = call(method, &stored().path).send().await;
            assert_eq!((response.status, response.body.is_empty()), (status, method != "GET"), "{source:?} {method}");
        }
    }
}

#[tokio::test]
async fn each_reply_has_its_event_sources_shape() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let reply = service.call_through(source, "GET", collection()).send().await.reply;
        let is_multi = source == EventFormat::AlbMulti;
        assert_eq!(reply["multiValueHeaders"].get("content-type").is_some(), is_multi, "{source:?}");
        assert_eq!(reply["headers"].get("content-type").is_some(), !is_multi, "{source:?}");
        let is_alb = is_multi || source == EventFormat::Alb;
        assert_eq!(reply.get("statusDescription"), is_alb.then_some(&json!("200 OK")), "{source:?}");
        // `cargo lambda watch` requires them.
        let is_version_2 = matches!(source, EventFormat::Url | EventFormat::Http);
        assert_eq!(reply["cookies"].is_array(), is_version_2, "{source:?}");
    }
}

#[tokio::test]
async fn a_body_is_a_text_or_base64() {
    let service = Service::start().await;
    let text = new(1).body.to_string();
    let mut event = service.call("POST", collection()).event();
    for (body, is_base64, detail) in [
        (json!("not base64!"), true, "not valid base64"),
        (json!("/w=="), true, "expected value"),
        (new(1).body, false, "not a string"),
        (new(1).body, true, "not a string"),
        (json!([text]), false, "not a string"),
    ] {
        (event["body"], event["isBase64Encoded"]) = (body.clone(), json!(is_base64));
        let refused = send(&service, &event).await;
        assert!(refused.status == 400 && refused.body.contains(detail), "{body}: {refused:?}");
    }
    (event["body"], event["isBase64Encoded"]) = (json!(BASE64_STANDARD.encode(&text)), json!(true));
    assert_eq!(send(&service, &event).await.json(), new(1).body);
    // A request that needs no body ignores it.
    let mut read = service.call("GET", &new(1).path).event();
    read["body"] = json!({});
    assert_eq!(send(&service, &read).await.status, 200);
}

#[tokio::test]
async fn an_event_with_query_parameters_alone_is_read_too() {
    let service = Service::start().await;
    for (limit, status) in [("0", 400), ("1", 200)] {
        for raw in [json!(""), json!(null)] {
            let mut event = service.call_through(EventFormat::Url, "GET", collection()).event();
            (event["queryStringParameters"], event["rawQueryString"]) = (json!({"limit": limit}), raw);
            assert_eq!(send(&service, &event).await.status, status, "{event}");
        }
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
    for (clients, base) in [("/prod", "./prod/"), ("//evil.org", "./evil.org/")] {
        let page = at("GET", "/", clients).await;
        assert!(page.body.contains(&format!("<base href=\"{base}\">")), "{clients}: {page:?}");
    }
}

/// The event source that a sample's name begins with.
fn source_of(name: &str) -> Option<EventSource> {
    let sources = [
        ("alb-multi-", EventSource::Alb { multi_value: true }),
        ("alb-", EventSource::Alb { multi_value: false }),
        ("http-v1-", EventSource::HttpApiVersion1),
        ("http-", EventSource::HttpApi),
        ("rest-", EventSource::RestApi),
        ("url-", EventSource::FunctionUrl),
    ];
    sources.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, source)| source)
}

/// If the service missed what a name says, the status would be another one. For example, a stage that stays in the path leads
/// to 404, and the last value of a repeated parameter alone to 200.
#[tokio::test]
async fn every_sample_is_the_event_that_its_name_says() {
    let service = Service::start().await;
    for movie in local::parse_seed(include_bytes!("../../seed/movies.json")).unwrap() {
        service.put(movie).await;
    }
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("events")).unwrap();
    for path in files.map(|file| file.unwrap().path()) {
        let (name, event) = (path.file_stem().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
        let found = match Event::from_bytes(&event) {
            Event::Http(found, _) => Some(found),
            Event::Unknown => None,
        };
        assert_eq!(found, source_of(name), "{name}");
        let status = if name.ends_with("-several-values") || name == "warm-up" { 400 } else { 200 };
        let response = send_event(&service.app, &event).await;
        assert_eq!(response.status, status, "{name}: {response:?}");
    }
}
