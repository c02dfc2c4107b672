//! The local store: copies of the function share one file, and `AWS_ENDPOINT_URL_DYNAMODB` selects another store.
#![cfg(target_os = "linux")]

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{emulator::create, fixture::collection, process::Process, tools::new_directory};

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn copies_of_the_function_share_one_store_and_another_dynamodb_can_be_named() {
    let (directory, elsewhere) = (new_directory(), new_directory());
    let one = Process::emulator(&directory, "one.log", &[]);
    assert_eq!(one.status(&create(1)), 200);
    let other = Process::emulator(&directory, "other.log", &[]);
    assert_eq!((other.status(&create(1)), other.status(&create(2))), (409, 200));
    assert_eq!((one.status(&create(2)), one.status(&create(3))), (409, 200));
    drop(one);
    assert_eq!(other.status(&create(3)), 409);

    let endpoint = format!("http://127.0.0.1:{}", fs::read_to_string(directory.join("port")).unwrap());
    let named = |table| [("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()), ("TABLE_NAME", table)];
    let own = [("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own"), ("AWS_REGION", "")];
    let same = Process::emulator(&elsewhere, "same.log", &[&named("movies")[..], &own].concat());
    assert_eq!(same.status(&create(1)), 409);
    // A table that does not exist is created and seeded.
    let new = Process::emulator(&elsewhere, "new.log", &named("others"));
    assert_eq!(new.status(&create(1)), 200);
    let list = new.invoke(json!({"httpMethod": "GET", "path": collection()}).to_string().as_bytes());
    let list: Value = serde_json::from_str(list["body"].as_str().unwrap()).unwrap();
    assert!(list.as_object().unwrap().len() > 1, "{list}");
    assert!(!elsewhere.join("movies.db").exists());
}

#[test]
fn a_dynamodb_on_another_machine_needs_credentials_and_a_region() {
    let [id, key] = [("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own")];
    for (variables, problem) in [
        (&[][..], "no credentials: run eval \"$(aws configure export-credentials --format env)\" first; "),
        (&[id, ("AWS_SECRET_ACCESS_KEY", "")], "no credentials: "),
        (&[id, key], "no region; "),
    ] {
        let mut function = Command::new(env!("CARGO_BIN_EXE_movies"));
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            function.env_remove(name);
        }
        function
            .env("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.eu-west-1.amazonaws.com")
            .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
            .envs(variables.iter().copied());
        let output = function.output().unwrap();
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success() && log.contains(problem), "{variables:?}: {log}");
    }
}
