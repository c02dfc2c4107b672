//! CORS: which pages may call the API, and with which headers. `headers.rs` checks `Vary` and what a page may read.

use crate::support::{Service, collection, stored};

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
        ("https://app.example.org:443", false),
        ("https://App.example.org", false),
        ("http://app.example.org", false),
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
    let service = Service::seeded().await;
    for origin in ["https://a.org", "null", ""] {
        let response = service.call("GET", collection()).header("Origin", origin).send().await;
        assert_eq!(response.headers["access-control-allow-origin"], "*", "{origin:?}");
    }
}

#[tokio::test]
async fn a_preflight_allows_what_it_asks_for() {
    for origins in ["*", "https://app.example.org"] {
        let service = with_origins(origins).await;
        for path in [collection(), &stored().path, "/health"] {
            let ask = async |requested: Option<&str>| {
                let call = service.call("OPTIONS", path).header("Origin", "https://app.example.org");
                let asked = requested.into_iter();
                let call = asked.fold(call, |call, names| call.header("Access-Control-Request-Headers", names));
                let response = call.send().await;
                assert!(response.headers.contains_key("access-control-allow-origin"), "{path}: {response:?}");
                response.headers.get("access-control-allow-headers").cloned()
            };
            let allowed = ask(Some("traceparent,x-a, x b, idempotency-key")).await;
            assert_eq!(allowed.as_deref(), Some("traceparent, x-a, idempotency-key"), "{path}");
            assert_eq!(ask(Some("x b,é,x:y")).await, None, "{path}");
            // A preflight that asks for no header allows those that the API reads.
            let read = ask(None).await.unwrap();
            for name in ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"] {
                assert!(read.split(", ").any(|allowed| allowed == name), "{path}: {name} in {read}");
            }
        }
    }
}
