//! Swagger UI, served by the function itself: a page at `/` and the vendored files that it loads.
//!
//! The files come from the npm package `swagger-ui-dist`. `swagger_ui/refresh.py` vendors it. The files are
//! embedded and sent as gzip, because otherwise the bundle exceeds a load balancer's 1 MB. The page shows the document
//! `openapi.json`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lambda_http::{
    Body, Response,
    http::{HeaderValue, header},
};
use sha2::{Digest as _, Sha256};

const VERSION: &str = include_str!("swagger_ui/swagger-ui-dist/VERSION").trim_ascii();
const PAGE: &str = include_str!("swagger_ui/index.html");
const SCRIPT: &str = include_str!("swagger_ui/start.js");
const STYLE: &str = include_str!("swagger_ui/narrow.css");

/// A file that the page loads.
#[derive(Debug, Eq, PartialEq)]
pub struct SwaggerUiFile {
    name: &'static str,
    media_type: &'static str,
    gzip: &'static [u8],
}

const FILES: [SwaggerUiFile; 3] = [
    SwaggerUiFile {
        name: "swagger-ui-bundle.js",
        media_type: "text/javascript; charset=utf-8",
        gzip: include_bytes!("swagger_ui/swagger-ui-dist/swagger-ui-bundle.js.gz"),
    },
    SwaggerUiFile {
        name: "swagger-ui.css",
        media_type: "text/css; charset=utf-8",
        gzip: include_bytes!("swagger_ui/swagger-ui-dist/swagger-ui.css.gz"),
    },
    SwaggerUiFile {
        name: "favicon-32x32.png",
        media_type: "image/png",
        gzip: include_bytes!("swagger_ui/swagger-ui-dist/favicon-32x32.png.gz"),
    },
];

/// Whether `path` is the path of the page or of one of its files.
#[must_use]
pub fn owns(path: &str) -> bool {
    path == "/" || SwaggerUiFile::at(path).is_some()
}

/// The page. `url_path` is the percent-encoded path in the client's URL.
///
/// The page works below any path of a gateway or proxy, because its URLs are relative. The root of a stage also works
/// without a slash at its end, because `<base>` then names the folder. The policy (CSP level 3) allows only the page's
/// own origin, and only the page's inline script and style, by their hashes. Images can be data URLs, because Swagger
/// UI's icons are.
#[must_use]
pub fn page(url_path: &str) -> Response<Body> {
    let base = match url_path.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => format!("./{}", last.replace('&', "&amp;")),
        _ => ".".to_owned(),
    };
    let page = PAGE.replace("{version}", VERSION).replace("{script}", SCRIPT).replace("{style}", STYLE);
    let page = page.replace("{base}", &base);
    let hash = |inline: &str| BASE64_STANDARD.encode(Sha256::digest(inline));
    let policy = format!(
        "default-src 'none'; script-src 'self' 'sha256-{}'; style-src 'self' 'sha256-{}'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let mut response = Response::new(Body::Text(page));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Base64 is visible ASCII.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

impl SwaggerUiFile {
    /// The file at a path. The path contains the version, so that a browser can cache the file permanently.
    #[must_use]
    pub fn at(path: &str) -> Option<&'static Self> {
        let (version, name) = path.strip_prefix("/swagger-ui/")?.split_once('/')?;
        FILES.iter().find(|file| version == VERSION && file.name == name)
    }

    /// The file, compressed.
    #[must_use]
    pub fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::Binary(self.gzip.to_vec()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn every_file_is_whole() {
        for file in &FILES {
            let mut content = Vec::new();
            GzDecoder::new(file.gzip).read_to_end(&mut content).unwrap();
            assert!(content.len() > file.gzip.len() / 2, "{}", file.name);
        }
    }

    #[test]
    fn the_page_loads_nothing_from_other_hosts() {
        assert!(SCRIPT.contains("validatorUrl: null"));
        let page = String::from_utf8(page("/").body().as_ref().to_vec()).unwrap();
        assert!(!page.contains("//cdn") && !page.contains("https:"), "{page}");
    }

    #[test]
    fn its_urls_are_relative_to_the_folder_of_the_api() {
        for (path, base) in [
            ("/", "./"),
            ("/prod/", "./"),
            ("/prod", "./prod/"),
            ("/base/prod", "./prod/"),
            ("/a&b%22", "./a&amp;b%22/"),
            ("/c:d", "./c:d/"),
            ("", "./"),
        ] {
            let page = String::from_utf8(page(path).body().as_ref().to_vec()).unwrap();
            assert!(page.contains(&format!("<base href=\"{base}\">")), "{path}: {page}");
        }
    }
}
