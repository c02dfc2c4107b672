//! CORS: which pages may call the API, and with which headers.

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
        ("https://app.example.org:8443", false),
        ("http://localhost", false),
        ("http://localhost:3001", false),
        ("https://evil.org", false),
        ("https://app.example.org.evil.org", false),
        ("https://app.example.org@evil.org", false),
        ("https://app.example.org/path", false),
        ("https://app.example.org, https://app.example.org", false),
        ("null", false),
        ("*", false),
        ("", false),
        ("é", false),
    ] {
        for source in EventFormat::ALL {
            for (method, path) in [("GET", collection()), ("OPTIONS", collection()), ("GET", "/nowhere")] {
                let response = service.call_through(source, method, path).header("Origin", origin).send().await;
                let name = format!("{source:?}: {method} {path} from {origin}");
                let allowed = response.headers.get("access-control-allow-origin").map(String::as_str);
                assert_eq!(allowed, is_allowed.then_some(origin), "{name}");
                assert_eq!(response.headers.contains_key("access-control-expose-headers"), is_allowed, "{name}");
                let vary = if method == "GET" { "Origin" } else { "Access-Control-Request-Headers, Origin" };
                assert_eq!(response.headers["vary"], vary, "{name}");
            }
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
        assert!(!response.headers.contains_key("vary"), "{origin:?}");
    }
}

#[tokio::test]
async fn a_page_may_send_any_header_whose_name_is_a_token() {
    for origins in ["*", "https://app.example.org"] {
        let service = with_origins(origins).await;
        for (name, requested, allowed) in [
            ("traces", "baggage,sentry-trace,traceparent", Some("baggage, sentry-trace, traceparent")),
            ("jQuery", "x-requested-with", Some("x-requested-with")),
            ("AWS", "x-amz-user-agent,x-amzn-trace-id", Some("x-amz-user-agent, x-amzn-trace-id")),
            ("a retry key", "idempotency-key", Some("idempotency-key")),
            ("a signed request", "authorization,content-type", Some("authorization, content-type")),
            ("odd tokens", "!#$%&'*+.^_`|~-", Some("!#$%&'*+.^_`|~-")),
            ("one that is not a token", "x-a, x b, x-c", Some("x-a, x-c")),
            ("only such", "x b,é,x:y", None),
        ] {
            for source in EventFormat::ALL {
                for path in [collection(), &stored().path, "/health", "/swagger.json", "/"] {
                    let preflight = service
                        .call_through(source, "OPTIONS", path)
                        .header("Origin", "https://app.example.org")
                        .header("Access-Control-Request-Method", "GET")
                        .header("Access-Control-Request-Headers", requested);
                    let response = preflight.send().await;
                    let row = format!("{origins}, {name}, {source:?} {path}");
                    assert_eq!(response.status, 204, "{row}");
                    let found = response.headers.get("access-control-allow-headers").map(String::as_str);
                    assert_eq!(found, allowed, "{row}");
                    assert!(response.headers.contains_key("access-control-allow-origin"), "{row}");
                    assert!(response.headers["vary"].starts_with("Access-Control-Request-Headers"), "{row}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_that_asks_for_no_header_allows_those_that_the_api_reads() {
    let service = Service::start().await;
    let response = service.call("OPTIONS", collection()).header("Origin", "https://a.org").send().await;
    for name in ["Authorization", "Content-Type", "If-Match", "If-None-Match"] {
        assert!(response.headers["access-control-allow-headers"].contains(name), "{name}");
    }
}

#[tokio::test]
async fn a_long_list_of_headers_is_cut() {
    let service = Service::start().await;
    let requested = vec!["x-header"; 20_000].join(",");
    let preflight = service.call("OPTIONS", collection()).header("Access-Control-Request-Headers", &requested);
    let allowed = preflight.send().await.headers["access-control-allow-headers"].clone();
    assert!(allowed.starts_with("x-header, x-header") && allowed.ends_with("x-header") && allowed.len() <= 4096);
}
