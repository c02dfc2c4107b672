//! `cargo lambda watch`, as the README starts it.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{
    fixture::{change, collection, new},
    process::{COMPILING, Process, free_port},
    tools::{new_directory, project, remove_variables, tool},
};

impl Process {
    /// `cargo lambda watch`, with its data and its log in `directory`.
    pub fn watch(directory: &Path, arguments: &[&str]) -> Self {
        Self::watch_package(&project(""), directory, arguments, &[])
    }

    /// The same for a package in another folder. Both use the same compiled dependencies.
    pub fn watch_package(package: &Path, directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let watch = Self::watch_anyway(package, directory, arguments, variables);
        watch.wait_until(COMPILING, || {
            watch.exchange("GET", "/health", &[], "").is_some_and(|response| response.status == 200)
        });
        watch
    }

    /// The same without waiting until the service responds.
    fn watch_anyway(package: &Path, directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let port = free_port().to_string();
        let mut command = Command::new(tool("CARGO_LAMBDA"));
        command
            .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port])
            .args(arguments)
            .current_dir(package)
            .env("CARGO_BUILD_BUILD_DIR", project("target"))
            .env("LOCAL_STORE_DIR", directory)
            .envs(variables.iter().copied());
        remove_variables(&mut command);
        Self::start(command, format!("127.0.0.1:{port}"), &directory.join("watch.log"))
    }
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn it_serves_the_sample_data_and_keeps_changes() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let list = watch.get(collection());
    assert_eq!((list.status, list.headers["content-type"].as_str()), (200, "application/json"), "{list:?}");
    assert!(list.headers["etag"].starts_with('"'), "{list:?}");
    let list: BTreeMap<String, Value> = serde_json::from_str(&list.body).unwrap();
    let seed: Value = serde_json::from_slice(&fs::read(project("seed/movies.json")).unwrap()).unwrap();
    let seed = seed["movies_list"].as_array().unwrap();
    assert!(list.len() == seed.len() && list.values().all(|movie| seed.contains(movie)), "{list:?}");
    let loaded = format!("{}{}", collection(), utf8_percent_encode(list.keys().next().unwrap(), NON_ALPHANUMERIC));

    let new = new(1);
    let created = watch.json("POST", collection(), &new.body);
    assert_eq!((created.status, &created.location()), (200, &new.path), "{created:?}");
    assert_eq!(watch.json("POST", collection().trim_end_matches('/'), &new.body).status, 409);
    let read = watch.get(&new.path);
    assert_eq!((read.status, read.json()), (200, new.body));
    assert_eq!(watch.json("PUT", &new.path, &change()).status, 200);
    let options = watch.call("OPTIONS", collection(), &[], "");
    assert_eq!((options.status, options.body.as_str()), (204, ""));
    assert_eq!(options.headers["allow"], "GET, HEAD, POST, OPTIONS");
    let head = watch.call("HEAD", &loaded, &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_ne!(head.headers.get("content-length").map(String::as_str), Some("0"));
    assert_eq!(watch.call("DELETE", &loaded, &[], "").status, 200);

    let log = fs::read_to_string(directory.join("watch.log")).unwrap();
    let place = format!("Movies: {}, new, loaded from seed/movies.json", directory.join("movies.db").display());
    assert!(log.contains(&place), "{log}");
    assert!(!log.contains("WARN") && !log.contains("ERROR") && !log.contains("warning"), "{log}");
    drop(watch);

    let again = Process::watch(&directory, &[]);
    assert_eq!(again.get(&loaded).status, 404, "a deleted movie stays deleted");
    assert_eq!(again.get(&new.path).status, 200, "a created movie stays");
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn it_responds_with_a_wrong_setting() {
    let directory = new_directory();
    let watch = Process::watch_anyway(&project(""), &directory, &[], &[("SWAGGER_UI", "yes")]);
    watch.wait_until_it_listens();
    for path in ["/", "/ns_movies/"] {
        let response = watch.exchange("GET", path, &[], "").unwrap();
        assert!(response.status == 500 && response.body.contains(r#"SWAGGER_UI is "yes""#), "{response:?}");
    }
    let log = fs::read_to_string(directory.join("watch.log")).unwrap();
    assert!(log.contains(r#"SWAGGER_UI is "yes": set it to on or off"#), "{log}");
}
