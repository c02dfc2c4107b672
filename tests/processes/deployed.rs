//! The artifact of `sam build`, under the Runtime Interface Emulator. It reaches DynamoDB over TLS, its credentials are
//! in the environment, and its events are those of a REST API's stage. `make artifact` runs these tests.
#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, fs, net::SocketAddr, path::Path};

use serde_json::{Value, json};
use url::Url;

use crate::{
    fixture::{change, collection, invalid, new},
    process::Process,
    tls_proxy::TlsProxy,
    tools::{new_directory, tool},
};

/// The artifact, and the processes that it needs.
struct Deployed {
    function: Process,
    proxy: TlsProxy,
    /// A local build, which serves the store and has created the table.
    _store: Process,
}

impl Deployed {
    fn start(directory: &Path, trusts_the_proxy: bool) -> Self {
        let store = Process::emulator(directory, "store.log", &[]);
        assert_eq!(store.status(&json!({"httpMethod": "GET", "path": "/health"})), 200);
        let port = fs::read_to_string(directory.join("port")).unwrap().parse().unwrap();
        let proxy = TlsProxy::start(SocketAddr::from(([127, 0, 0, 1], port)), directory);
        let mut variables = vec![
            ("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.as_str()),
            ("TABLE_NAME", "movies"),
            ("IDEMPOTENCY_TABLE_NAME", "movies-keys"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDARTIFACT"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "session-token"),
        ];
        if trusts_the_proxy {
            variables.push(("AWS_CA_BUNDLE", proxy.bundle.to_str().unwrap()));
        }
        let function = Process::function(&tool("ARTIFACT"), directory, "artifact.log", &variables);
        Self { function, proxy, _store: store }
    }

    /// Sends a request to the stage `prod`. Returns the status, headers and body.
    fn call(&self, method: &str, url: &str, headers: &Value, body: &Value) -> (u64, Value, Value) {
        let url = Url::parse("https://x1.execute-api.eu-west-1.amazonaws.com/prod/").unwrap().join(url).unwrap();
        let path = url.path().strip_prefix("/prod").expect("the stage");
        let query: Value = url.query_pairs().map(|(name, value)| (name, json!([value]))).collect();
        let event = json!({
            "resource": "/{proxy+}", "httpMethod": method, "path": path, "pathParameters": {"proxy": path.trim_matches('/')},
            "headers": headers, "multiValueQueryStringParameters": query,
            "requestContext": {
                "resourcePath": "/{proxy+}", "httpMethod": method, "path": url.path(), "stage": "prod",
                "domainName": url.domain(),
            },
            "body": if body.is_null() { json!(null) } else { json!(body.to_string()) }, "isBase64Encoded": false,
        });
        let reply = self.function.invoke(event.to_string().as_bytes());
        let body = reply["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        (reply["statusCode"].as_u64().unwrap(), reply["headers"].clone(), body)
    }
}

#[test]
#[ignore = "needs the artifact: `make artifact` has it"]
fn the_whole_round_goes_through_tls_under_a_stage() {
    let directory = new_directory();
    let deployed = Deployed::start(&directory, true);
    let (none, new, collection) = (json!({}), new(1), collection().trim_start_matches('/'));
    let (status, headers, created) = deployed.call("POST", collection, &none, &new.body);
    assert_eq!((status, &created), (200, &new.body), "{created}");
    let base = Url::parse("https://x1.execute-api.eu-west-1.amazonaws.com/prod/").unwrap().join(collection).unwrap();
    let own = base.join(headers["location"].as_str().unwrap()).unwrap();
    assert_eq!(own.path(), format!("/prod{}", new.path));

    let etag = json!({"If-Match": headers["etag"], "Idempotency-Key": "k"});
    let mut found = BTreeSet::new();
    let mut page = Some(base.join("?limit=1").unwrap());
    while let Some(url) = page.take() {
        let (status, headers, body) = deployed.call("GET", url.as_str(), &none, &json!(null));
        assert_eq!(status, 200, "{url}: {body}");
        found.extend(body.as_object().unwrap().keys().cloned());
        let next = headers["link"].as_str().and_then(|link| link.strip_prefix('<')?.split('>').next());
        page = next.map(|next| url.join(next).unwrap());
    }
    assert!(found.contains(&new.id) && found.len() > 2, "the sample data, and the new movie: {found:?}");
    let (own, null) = (own.as_str(), json!(null));
    for (name, method, url, headers, body, expected) in [
        ("read", "GET", own, &none, &null, 200),
        ("exists", "POST", collection, &none, &new.body, 409),
        ("stale", "PUT", own, &json!({"If-Match": "\"stale\""}), &change(), 412),
        ("invalid", "PUT", own, &none, &invalid().body, 400),
        ("changed in a transaction", "PATCH", own, &etag, &change(), 200),
        ("replayed", "PATCH", own, &etag, &change(), 200),
        ("deleted", "DELETE", own, &none, &null, 200),
        ("gone", "GET", own, &none, &null, 404),
        ("health", "GET", "health", &none, &null, 200),
        ("the page", "GET", "", &none, &null, 200),
        ("the document", "GET", "swagger.json", &none, &null, 200),
        ("elsewhere", "GET", "elsewhere", &none, &null, 404),
    ] {
        let (status, _, body) = deployed.call(method, url, headers, body);
        assert_eq!(status, expected, "{name}: {body}");
    }

    let heads = deployed.proxy.heads();
    assert!(heads.len() >= 10, "{heads:?}");
    for head in &heads {
        for part in
            ["credential=akidartifact/", "/eu-west-1/dynamodb/aws4_request", "x-amz-security-token: session-token"]
        {
            assert!(head.contains(part), "{part} is not in {head}");
        }
    }
    let log = fs::read_to_string(directory.join("artifact.log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("Movies   http"), "{log}");
}

#[test]
#[ignore = "needs the artifact: `make artifact` has it"]
fn a_proxy_that_is_not_trusted_is_not_used() {
    let deployed = Deployed::start(&new_directory(), false);
    let (status, _, body) = deployed.call("GET", collection().trim_start_matches('/'), &json!({}), &json!(null));
    assert_eq!(status, 503, "{body}");
    assert!(deployed.proxy.heads().is_empty());
}
