//! Swagger UI, served by the function itself: a page at `/` and the vendored files that it loads.
//!
//! The files are those of the npm package `swagger-ui-dist`, pinned and vendored by `swagger_ui/refresh.py`, embedded as
//! gzip and sent so to whoever takes that. Embedded data costs nothing until it is asked for. What the page shows is
//! [`crate::openapi`]'s.

use std::{io::Read as _, str};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use flate2::read::GzDecoder;
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
pub struct Asset {
    name: &'static str,
    media_type: &'static str,
    gzip: &'static [u8],
}

const ASSETS: [Asset; 3] = [
    Asset {
        name: "swagger-ui-bundle.js",
        media_type: "text/javascript; charset=utf-8",
        gzip: include_bytes!("swagger_ui/swagger-ui-dist/swagger-ui-bundle.js.gz"),
    },
    Asset {
        name: "swagger-ui.css",
        media_type: "text/css; charset=utf-8",
        gzip: include_bytes!("swagger_ui/swagger-ui-dist/swagger-ui.css.gz"),
    },
    Asset {
        name: "favicon-32x32.png",
        media_type: "image/png",
        gzip: include_bytes!("swagger_ui/swagger-ui-dist/favicon-32x32.png.gz"),
    },
];

/// Whether the page or a file of it is at `path`.
#[must_use]
pub fn owns(path: &str) -> bool {
    path == "/" || Asset::at(path).is_some()
}

/// The page, for a browser that knows the service's own paths to be below `base`.
///
/// Its URLs are relative: to `base` where a front door tells one, since a stage answers without a slash at its end too,
/// and else to the page itself, so that a proxy may put it anywhere. The policy (CSP level 3) allows this origin alone,
/// and of inline scripts and styles only the page's own, by their hashes; images may be data, as Swagger UI's icons are.
#[must_use]
pub fn page(base: &str) -> Response<Body> {
    let base = if base.is_empty() { "." } else { base };
    let page = PAGE.replace("{version}", VERSION).replace("{script}", SCRIPT).replace("{style}", STYLE);
    let page = page.replace("{base}", &base.replace('&', "&amp;"));
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

impl Asset {
    /// The file at a path: its version is in it, so that a browser may keep it for good.
    #[must_use]
    pub fn at(path: &str) -> Option<&'static Self> {
        let (version, name) = path.strip_prefix("/swagger-ui/")?.split_once('/')?;
        ASSETS.iter().find(|asset| version == VERSION && asset.name == name)
    }

    /// The names of all files, and their version.
    #[cfg(feature = "local")]
    pub(crate) fn names() -> ([&'static str; 3], &'static str) {
        (ASSETS.each_ref().map(|asset| asset.name), VERSION)
    }

    /// A strong validator; compressed or not, a representation has its own (RFC 9110 §8.8.3.3).
    #[must_use]
    pub fn etag(accepts_gzip: bool) -> String {
        format!("{VERSION}{}", if accepts_gzip { "-gzip" } else { "" })
    }

    /// The file, as gzip or as it was.
    #[must_use]
    pub fn response(&self, accepts_gzip: bool) -> Response<Body> {
        let mut response = Response::new(Body::Binary(self.gzip.to_vec()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if accepts_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        } else {
            let mut content = Vec::new();
            // Embedded data is whole: what a test has unpacked once cannot fail later.
            let _ = GzDecoder::new(self.gzip).read_to_end(&mut content);
            *response.body_mut() =
                String::from_utf8(content).map_or_else(|not_text| Body::Binary(not_text.into_bytes()), Body::Text);
        }
        response
    }
}

/// Whether an `Accept-Encoding` header takes gzip (RFC 9110 §12.5.3).
#[must_use]
pub fn accepts_gzip(accept_encoding: &str) -> bool {
    let weight = |coding: &str| {
        accept_encoding.split(',').find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            parts.next().filter(|name| name.eq_ignore_ascii_case(coding))?;
            let quality = parts.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
            Some(quality.map_or(1.0, |quality| quality.parse::<f32>().unwrap_or(0.0)))
        })
    };
    weight("gzip").or_else(|| weight("x-gzip")).or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_where_it_is_taken() {
        for yes in ["gzip", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "*", "gzip ; q=0.1", "br, x-gzip"] {
            assert!(accepts_gzip(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "br", "gzip; q=0.000, *", "*;q=0", "gzip;q=x", "gzipped"] {
            assert!(!accepts_gzip(no), "{no}");
        }
    }

    #[test]
    fn every_file_is_unpacked_as_it_was() {
        for asset in &ASSETS {
            let response = asset.response(false);
            let head = response.body().as_ref();
            // The last four bytes of a gzip file are the size before compression (RFC 1952 §2.3.1).
            let size = u32::from_le_bytes(asset.gzip[asset.gzip.len() - 4..].try_into().unwrap());
            assert_eq!(head.len(), size as usize, "{}", asset.name);
        }
    }

    #[test]
    fn the_page_asks_no_other_host() {
        assert!(SCRIPT.contains("validatorUrl: null"));
        let page = String::from_utf8(page("/prod").body().as_ref().to_vec()).unwrap();
        assert!(!page.contains("//cdn") && !page.contains("https:"), "{page}");
        assert!(page.contains(r#"<base href="/prod/">"#), "{page}");
    }
}
