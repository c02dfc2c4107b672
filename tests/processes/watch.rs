//! `cargo lambda watch`, as the README starts it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process::{COMPILING, Process, free_port},
    tools::{new_directory, project, remove_variables, tool, web},
};

/// The service for clients: at the root of `cargo lambda watch`, and under a REST API's stage in front of it.
pub struct Service {
    /// Its data and logs.
    pub directory: PathBuf,
    pub watch: Process,
    stage: Process,
}

impl Service {
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let directory = new_directory();
        let watch = Process::watch(&directory, arguments, variables);
        watch.wait_until_it_is_healthy();
        let port = free_port().to_string();
        let mut stage = Command::new("python3");
        stage.args(["-B", &web("stage.py"), &format!("http://{}", watch.address), &port]);
        let stage = Process::start(stage, format!("127.0.0.1:{port}"), &directory.join("stage.log"));
        stage.wait_until_it_listens();
        Self { directory, watch, stage }
    }

    pub fn root(&self) -> String {
        format!("http://{}", self.watch.address)
    }

    pub fn stage(&self) -> String {
        format!("http://{}/prod", self.stage.address)
    }
}

impl Process {
    /// `cargo lambda watch`, with its data and its log in `directory`.
    pub fn watch(directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let port = free_port().to_string();
        let mut command = Command::new(tool("CARGO_LAMBDA"));
        command
            .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port])
            .args(arguments)
            .current_dir(project(""))
            .env("CARGO_BUILD_BUILD_DIR", project("target"))
            .env("LOCAL_STORE_DIR", directory)
            .envs(variables.iter().copied());
        remove_variables(&mut command);
        Self::start(command, format!("127.0.0.1:{port}"), &directory.join("watch.log"))
    }

    pub fn wait_until_it_is_healthy(&self) {
        self.wait_until(COMPILING, || {
            self.exchange("GET", "/health", &[], "").is_some_and(|response| response.status == 200)
        });
    }
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn it_responds_with_a_wrong_setting() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[], &[("SWAGGER_UI", "yes")]);
    watch.wait_until_it_listens();
    let response = watch.exchange("GET", "/", &[], "").unwrap();
    assert!(response.status == 500 && response.body.contains(r#"SWAGGER_UI is "yes""#), "{response:?}");
    let log = fs::read_to_string(directory.join("watch.log")).unwrap();
    assert!(log.contains(r#"SWAGGER_UI is "yes": set it to on or off"#), "{log}");
}
