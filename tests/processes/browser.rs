//! Swagger UI and CORS (Fetch standard, "CORS protocol") in a browser. If there is none, `make test` leaves these tests
//! out and says so.

use crate::{
    tools::{succeeds, tool, web, web_tool},
    watch::Service,
};

/// Runs a script of `tests/web/` with the URL of the service.
fn visit(script: &str, url: &str, arguments: &[&str]) {
    let url = format!("{url}/");
    succeeds(web_tool("bin/python3").args([&web(script), &url, "--chromium", &tool("CHROMIUM")]).args(arguments));
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn swagger_ui_works_and_every_page_uses_the_api_unless_origins_are_listed() {
    let service = Service::start(&[], &[]);
    visit("browser.py", &service.root(), &[]);
    visit("browser.py", &service.stage(), &[]);
    visit("cors.py", &service.root(), &["--allowed", "http://app.example.org"]);
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn only_pages_of_listed_origins_use_the_api() {
    let origins = "https://secure.example.org, http://app.example.org,http://localhost:3000";
    let service = Service::start(&[], &[("CORS_ALLOW_ORIGINS", origins)]);
    let allowed = ["--allowed", "http://app.example.org", "http://localhost:3000"];
    let blocked = ["--blocked", "http://app.example.org:8080", "http://secure.example.org"];
    visit("cors.py", &service.stage(), &[allowed, blocked].concat());
}
