//! CORS: which pages may call the API, and with which headers. `headers.rs` checks `Vary` and what a page may read.

use crate::support::{EventFormat, Service, collection, stored};

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
        ("https://app.example.org/", false),
        ("http://app.example.org", false),
        ("http://localhost:3001", false),
        ("https://app.example.org.evil.org", false),
        ("https://app.example.org@evil.org", false),
        ("https://app.example.org, https://app.example.org", false),
        ("null", false),
        ("*", false),
        ("", false),
        ("é", false),
    ] {
        for (method, path) in [("GET", collection()), ("OPTIONS", collection()), ("GET", "/nowhere")] {
            let response = service.call(method, path).header("Origin", origin).send().await;
            let name = format!("{method} {path} from {origin}");
            let allowed = response.headers.get("access-control-allow-origin").map(String::as_str);
            assert_eq!(allowed, is_allowed.then_some(origin), "{name}");
        }
    }
}

#[tokio::test]
async fn every_origin_may_read_by_default() {
    let service = Service::seeded().await;
    for origin in [Some("https://a.org"), Some("null"), None] {
        let call = service.call("GET", collection());
        let response = origin.into_iter().fold(call, |call, origin| call.header("Origin", origin)).send().await;
        assert_eq!(response.headers["access-control-allow-origin"], "*", "{origin:?}");
    }
}

#[tokio::test]
async fn a_preflight_allows_what_it_asks_for_through_every_event_source() {
    let paths = [collection(), &stored().path, "/health", "/swagger.json", "/"];
    for origins in ["*", "https://app.example.org"] {
        let service = with_origins(origins).await;
        for source in EventFormat::ALL {
            for path in paths {
                let ask = async |requested: Option<&str>| {
                    let preflight =
                        service.call_through(source, "OPTIONS", path).header("Origin", "https://app.example.org");
                    let preflight = preflight.header("Access-Control-Request-Method", "GET");
                    let asked = requested.into_iter();
                    asked
                        .fold(preflight, |call, names| call.header("Access-Control-Request-Headers", names))
                        .send()
                        .await
                };
                let response = ask(Some("traceparent,x-a, x b, idempotency-key")).await;
                let row = format!("{origins}, {source:?} {path}: {response:?}");
                let allowed = &response.headers["access-control-allow-headers"];
                assert_eq!((response.status, allowed.as_str()), (204, "traceparent, x-a, idempotency-key"), "{row}");
                assert!(response.headers.contains_key("access-control-allow-origin"), "{row}");
                let none = ask(Some("x b,é,x:y")).await;
                assert_eq!(none.headers.get("access-control-allow-headers"), None, "{row}");
                // A preflight that asks for no header allows those that the API reads.
                let read = ask(None).await.headers["access-control-allow-headers"].clone();
                for name in ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"] {
                    assert!(read.split(", ").any(|allowed| allowed == name), "{row}: {name} in {read}");
                }
            }
        }
    }
}
