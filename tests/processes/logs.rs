//! The lines and metrics that the function logs under Lambda.
#![cfg(target_os = "linux")]

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    fixture::{collection, new},
    process::Process,
    tools::new_directory,
};

/// The lines that the function logs at `level` for six requests that contain a secret, and for an event that is not a
/// request.
fn lines(directory: &Path, level: &str) -> Vec<Value> {
    let log = format!("{level}.log");
    let variables = [
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", level),
        ("AWS_LAMBDA_FUNCTION_NAME", "movies-test"),
    ];
    let emulator = Process::emulator(directory, &log, &variables);
    let new = new(1);
    let body = new.body.to_string().replace("example.org", "s3cret.org");
    assert!(body.contains("s3cret"), "{body}");
    for (method, path) in [
        ("GET", collection()),
        ("POST", collection()),
        ("POST", collection()),
        ("GET", &new.path),
        ("GET", "/elsewhere"),
        ("DELETE", &new.path),
    ] {
        let headers = json!({"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "Cookie": "s3cret"});
        let query = json!({"token": ["s3cret"]});
        let event = json!({
            "httpMethod": method, "path": path, "headers": headers, "multiValueQueryStringParameters": query,
            "body": if method == "POST" { body.as_str() } else { "" },
        });
        emulator.invoke(event.to_string().as_bytes());
    }
    emulator.invoke(b"{}");
    // The log is read before the emulator ends, because a function that still waits for an event logs that as an error.
    let log = fs::read_to_string(directory.join(log)).unwrap();
    // The lines of the emulator itself are not JSON objects.
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let lines = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    lines.inspect(|line: &Value| assert!(!line.to_string().contains("s3cret"), "{line}")).collect()
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn every_line_is_json_and_contains_no_secret() {
    let directory = new_directory();
    let all = lines(&directory, "DEBUG");
    let requests: Vec<_> = all.iter().filter(|line| line.get("route").is_some()).collect();
    let told: Vec<_> =
        requests.iter().map(|line| (line["route"].as_str().unwrap(), line["status"].as_u64().unwrap())).collect();
    let expected =
        [("list", 200), ("create", 200), ("create", 409), ("read", 200), ("none", 404), ("delete", 200), ("none", 400)];
    assert_eq!(told, expected);
    for (at, line) in requests.iter().enumerate() {
        assert_eq!((&line["Function"], &line["cold_start"]), (&json!("movies-test"), &json!(at == 0)), "{line}");
        let asks = line["route"] != "none";
        assert!(line["duration_ms"].as_f64().is_some_and(|duration| !asks || duration > 0.0), "{line}");
        assert_eq!(line["attempts"], json!(u32::from(asks)), "{line}");
        assert_eq!(line["dynamodb_ms"].as_f64().map(|milliseconds| milliseconds > 0.0), Some(asks), "{line}");
        let location = if at == 1 { json!(format!("..{}", new(1).path)) } else { json!(null) };
        assert_eq!(line["location"], location, "{line}");
    }
    assert!(all.iter().all(|line| line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z'))), "{all:?}");
    let is_of_a_request = |line: &&Value| line["request_id"].as_str().is_some_and(|id| id.len() == 36);
    assert!(requests.iter().all(is_of_a_request), "{requests:?}");
    assert!(all.iter().filter(|line| line["level"] == "DEBUG").any(|line| is_of_a_request(&line)), "{all:?}");
    // A conflict is not a warning.
    assert_eq!(lines(&directory, "WARN"), [json!(null); 0]);
}
