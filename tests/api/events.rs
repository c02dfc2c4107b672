//! The sample events: each has the format of its event source, and the outcome that its name says.

use std::{collections::BTreeMap, fs, path::Path};

use lambda_http::request::LambdaRequest;
use serde_json::Value;

use crate::support::{Service, send_event};

/// File and status. Each event is sent to a service with the tutorial's two movies.
const OUTCOMES: &[(&str, u64)] = &[
    ("alb-create", 200),
    ("alb-create-slash", 200),
    ("alb-list", 200),
    ("alb-multi-create", 200),
    ("alb-multi-create-slash", 200),
    ("alb-multi-list", 200),
    ("alb-multi-read", 200),
    ("alb-multi-read-missing", 404),
    ("alb-multi-read-slash-missing", 404),
    ("alb-read", 200),
    ("alb-read-missing", 404),
    ("alb-read-slash-missing", 404),
    ("http-create", 200),
    ("http-create-slash", 200),
    ("http-list", 200),
    ("http-read", 200),
    ("http-read-missing", 404),
    ("http-read-slash-missing", 404),
    ("http-v1-create", 200),
    ("http-v1-create-slash", 200),
    ("http-v1-delete-stage", 200),
    ("http-v1-list", 200),
    ("http-v1-list-custom-domain", 200),
    ("http-v1-list-limit", 200),
    ("http-v1-read", 200),
    ("http-v1-read-missing", 404),
    ("http-v1-read-route", 200),
    ("http-v1-read-slash-missing", 404),
    ("http-v1-read-stage", 200),
    ("not-http", 400),
    ("rest-create", 200),
    ("rest-create-array", 400),
    ("rest-create-bad-base64", 400),
    ("rest-create-base64", 200),
    ("rest-create-exists", 409),
    ("rest-create-gzip", 415),
    ("rest-create-invalid", 400),
    ("rest-create-malformed", 400),
    ("rest-create-no-body", 400),
    ("rest-create-slash", 200),
    ("rest-create-wrong-type", 415),
    ("rest-delete", 200),
    ("rest-delete-missing", 404),
    ("rest-delete-stale", 412),
    ("rest-document", 200),
    ("rest-head", 200),
    ("rest-head-missing", 404),
    ("rest-health", 200),
    ("rest-list", 200),
    ("rest-list-bad-cursor", 400),
    ("rest-list-bad-limit", 400),
    ("rest-list-bad-year", 400),
    ("rest-list-limit", 200),
    ("rest-list-not-modified", 304),
    ("rest-list-year", 200),
    ("rest-method-not-allowed", 405),
    ("rest-not-found", 404),
    ("rest-options", 204),
    ("rest-page", 200),
    ("rest-page-style", 200),
    ("rest-patch", 200),
    ("rest-patch-null", 400),
    ("rest-read", 200),
    ("rest-read-missing", 404),
    ("rest-read-not-modified", 304),
    ("rest-read-slash-missing", 404),
    ("rest-rename", 200),
    ("rest-rename-taken", 409),
    ("rest-update", 200),
    ("rest-update-empty", 400),
    ("rest-update-invalid", 400),
    ("rest-update-missing", 404),
    ("rest-update-stale", 412),
    ("url-create", 200),
    ("url-create-slash", 200),
    ("url-list", 200),
    ("url-read", 200),
    ("url-read-missing", 404),
    ("url-read-slash-missing", 404),
];

fn samples() -> BTreeMap<String, Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[tokio::test]
async fn every_sample_has_its_outcome() {
    let samples = samples();
    let names: Vec<_> = OUTCOMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(samples.keys().map(String::as_str).collect::<Vec<_>>(), names);
    for (name, status) in OUTCOMES {
        let service = Service::seeded().await;
        let response = send_event(&service.app, &samples[*name]).await;
        assert_eq!(response.status, *status, "{name}: {response:?}");
    }
}

#[test]
fn every_sample_is_the_event_that_its_name_says() {
    for (name, json) in samples() {
        let kind = match serde_json::from_slice::<LambdaRequest>(&json) {
            Ok(LambdaRequest::ApiGatewayV1(_)) => {
                let event: Value = serde_json::from_slice(&json).unwrap();
                if event["version"] == "1.0" { "http-v1-" } else { "rest-" }
            }
            Ok(LambdaRequest::ApiGatewayV2(event)) => {
                let domain = event.request_context.domain_name.unwrap_or_default();
                if domain.contains(".lambda-url.") { "url-" } else { "http-" }
            }
            Ok(LambdaRequest::Alb(event)) => {
                if event.multi_value_headers.is_empty() {
                    "alb-"
                } else {
                    "alb-multi-"
                }
            }
            _ => "not-http",
        };
        assert!(name.starts_with(kind), "{name} is {kind}");
    }
}
