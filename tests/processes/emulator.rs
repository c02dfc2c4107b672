//! AWS's Runtime Interface Emulator, which runs the function as Lambda does.
#![cfg(target_os = "linux")]

use std::{fs, path::Path, process::Command};

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
    pub fn reply(&self, event: &[u8]) -> Value {
        let text = String::from_utf8_lossy(event);
        let path = "/2015-03-31/functions/function/invocations";
        let response = self.exchange("POST", path, &[], &text).expect("the emulator responds");
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    /// The same, and compares the reply to a REST API's event with the OpenAPI document.
    pub fn invoke(&self, event: &[u8]) -> Value {
        let reply = self.reply(event);
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

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn the_runtime_never_reports_an_error() {
    let directory = new_directory();
    let emulator = Process::emulator(&directory, "emulator.log", &[]);
    for event in [&b""[..], b"garbage{", b"{} {}", &b"[".repeat(100_000)] {
        assert_eq!(emulator.invoke(event)["statusCode"], 400, "{:.20}", String::from_utf8_lossy(event));
    }
    assert_eq!(emulator.status(&create(1)), 200);
    let log = fs::read_to_string(directory.join("emulator.log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("status: error"), "{log}");
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn a_function_whose_store_is_away_starts_and_responds_with_503() {
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let emulator = Process::emulator(&new_directory(), "away.log", &[("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)]);
    assert_eq!(emulator.status(&json!({"httpMethod": "GET", "path": "/health"})), 503);
}
