//! HTTP APIs with payload format version 1.0: the event has the fields of a REST API's, and the path is decoded.

use serde_json::{Value, json};

use super::{
    Body, Case, Changed, Created, Deleted, Expected, Header, check,
    http_apis::{AT_API, AT_CUSTOM_DOMAIN, DARE, body, default},
};

const LIST: (u64, Expected) = (200, Body(r#""100% Wolf-2020":"#));

fn version_1(
    kind: &'static str,
    method: &str,
    (host, path): (&str, &str),
    (resource, parameters): (&str, Value),
    (status, expected): (u64, Expected),
) -> Case {
    let changes = json!({
        "path": path, "httpMethod": method, "resource": resource, "pathParameters": parameters, "body": body(method),
        "requestContext": {"domainName": host, "path": path, "httpMethod": method, "resourcePath": resource},
    });
    Case { kind, file: "http-v1-named-stage", changes, status, expected }
}

#[tokio::test]
async fn the_path_has_the_stage_and_is_decoded_already() {
    let host = |path: &'static str| (AT_API, path);
    let item = |id: &str| ("/ns_movies/{id}", json!({"id": id}));
    let created = |location| (200, Created("Made-2021", location));
    check(
        "",
        vec![
            version_1("a movie", "GET", host("/dev/ns_movies/The Dare-2020"), default(), DARE),
            version_1("a collection", "GET", host("/dev/ns_movies/"), default(), LIST),
            version_1("a collection without a slash at its end", "GET", host("/dev/ns_movies"), default(), LIST),
            version_1("a creation", "POST", host("/dev/ns_movies/"), default(), created("/dev/ns_movies/Made-2021")),
            version_1(
                "a creation at a custom domain",
                "POST",
                (AT_CUSTOM_DOMAIN, "/dev/ns_movies/"),
                default(),
                created("/ns_movies/Made-2021"),
            ),
            version_1(
                "a change",
                "PUT",
                host("/dev/ns_movies/The Dare-2020"),
                default(),
                (200, Changed("The Dare-2020")),
            ),
            version_1(
                "a deletion of a title with an escape",
                "DELETE",
                host("/dev/ns_movies/%41-2020"),
                default(),
                (200, Deleted("%41-2020")),
            ),
            version_1(
                "a deletion by a route of a title with an escape",
                "DELETE",
                host("/dev/ns_movies/%41-2020"),
                item("%41-2020"),
                (200, Deleted("%41-2020")),
            ),
            version_1(
                "a title with a percent sign",
                "GET",
                host("/dev/ns_movies/100% Wolf-2020"),
                default(),
                (200, Body("100% Wolf")),
            ),
            version_1(
                "a title with a slash",
                "GET",
                host("/dev/ns_movies/Face/Off-2020"),
                item("Face/Off-2020"),
                (200, Body("Face/Off")),
            ),
            version_1("a route", "GET", host("/dev/ns_movies/The Dare-2020"), item("The Dare-2020"), DARE),
            version_1(
                "a greedy route",
                "GET",
                host("/dev/ns_movies/The Dare-2020"),
                ("/{proxy+}", json!({"proxy": "ns_movies/The Dare-2020"})),
                DARE,
            ),
            version_1(
                "a missing movie",
                "GET",
                host("/dev/ns_movies/B 1%-2020"),
                default(),
                (404, Body(r#""instance":"/dev/ns_movies/B%201%25-2020""#)),
            ),
            version_1(
                "a missing movie at a custom domain",
                "GET",
                (AT_CUSTOM_DOMAIN, "/dev/ns_movies/B-2020"),
                default(),
                (404, Body(r#""instance":"/ns_movies/B-2020""#)),
            ),
            version_1("the health check", "GET", host("/dev/health"), default(), (200, Body("ok"))),
            version_1("the document", "GET", host("/dev/swagger.json"), default(), (200, Body("openapi"))),
            version_1("the page", "GET", host("/dev/"), default(), (200, Body("<base href=\"./\">"))),
            version_1(
                "the page without a slash at its end",
                "GET",
                host("/dev"),
                default(),
                (200, Body("<base href=\"./dev/\">")),
            ),
            version_1(
                "a preflight",
                "OPTIONS",
                host("/dev/ns_movies/"),
                default(),
                (204, Header("allow", "GET, HEAD, POST, OPTIONS")),
            ),
            version_1("an unknown path", "GET", host("/dev/nothing"), default(), (404, Body("no-such-path"))),
        ],
    )
    .await;
}

#[tokio::test]
async fn parameters_and_headers_are_those_of_a_rest_api() {
    let case =
        |kind, changes: Value, status, expected| Case { kind, file: "http-v1-named-stage", changes, status, expected };
    let list = "/dev/ns_movies/";
    let limit = json!({"path": list, "queryStringParameters": {"limit": "1"}, "multiValueQueryStringParameters": {"limit": ["1"]}});
    let twice = json!({"path": list, "queryStringParameters": {"limit": "2"}, "multiValueQueryStringParameters": {"limit": ["1", "2"]}});
    let stale = json!({"httpMethod": "DELETE", "headers": {"If-Match": "\"b\""}, "multiValueHeaders": {"If-Match": ["\"a\"", "\"b\""]}});
    let single = json!({"httpMethod": "DELETE", "headers": {"If-Match": "\"a\""}});
    let default_stage = json!({"path": "/ns_movies/The Dare-2020", "requestContext": {"path": "/ns_movies/The Dare-2020", "stage": "$default"}});
    let base64 = json!({"httpMethod": "PUT", "body": "eyJkZXNjcmlwdGlvbiI6IkNoYW5nZWQuIn0=", "isBase64Encoded": true});
    check(
        "",
        vec![
            case("a page", limit, 200, Header("link", "/dev/ns_movies/?limit=1&cursor=")),
            case("a parameter that is repeated", twice, 400, Body("more than once")),
            case("a header that is repeated", stale, 412, Body("precondition-failed")),
            case("a header in one of the two maps", single, 412, Body("precondition-failed")),
            case("the default stage", default_stage, 200, Body("The Dare")),
            case("a body as base64", base64, 200, Changed("The Dare-2020")),
        ],
    )
    .await;
}
