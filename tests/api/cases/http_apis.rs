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
    check(
        "",
        vec![
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
            version_2(
                "a movie",
                "GET",
                (AT_CUSTOM_DOMAIN, "/dev/ns_movies/The Dare-2020"),
                movie("The Dare-2020"),
                DARE,
            ),
            version_2(
                "a movie that is missing",
                "GET",
                (AT_CUSTOM_DOMAIN, "/dev/ns_movies/B 1-2020"),
                movie("B 1-2020"),
                (404, Body(r#""instance":"/ns_movies/B%201-2020""#)),
            ),
            version_2(
                "the document",
                "GET",
                (AT_CUSTOM_DOMAIN, "/dev/swagger.json"),
                default(),
                (200, Body("openapi")),
            ),
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
        ],
    )
    .await;
}

#[tokio::test]
async fn explicit_routes_work_with_and_without_the_base_path() {
    let item = |id: &str| ("ANY /ns_movies/{title_year}", json!({"title_year": id}));
    for (movies, link) in
        [("/dev/api/ns_movies", "/dev/api/ns_movies/?limit=1"), ("/dev/ns_movies", "/dev/ns_movies/?limit=1")]
    {
        let dare = format!("{movies}/The Dare-2020");
        let dare = (AT_API, dare.as_str());
        let at = |id: &str| format!("{movies}/{id}");
        check(
            "/api",
            vec![
                version_2("a movie", "GET", dare, item("The Dare-2020"), DARE),
                version_2("a change", "PUT", dare, item("The Dare-2020"), (200, Changed("The Dare-2020"))),
                version_2(
                    "a greedy route",
                    "GET",
                    dare,
                    ("GET /{proxy+}", json!({"proxy": "ns_movies/The Dare-2020"})),
                    DARE,
                ),
                version_2("a prefix in the route", "GET", dare, ("GET /api/{proxy+}", json!({"proxy": "x"})), DARE),
                version_2("a slash", "GET", (AT_API, &at("Face/Off-2020")), default(), (200, Body("Face/Off"))),
                version_2(
                    "a percent sign",
                    "GET",
                    (AT_API, &at("100% Wolf-2020")),
                    default(),
                    (200, Body("100% Wolf")),
                ),
                version_2(
                    "an escape",
                    "DELETE",
                    (AT_API, &at("%41-2020")),
                    item("%41-2020"),
                    (200, Deleted("%41-2020")),
                ),
                version_2(
                    "a page",
                    "GET",
                    (AT_API, &at("")),
                    ("GET /ns_movies", json!(null)),
                    (200, Header("link", link)),
                ),
                version_2(
                    "another prefix",
                    "GET",
                    (AT_API, "/dev/v1/ns_movies/"),
                    default(),
                    (404, Body("no-such-path")),
                ),
            ],
        )
        .await;
    }
}
