//! Pages of other origins in a browser (Fetch standard, "CORS protocol").

use std::path::Path;

use crate::{
    process::Process,
    tools::{new_directory, project, succeeds, tool, web, web_tool},
};

/// Opens a page of each origin. The page uses the API at the root and under a stage.
fn visit(watch: &Process, directory: &Path, allowed: &[&str], blocked: &[&str]) {
    let stage = Process::stage(watch, directory);
    for url in [format!("http://{}/", watch.address), format!("http://{}/prod/", stage.address)] {
        let mut command = web_tool("bin/python3");
        command.args([&web("cors.py"), &url, "--chromium", &tool("CHROMIUM"), "--allowed"]).args(allowed);
        succeeds(command.arg("--blocked").args(blocked));
    }
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn pages_of_every_origin_use_the_api_unless_origins_are_listed() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    visit(&watch, &directory, &["http://app.example.org", "http://localhost:3000"], &[]);
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn only_pages_of_listed_origins_use_the_api() {
    let directory = new_directory();
    let origins = "https://secure.example.org, http://app.example.org,http://localhost:3000";
    let watch = Process::watch_package(&project(""), &directory, &[], &[("CORS_ALLOW_ORIGINS", origins)]);
    visit(
        &watch,
        &directory,
        &["http://app.example.org", "http://localhost:3000"],
        &[
            "http://app.example.org:8080",
            "http://secure.example.org",
            "http://example.org",
            "http://localhost",
            "http://app.example.org.evil.example",
        ],
    );
}
