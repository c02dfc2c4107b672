//! Swagger UI and CORS (Fetch standard, "CORS protocol") in a browser. If there is none, `make test` leaves these tests
//! out and says so.

use std::process::Command;

use crate::{
    process::Process,
    tools::{new_directory, project, succeeds, tool, web, web_tool},
};

/// A script of `tests/web/` with the URL of the service at its root, and with that under a stage.
fn visits(script: &str, watch: &Process, stage: &Process) -> [Command; 2] {
    [format!("http://{}/", watch.address), format!("http://{}/prod/", stage.address)].map(|url| {
        let mut command = web_tool("bin/python3");
        command.args([&web(script), &url, "--chromium", &tool("CHROMIUM")]);
        command
    })
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn swagger_ui_works_and_every_page_uses_the_api_unless_origins_are_listed() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let stage = Process::stage(&watch, &directory);
    for mut command in visits("browser.py", &watch, &stage) {
        succeeds(&mut command);
    }
    for mut command in visits("cors.py", &watch, &stage) {
        succeeds(command.args(["--allowed", "http://app.example.org", "http://localhost:3000"]));
    }
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn only_pages_of_listed_origins_use_the_api() {
    let directory = new_directory();
    let origins = "https://secure.example.org, http://app.example.org,http://localhost:3000";
    let watch = Process::watch_package(&project(""), &directory, &[], &[("CORS_ALLOW_ORIGINS", origins)]);
    let stage = Process::stage(&watch, &directory);
    for mut command in visits("cors.py", &watch, &stage) {
        command.args(["--allowed", "http://app.example.org", "http://localhost:3000", "--blocked"]);
        succeeds(command.args([
            "http://app.example.org:8080",
            "http://secure.example.org",
            "http://example.org",
            "http://localhost",
            "http://app.example.org.evil.example",
        ]));
    }
}
