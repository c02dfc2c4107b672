//! The artifact of `sam build`, under the Runtime Interface Emulator. It reaches DynamoDB over TLS, and its credentials
//! are in the environment. `make artifact` runs these tests.
#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, fs, net::SocketAddr, path::Path, process::Command};

use serde_json::{Value, json};
use url::Url;

use crate::{
    fixture::{change, collection, new},
    process::Process,
    tls_proxy::TlsProxy,
    tools::{new_directory, project, succeeds, tool},
};

/// The artifact, and the processes that it needs.
struct Deployed {
    function: Process,
    proxy: TlsProxy,
    /// A local build, which serves the store and has created the tables.
    store: Process,
    /// The store without TLS.
    store_url: String,
}

impl Deployed {
    fn start(directory: &Path, trusts_the_proxy: bool) -> Self {
        let store = Process::emulator(directory, "store.log", &[]);
        assert_eq!(store.status(&json!({"httpMethod": "GET", "path": "/health"})), 200);
        let port = fs::read_to_string(directory.join("port")).unwrap().parse().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let proxy = TlsProxy::start(address, directory);
        let bundle = if trusts_the_proxy { proxy.bundle.to_str().unwrap() } else { "" };
        let function = artifact(directory, "artifact.log", &proxy.url, bundle);
        Self { function, proxy, store, store_url: format!("http://{address}") }
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

/// The artifact, or a program that runs it on another processor. An empty bundle is none.
fn artifact(directory: &Path, log: &str, dynamodb: &str, bundle: &str) -> Process {
    let variables = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_CA_BUNDLE", bundle),
        ("TABLE_NAME", "movies"),
        ("IDEMPOTENCY_TABLE_NAME", "movies-keys"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDARTIFACT"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "session-token"),
    ];
    Process::function(&tool("ARTIFACT"), directory, log, &variables)
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
        ("stale", "PUT", own, &json!({"If-Match": "\"stale\""}), &change(), 412),
        ("changed in a transaction", "PATCH", own, &etag, &change(), 200),
        ("replayed", "PATCH", own, &etag, &change(), 200),
        ("deleted", "DELETE", own, &none, &null, 200),
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
    assert!(!log.contains("panicked") && !log.contains("Movies: "), "{log}");
}

#[test]
#[ignore = "needs the artifact: `make artifact` has it"]
fn a_proxy_that_is_not_trusted_is_not_used() {
    let deployed = Deployed::start(&new_directory(), false);
    let (status, _, body) = deployed.call("GET", collection().trim_start_matches('/'), &json!({}), &json!(null));
    assert_eq!(status, 503, "{body}");
    assert!(deployed.proxy.heads().is_empty());
}

/// The reply to an event. Deletes what the event has created, so that the table is the same for the next function. What
/// is random keeps only its form: the request id, and the version of a created movie.
fn comparable_reply(function: &Process, event: &[u8], store: &Process) -> Value {
    let mut reply = function.reply(event);
    let form = |random: &str| random.replace(|char: char| char.is_ascii_alphanumeric() || "-_".contains(char), "x");
    if let Some(location) = reply["headers"]["location"].as_str() {
        let created = Url::parse("http://localhost").unwrap().join(collection()).unwrap().join(location).unwrap();
        assert_eq!(store.status(&json!({"httpMethod": "DELETE", "path": created.path()})), 200);
        reply["headers"]["etag"] = json!(form(reply["headers"]["etag"].as_str().unwrap()));
    }
    let body = reply["body"].as_str().unwrap_or_default().to_owned();
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    if let Some(id) = problem["request_id"].as_str() {
        reply["body"] = json!(body.replace(id, &form(id)));
    }
    reply
}

/// The local build is for this machine's processor, so under emulation this compares the replies of two processors.
#[test]
#[ignore = "needs the artifact: `make artifact` has it"]
fn it_replies_to_each_sample_as_a_local_build_does_plain_and_over_tls() {
    let directory = new_directory();
    let deployed = Deployed::start(&directory, true);
    let plain = artifact(&directory, "plain.log", &deployed.store_url, "");
    for file in fs::read_dir(project("events")).unwrap().map(|entry| entry.unwrap().path()) {
        let event = fs::read(&file).unwrap();
        let reply = |function| comparable_reply(function, &event, &deployed.store);
        let local = reply(&deployed.store);
        assert_eq!(reply(&plain), local, "{}, plain", file.display());
        assert_eq!(reply(&deployed.function), local, "{}, over TLS", file.display());
    }
}

#[test]
#[ignore = "needs the artifact: `make artifact` has it"]
fn it_needs_no_newer_glibc_than_2_30() {
    let mut readelf = Command::new("readelf");
    readelf.args(["--version-info", ".aws-sam/build/MoviesFunction/bootstrap"]).current_dir(project(""));
    let printed = succeeds(readelf.env("LC_ALL", "C"));
    let versions = printed.split("Name: GLIBC_").skip(1).map(|rest| rest.split(' ').next().unwrap());
    let versions = versions.map(|version| version.split('.').map(|number| number.parse::<u32>().unwrap()).collect());
    // Amazon Linux 2023 has 2.34.
    assert_eq!(versions.max(), Some(vec![2, 30]), "{printed}");
}
