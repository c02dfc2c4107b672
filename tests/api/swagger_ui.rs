//! Swagger UI through every event source, as gzip, and turned off.

use crate::support::{EventFormat, Service, collection};

const FILES: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];

pub fn path_of(file: &str) -> String {
    format!("/swagger-ui/{}/{file}", include_str!("../../src/swagger_ui/swagger-ui-dist/VERSION").trim())
}

#[tokio::test]
async fn the_page_is_strict_about_what_it_loads() {
    let service = Service::start().await;
    for source in EventFormat::ALL {
        let page = service.call_through(source, "GET", "/").send().await;
        assert_eq!(page.status, 200, "{source:?}");
        let policy = &page.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for file in FILES {
            let link = format!("\"{}\"", path_of(file).trim_start_matches('/'));
            assert!(page.body.contains(&link), "{file} is in {}", page.body);
        }
    }
}

#[tokio::test]
async fn files_are_gzip_whatever_the_client_accepts() {
    let mut service = Service::start().await;
    let encodings = [None, Some("br, gzip"), Some("gzip;q=0"), Some("identity"), Some("")];
    for (source, accepted) in EventFormat::ALL.into_iter().zip(encodings.into_iter().cycle()) {
        for file in FILES {
            let path = path_of(file);
            let call = |method| {
                let call = service.call_through(source, method, &path);
                accepted.iter().fold(call, |call, accepted| call.header("Accept-Encoding", accepted))
            };
            let row = format!("{source:?}, {file}, {accepted:?}");
            let (get, head) = (call("GET").send().await, call("HEAD").send().await);
            assert_eq!((get.status, head.status, get.headers.get("vary")), (200, 200, None), "{row}");
            assert_eq!(head.headers["content-length"], get.bytes.len().to_string(), "{row}");
            assert_eq!(
                (get.headers["content-encoding"].as_str(), &get.bytes[..2]),
                ("gzip", &[0x1f, 0x8b][..]),
                "{row}"
            );
            assert_eq!(get.reply["isBase64Encoded"], true, "{row}");
            assert!(get.reply.to_string().len() < 1_000_000, "{row}: a load balancer accepts 1 MB");
        }
    }
    service.app.set("CORS_ALLOW_ORIGINS", "https://a.org");
    assert_eq!(service.get(&path_of(FILES[1])).await.headers["vary"], "Origin");
}

#[tokio::test]
async fn other_versions_and_files_are_not_there() {
    let service = Service::start().await;
    for path in ["/swagger-ui/1.0.0/swagger-ui.css", "/swagger-ui/", &path_of("VERSION"), &path_of("")] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let mut service = Service::seeded().await;
    service.app.set("SWAGGER_UI", "off");
    for path in ["/", &path_of("swagger-ui.css")] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(service.call(method, path).send().await.status, 404, "{method} {path}");
        }
    }
    assert_eq!(service.get("/swagger.json").await.status, 200);
    assert_eq!(service.get(collection()).await.status, 200);
}
