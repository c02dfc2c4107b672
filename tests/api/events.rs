//! The sample events: each has the format of its event source, and its outcome shows what its name says.

use std::{collections::BTreeMap, fs, path::Path};

use lambda_http::request::LambdaRequest;
use movies::local;
use serde_json::Value;

use crate::support::{Service, send_event};

/// File and status. If the service missed what the name says, the status would be another one. For example, a stage that
/// stays in the path leads to 404, and the last value of a repeated parameter alone to 200.
const OUTCOMES: &[(&str, u64)] = &[
    ("alb-encoded-query", 200),
    ("alb-head", 200),
    ("alb-health-check", 200),
    ("alb-list", 200),
    ("alb-multi-list", 200),
    ("alb-multi-several-values", 400),
    ("http-decoded-path", 200),
    ("http-list", 200),
    ("http-several-values", 400),
    ("http-stage", 200),
    ("http-v1-list", 200),
    ("http-v1-stage", 200),
    ("rest-base64", 200),
    ("rest-encoded-path", 200),
    ("rest-list", 200),
    ("rest-several-values", 400),
    ("url-encoded-path", 200),
    ("url-list", 200),
    ("warm-up", 400),
];

fn samples() -> BTreeMap<String, Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[tokio::test]
async fn every_sample_has_its_outcome_with_the_sample_data() {
    let samples = samples();
    let names: Vec<_> = OUTCOMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(samples.keys().map(String::as_str).collect::<Vec<_>>(), names);
    let service = Service::start().await;
    for movie in local::parse_seed(include_bytes!("../../seed/movies.json")).unwrap() {
        service.put(movie).await;
    }
    for (name, status) in OUTCOMES {
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
            Ok(LambdaRequest::Alb(event)) if event.multi_value_headers.is_empty() => "alb-",
            Ok(LambdaRequest::Alb(_)) => "alb-multi-",
            _ => "warm-up",
        };
        let kinds = ["alb-multi-", "alb-", "http-v1-", "http-", "rest-", "url-", "warm-up"];
        assert_eq!(kinds.into_iter().find(|kind| name.starts_with(kind)), Some(kind), "{name}");
    }
}
