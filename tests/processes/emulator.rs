//! AWS's Runtime Interface Emulator, which runs the function as Lambda does.
#![cfg(target_os = "linux")]

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::{
    contract,
    fixture::{collection, new},
    process::{Process, free_port},
    tools::{new_directory, tool},
};

impl Process {
    /// The Runtime Interface Emulator with this package's local build.
    pub fn emulator(directory: &Path, log: &str, variables: &[(&str, &str)]) -> Self {
        Self::function(env!("CARGO_BIN_EXE_movies"), directory, log, variables)
    }

    /// The Runtime Interface Emulator with a function's binary.
    pub fn function(binary: &str, directory: &Path, log: &str, variables: &[(&str, &str)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(tool("AWS_LAMBDA_RIE"));
        command
            .args(["--runtime-interface-emulator-address", &address])
            .args(["--runtime-api-address", &format!("127.0.0.1:{}", free_port())])
            .arg(binary)
            .env("LOCAL_STORE_DIR", directory)
            .envs(variables.iter().copied());
        let emulator = Self::start(command, address, &directory.join(log));
        emulator.wait_until_it_listens();
        emulator
    }

    /// Sends an event to the function, and returns its reply.
    pub fn invoke(&self, event: &[u8]) -> Value {
        let text = String::from_utf8_lossy(event);
        let path = "/2015-03-31/functions/function/invocations";
        let response = self.exchange("POST", path, &[], &text).expect("the emulator responds");
        assert_eq!(response.status, 200, "{response:?}");
        let reply = response.json();
        let event: Value = serde_json::from_slice(event).unwrap_or_default();
        if let (Some(method), Some(path)) = (event["httpMethod"].as_str(), event["path"].as_str()) {
            let headers = reply["headers"].as_object().unwrap().iter();
            let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
            let (status, body) = (reply["statusCode"].as_u64().unwrap(), reply["body"].as_str().unwrap_or_default());
            let path = percent_decode_str(path).decode_utf8().unwrap();
            contract::check(method, &path, status, &headers, body.as_bytes());
        }
        reply
    }

    /// Sends the event of a request, and returns the response's status.
    pub fn status(&self, event: &Value) -> u64 {
        self.invoke(event.to_string().as_bytes())["statusCode"].as_u64().unwrap()
    }
}

/// The event of a POST with the new movie of this number.
pub fn create(n: usize) -> Value {
    json!({"httpMethod": "POST", "path": collection(), "body": new(n).body.to_string()})
}

/// The event of a GET.
pub fn get(path: &str) -> Value {
    json!({"httpMethod": "GET", "path": path})
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn the_runtime_never_reports_an_error() {
    let directory = new_directory();
    let emulator = Process::emulator(&directory, "emulator.log", &[]);
    assert_eq!(emulator.status(&get(collection())), 200);
    for (name, event) in [
        ("nothing", &b""[..]),
        ("text", b"garbage{"),
        ("null", b"null"),
        ("an array", b"[1]"),
        ("an empty object", b"{}"),
        ("two objects", b"{} {}"),
        ("cut off", "{\"path\":\"\u{fffd}".as_bytes()),
        ("nested deeply", &b"[".repeat(100_000)),
    ] {
        assert_eq!(emulator.invoke(event)["statusCode"], 400, "{name}");
    }
    assert_eq!(emulator.status(&create(1)), 200);
    assert_eq!(emulator.status(&create(1)), 409);
    let log = fs::read_to_string(directory.join("emulator.log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("status: error"), "{log}");
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn a_store_that_is_away_is_503_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for (name, address) in
        [("closed", format!("127.0.0.1:{}", free_port())), ("silent", silent.local_addr().unwrap().to_string())]
    {
        let endpoint = format!("http://{address}");
        let emulator = Process::emulator(&new_directory(), "away.log", &[("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)]);
        for path in [collection(), "/health"] {
            // The first invocation also waits for the start.
            emulator.invoke(b"{}");
            let start = Instant::now();
            let reply = emulator.invoke(get(path).to_string().as_bytes());
            let told = (&reply["statusCode"], &reply["headers"]["retry-after"]);
            assert_eq!(told, (&json!(503), &json!("1")), "{name}, {path}: {reply}");
            assert!(start.elapsed() < Duration::from_secs(5), "{name}, {path} took {:?}", start.elapsed());
        }
    }
}
