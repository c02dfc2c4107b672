//! Swagger UI through every front door, compressed and not, and turned off.

use serde_json::json;

use crate::support::{EventSource, Service, send_event};

const FILES: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];

fn path_of(file: &str) -> String {
    format!("/swagger-ui/{}/{file}", include_str!("../../src/swagger_ui/swagger-ui-dist/VERSION").trim())
}

#[tokio::test]
async fn the_page_is_strict_about_what_it_loads() {
    let service = Service::start().await;
    for door in EventSource::ALL {
        let page = service.call_through(door, "GET", "/").send().await;
        assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
        let policy = &page.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        for file in FILES {
            assert!(
                page.body.contains(&format!("\"{}\"", path_of(file).trim_start_matches('/'))),
                "{file} is in {}",
                page.body
            );
        }
        let again = service.call_through(door, "GET", "/").header("If-None-Match", page.etag()).send().await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        assert!(page.body.contains("<base href=\"./\">"), "{door:?}: {}", page.body);
    }
}

#[tokio::test]
async fn a_stages_root_answers_with_and_without_its_slash() {
    let service = Service::start().await;
    for (path, base) in [("/prod", "./prod/"), ("/prod/", "./")] {
        let event = json!({"resource": "/", "httpMethod": "GET", "path": "/", "requestContext": {"path": path}});
        let page = send_event(&service.app, event.to_string().as_bytes()).await;
        assert!(page.body.contains(&format!("<base href=\"{base}\">")), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn files_are_compressed_only_for_who_takes_it() {
    let service = Service::start().await;
    for door in EventSource::ALL {
        for file in FILES {
            let call = || service.call_through(door, "GET", &path_of(file));
            let packed = call().header("Accept-Encoding", "br, gzip").send().await;
            assert_eq!((packed.status, packed.headers["content-encoding"].as_str()), (200, "gzip"), "{file}");
            assert_eq!(packed.reply["isBase64Encoded"], true);
            assert_eq!(packed.bytes[..2], [0x1f, 0x8b]);
            let plain = call().send().await;
            assert_eq!((plain.status, plain.headers.get("content-encoding")), (200, None), "{file}");
            assert!(plain.bytes.len() > 500 && plain.bytes[..2] != [0x1f, 0x8b]);
            assert_ne!(plain.etag(), packed.etag());
            for answer in [&packed, &plain] {
                assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable");
                assert_eq!(answer.headers["vary"], "Accept-Encoding");
            }
            let known = call().header("If-None-Match", plain.etag()).send().await;
            assert_eq!((known.status, known.bytes.len()), (304, 0));
            let head = service.call_through(door, "HEAD", &path_of(file)).send().await;
            assert_eq!((head.status, &head.headers["content-length"]), (200, &plain.bytes.len().to_string()));
        }
    }
}

#[tokio::test]
async fn a_file_for_listed_origins_varies_by_both() {
    let mut service = Service::start().await;
    service.app.config.cors_allow_origins = vec!["https://a.org".to_owned()];
    for door in EventSource::ALL {
        let answer = service.call_through(door, "GET", &path_of("swagger-ui.css")).send().await;
        assert_eq!(answer.headers["vary"], "Accept-Encoding, Origin", "{door:?}");
    }
}

#[tokio::test]
async fn other_versions_and_files_are_not_there() {
    let service = Service::start().await;
    for path in ["/swagger-ui/1.0.0/swagger-ui.css", "/swagger-ui/", &path_of("VERSION"), &path_of("")] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
    assert_eq!(service.call("POST", "/").send().await.headers["allow"], "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let mut service = Service::seeded().await;
    service.app.config.swagger_ui = false;
    for path in ["/", &path_of("swagger-ui.css")] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(service.call(method, path).send().await.status, 404, "{method} {path}");
        }
    }
    assert_eq!(service.get("/swagger.json").await.status, 200);
    assert_eq!(service.get("/ns_movies/").await.status, 200);
}
