//! HTTP APIs with payload format version 2.0: stages, custom domains, explicit routes.

use serde_json::{Value, json};

use super::{Body, Case, Changed, Created, Deleted, Expected, Header, check};

pub(super) const AT_CUSTOM_DOMAIN: &str = "api.example.org";
pub(super) const AT_API: &str = "f6g7h8i9j0.execute-api.us-east-1.amazonaws.com";

/// A request to a host and a route, with the path in the event.
fn version_2(
    kind: &'static str,
    method: &str,
    (host, path): (&str, &str),
    (route, parameters): (&str, Value),
    (status, expected): (u64, Expected),
) -> Case {
    let changes = json!({
        "rawPath": path, "routeKey": route, "pathParameters": parameters, "body": body(method),
        "requestContext": {"domainName": host, "http": {"method": method, "path": path}, "routeKey": route},
    });
    Case { kind, file: "http-custom-domain-stage", changes, status, expected }
}

pub(super) fn body(method: &str) -> Value {
    match method {
        "POST" => json!(crate::support::movie("Made", 2021).to_string()),
        "PUT" => json!(r#"{"description":"Changed."}"#),
        _ => json!(null),
    }
}

pub(super) fn default() -> (&'static str, Value) {
    ("$default", json!(null))
}

pub(super) const DARE: (u64, Expected) = (200, Body(r#""title":"The Dare""#));

#[tokio::test]
async fn a_custom_domains_url_has_no_stage() {
    let movie = |id: &str| ("GET /ns_movies/{id}", json!({"id": id}));
    let create = ("POST /ns_movies", json!(null));
    let next = |path| (200, Header("link", path));
    check(vec![
        version_2(
            "a page",
            "GET",
            (AT_CUSTOM_DOMAIN, "/dev/ns_movies/"),
            default(),
            next("/ns_movies/?limit=1&cursor="),
        ),
        version_2(
            "a page at the API's own host",
            "GET",
            (AT_API, "/dev/ns_movies/"),
            default(),
            next("/dev/ns_movies/?limit=1&cursor="),
        ),
        version_2(
            "a page by a route",
            "GET",
            (AT_CUSTOM_DOMAIN, "/dev/ns_movies"),
            ("GET /ns_movies", json!(null)),
            next("/ns_movies?limit=1&cursor="),
        ),
        version_2(
            "a creation",
            "POST",
            (AT_CUSTOM_DOMAIN, "/dev/ns_movies"),
            create.clone(),
            (200, Created("Made-2021", "/ns_movies/Made-2021")),
        ),
        version_2(
            "a creation at the API's own host",
            "POST",
            (AT_API, "/dev/ns_movies"),
            create,
            (200, Created("Made-2021", "/dev/ns_movies/Made-2021")),
        ),
        version_2("a movie", "GET", (AT_CUSTOM_DOMAIN, "/dev/ns_movies/The Dare-2020"), movie("The Dare-2020"), DARE),
        version_2(
            "a movie that is missing",
            "GET",
            (AT_CUSTOM_DOMAIN, "/dev/ns_movies/B 1-2020"),
            movie("B 1-2020"),
            (404, Body(r#""instance":"/ns_movies/B%201-2020""#)),
        ),
        version_2("the document", "GET", (AT_CUSTOM_DOMAIN, "/dev/swagger.json"), default(), (200, Body("openapi"))),
        version_2("the page", "GET", (AT_CUSTOM_DOMAIN, "/dev/"), default(), (200, Body("<base href=\"./\">"))),
        version_2(
            "the page at the API's own host without a slash at its end",
            "GET",
            (AT_API, "/dev"),
            default(),
            (200, Body("<base href=\"./dev/\">")),
        ),
        version_2(
            "a path without the stage",
            "GET",
            (AT_CUSTOM_DOMAIN, "/ns_movies/"),
            default(),
            next("/ns_movies/?limit=1&cursor="),
        ),
        version_2(
            "a mapping key in the path",
            "GET",
            (AT_CUSTOM_DOMAIN, "/v1/ns_movies/The Dare-2020"),
            movie("The Dare-2020"),
            DARE,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_route_key_shows_the_base_path() {
    let host = |path: &'static str| (AT_API, path);
    let item = |id: &str| ("ANY /ns_movies/{title_year}", json!({"title_year": id}));
    check(vec![
        version_2("a movie", "GET", host("/dev/ns_movies/The Dare-2020"), item("The Dare-2020"), DARE),
        version_2(
            "a parameter that came encoded",
            "GET",
            host("/dev/ns_movies/The Dare-2020"),
            item("The%20Dare-2020"),
            DARE,
        ),
        version_2(
            "a slash in a title",
            "GET",
            host("/dev/ns_movies/Face/Off-2020"),
            item("Face/Off-2020"),
            (200, Body("Face/Off")),
        ),
        version_2(
            "an escape that is part of a title",
            "DELETE",
            host("/dev/ns_movies/%41-2020"),
            item("%41-2020"),
            (200, Deleted("%41-2020")),
        ),
        version_2(
            "a percent sign",
            "GET",
            host("/dev/ns_movies/100% Wolf-2020"),
            item("100% Wolf-2020"),
            (200, Body("100% Wolf")),
        ),
        version_2(
            "a change",
            "PUT",
            host("/dev/ns_movies/The Dare-2020"),
            item("The Dare-2020"),
            (200, Changed("The Dare-2020")),
        ),
        version_2(
            "a greedy route",
            "GET",
            host("/dev/ns_movies/The Dare-2020"),
            ("GET /{proxy+}", json!({"proxy": "ns_movies/The Dare-2020"})),
            DARE,
        ),
        version_2(
            "a greedy route for movies only",
            "GET",
            host("/dev/ns_movies/The Dare-2020"),
            ("GET /ns_movies/{proxy+}", json!({"proxy": "The Dare-2020"})),
            DARE,
        ),
        version_2(
            "a prefix of the API's own",
            "GET",
            host("/dev/api/ns_movies/The Dare-2020"),
            ("GET /api/{proxy+}", json!({"proxy": "ns_movies/The Dare-2020"})),
            DARE,
        ),
        version_2("the health check", "GET", host("/dev/health"), ("GET /health", json!(null)), (200, Body("ok"))),
        version_2("the page", "GET", host("/dev/"), ("GET /", json!(null)), (200, Body("<base href"))),
        version_2(
            "a stage called like a path",
            "GET",
            host("/dev/dev/ns_movies/"),
            ("GET /dev/ns_movies", json!(null)),
            (200, Header("link", "/dev/dev/ns_movies/?limit=1&cursor=")),
        ),
        version_2(
            "an unknown path",
            "GET",
            host("/dev/nothing"),
            ("GET /{proxy+}", json!({"proxy": "nothing"})),
            (404, Body("no-such-path")),
        ),
    ])
    .await;
}
