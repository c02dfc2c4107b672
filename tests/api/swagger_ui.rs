//! Swagger UI: the page, its files as gzip, and turned off. `headers.rs` checks their headers.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::support::{EventFormat, Service, collection};

const FILES: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];

pub fn path_of(file: &str) -> String {
    format!("/swagger-ui/{}/{file}", include_str!("../../src/swagger_ui/swagger-ui-dist/VERSION").trim())
}

#[tokio::test]
async fn the_page_loads_gzip_files_that_are_small_enough_for_a_load_balancer() {
    let service = Service::start().await;
    let page = service.get("/").await.body;
    for file in FILES {
        let path = path_of(file);
        assert!(page.contains(&format!("\"{}\"", path.trim_start_matches('/'))), "{file} is in {page}");
        let call = |method| service.call_through(EventFormat::Alb, method, &path);
        let get = call("GET").header("Accept-Encoding", "identity").send().await;
        let bytes = BASE64_STANDARD.decode(&get.body).unwrap();
        assert_eq!((get.status, &get.reply["isBase64Encoded"], &bytes[..2]), (200, &true.into(), &[0x1f, 0x8b][..]));
        assert!(get.reply.to_string().len() < 1_000_000, "{file}: a load balancer accepts 1 MB");
        let head = call("HEAD").send().await;
        assert_eq!(head.headers["content-length"], bytes.len().to_string(), "{file}");
    }
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
