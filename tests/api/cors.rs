//! CORS: which pages may call the API, and with which headers. `headers.rs` checks `Vary` and what a page may read.

use crate::support::{Service, collection, requests::with, stored};

async fn with_origins(origins: &str) -> Service {
    let mut service = Service::seeded().await;
    service.app.set("CORS_ALLOW_ORIGINS", origins);
    service
}

#[tokio::test]
async fn pages_of_listed_origins_may_read() {
    let service = with_origins("https://app.example.org, http://localhost:3000").await;
    for (origin, is_allowed) in [
        ("https://app.example.org", true),
        ("http://localhost:3000", true),
        // A browser does not send these spellings.
        ("https://App.example.org", false),
        ("https://app.example.org.evil.org", false),
        ("https://app.example.org, https://app.example.org", false),
        ("null", false),
        ("*", false),
        ("", false),
        ("é", false),
    ] {
        for (method, path) in [("GET", collection()), ("OPTIONS", collection()), ("GET", "/nowhere")] {
            let response = service.call(method, path).header("Origin", origin).send().await;
            let allowed = response.headers.get("access-control-allow-origin").map(String::as_str);
            assert_eq!(allowed, is_allowed.then_some(origin), "{method} {path} from {origin}");
        }
    }
}

#[tokio::test]
async fn every_origin_may_read_by_default() {
    let service = Service::start().await;
    for (method, origin) in [("GET", "https://a.org"), ("OPTIONS", "null"), ("GET", "")] {
        let response = service.call(method, collection()).header("Origin", origin).send().await;
        assert_eq!(response.headers["access-control-allow-origin"], "*", "{method} from {origin:?}");
    }
}

#[tokio::test]
async fn a_preflight_allows_what_it_asks_for_or_the_headers_that_the_api_reads() {
    let service = Service::start().await;
    let allowed = async |requested: Option<&'static str>| {
        let call = service.call("OPTIONS", &stored().path);
        let requested = requested.map(|names| ("Access-Control-Request-Headers", names));
        let response = with(call, requested.as_slice(), "").send().await;
        response.headers.get("access-control-allow-headers").cloned()
    };
    let asked = allowed(Some("traceparent,x-a, x b, idempotency-key")).await;
    assert_eq!(asked.as_deref(), Some("traceparent, x-a, idempotency-key"));
    assert_eq!(allowed(Some("x b,é,x:y")).await, None);
    let read = allowed(None).await.unwrap();
    for name in ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"] {
        assert!(read.split(", ").any(|allowed| allowed == name), "{name} in {read}");
    }
}
