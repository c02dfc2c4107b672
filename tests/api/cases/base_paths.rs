//! REST APIs: explicit resources, base paths of custom domains, prefixes in the API's own resources.

use serde_json::{Value, json};

use super::{Body, Case, Changed, Created, Deleted, Expected, Header, check};

/// A request to a resource through a custom domain. Both paths of the event are the path in the client's URL.
fn rest(
    kind: &'static str,
    method: &str,
    resource: &str,
    path: &str,
    parameters: Value,
    (status, expected): (u64, Expected),
) -> Case {
    let mut changes =
        json!({"httpMethod": method, "resource": resource, "path": path, "requestContext": {"path": path}});
    // Removes the parameter of the file, unless the row sets it.
    let mut parameters = parameters;
    if parameters.get("id").is_none() {
        parameters["id"] = json!(null);
    }
    changes["pathParameters"] = parameters;
    match method {
        "POST" => changes["body"] = json!(crate::support::movie("Made", 2021).to_string()),
        "PUT" => changes["body"] = json!(r#"{"description":"Changed."}"#),
        _ => {}
    }
    Case { kind, file: "rest-explicit-resource", changes, status, expected }
}

const DARE: (u64, Expected) = (200, Body(r#""title":"The Dare""#));
const LIST: (u64, Expected) = (200, Body(r#""The Dare-2020":"#));
const PAGE: (u64, Expected) = (200, Body("<base href"));
const NOT_FOUND: (u64, Expected) = (404, Body("no-such-path"));

#[tokio::test]
async fn an_explicit_resource_shows_the_base_path() {
    let dare = || json!({"id": "The%20Dare-2020"});
    let item = "/ns_movies/{id}";
    check(vec![
        rest("a movie below a base path", "GET", item, "/v1/ns_movies/The%20Dare-2020", dare(), DARE),
        rest("a movie without a base path", "GET", item, "/ns_movies/The%20Dare-2020", dare(), DARE),
        rest("a base path of segments", "GET", item, "/api/v1/ns_movies/The%20Dare-2020", dare(), DARE),
        rest("an escape in the base path", "GET", item, "/a%20b%2Fc/ns_movies/The%20Dare-2020", dare(), DARE),
        rest("a slash at the end", "GET", item, "/v1/ns_movies/The%20Dare-2020/", dare(), (404, Body("no-such-movie"))),
        rest(
            "another parameter name",
            "GET",
            "/ns_movies/{titleAndYear}",
            "/v1/ns_movies/The%20Dare-2020",
            json!({"titleAndYear": "The%20Dare-2020"}),
            DARE,
        ),
        rest(
            "a parameter that came decoded",
            "GET",
            item,
            "/v1/ns_movies/The%20Dare-2020",
            json!({"id": "The Dare-2020"}),
            DARE,
        ),
        rest(
            "an escaped slash in a parameter",
            "GET",
            item,
            "/v1/ns_movies/Face%2FOff-2020",
            json!({"id": "Face%2FOff-2020"}),
            (200, Body("Face/Off")),
        ),
        rest(
            "an escaped slash in a parameter that came decoded",
            "GET",
            item,
            "/v1/ns_movies/Face%2FOff-2020",
            json!({"id": "Face/Off-2020"}),
            (200, Body("Face/Off")),
        ),
        rest(
            "a percent sign in a parameter",
            "GET",
            item,
            "/v1/ns_movies/100%25%20Wolf-2020",
            json!({"id": "100%25%20Wolf-2020"}),
            (200, Body("100% Wolf")),
        ),
        rest(
            "an escape that is part of a title",
            "DELETE",
            item,
            "/v1/ns_movies/%2541-2020",
            json!({"id": "%2541-2020"}),
            (200, Deleted("%41-2020")),
        ),
        rest(
            "an escape that is part of a title, in a parameter that came decoded",
            "DELETE",
            item,
            "/v1/ns_movies/%2541-2020",
            json!({"id": "%41-2020"}),
            (200, Deleted("%41-2020")),
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_explicit_resource_for_each_operation_shows_the_base_path() {
    let none = || json!({});
    let dare = || json!({"id": "The%20Dare-2020"});
    let item = "/ns_movies/{id}";
    check(vec![
        rest("a change", "PUT", item, "/v1/ns_movies/The%20Dare-2020", dare(), (200, Changed("The Dare-2020"))),
        rest("a collection", "GET", "/ns_movies", "/v1/ns_movies", none(), LIST),
        rest("a collection with a slash at its end", "GET", "/ns_movies", "/v1/ns_movies/", none(), LIST),
        rest("a resource with a slash at its end", "GET", "/ns_movies/", "/v1/ns_movies/", none(), LIST),
        rest(
            "a creation without a slash at the end",
            "POST",
            "/ns_movies",
            "/v1/ns_movies",
            none(),
            (200, Created("Made-2021", "/v1/ns_movies/Made-2021")),
        ),
        rest(
            "a creation",
            "POST",
            "/ns_movies",
            "/v1/ns_movies/",
            none(),
            (200, Created("Made-2021", "/v1/ns_movies/Made-2021")),
        ),
        rest("the health check", "GET", "/health", "/v1/health", none(), (200, Body("ok"))),
        rest("the OpenAPI document", "GET", "/swagger.json", "/v1/swagger.json", none(), (200, Body("openapi"))),
        rest(
            "two parameters",
            "GET",
            "/swagger-ui/{version}/{file}",
            "/v1/swagger-ui/5.35.0/swagger-ui.css",
            json!({"version": "5.35.0", "file": "swagger-ui.css"}),
            (200, Header("content-type", "text/css; charset=utf-8")),
        ),
        rest("the page", "GET", "/", "/v1/", none(), PAGE),
        rest("the page without a slash at the end", "GET", "/", "/v1", none(), (200, Body("<base href=\"./v1/\">"))),
        rest(
            "a preflight",
            "OPTIONS",
            item,
            "/v1/ns_movies/The%20Dare-2020",
            dare(),
            (204, Header("allow", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_greedy_resource_shows_the_base_path() {
    let proxy = |value: &str| json!({"proxy": value});
    let dare = "/v1/ns_movies/The%20Dare-2020";
    check(vec![
        rest("all of the API", "GET", "/{proxy+}", dare, proxy("ns_movies/The%20Dare-2020"), DARE),
        rest("a parameter that came decoded", "GET", "/{proxy+}", dare, proxy("ns_movies/The Dare-2020"), DARE),
        rest(
            "a parameter that begins with a slash",
            "GET",
            "/{proxy+}",
            dare,
            proxy("/ns_movies/The%20Dare-2020"),
            DARE,
        ),
        rest("a collection", "GET", "/{proxy+}", "/v1/ns_movies/", proxy("ns_movies"), LIST),
        rest("movies only", "GET", "/ns_movies/{proxy+}", dare, proxy("The%20Dare-2020"), DARE),
        rest(
            "a title that begins with a slash",
            "GET",
            "/ns_movies/{proxy+}",
            "/v1/ns_movies/%2Flead-2001",
            proxy("/lead-2001"),
            (404, Body("no-such-movie")),
        ),
        rest("another parameter name", "GET", "/{path+}", dare, json!({"path": "ns_movies/The%20Dare-2020"}), DARE),
        rest("an unknown path", "GET", "/{proxy+}", "/v1/nothing", proxy("nothing"), NOT_FOUND),
        rest(
            "an unknown path that ends as a known one",
            "GET",
            "/{proxy+}",
            "/v1/x/health",
            proxy("x/health"),
            NOT_FOUND,
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_apis_own_resources_may_have_a_prefix() {
    let dare = |name: &str, value: &str| json!({"tenant": "t1", name: value});
    check(vec![
        rest(
            "before all",
            "GET",
            "/api/{proxy+}",
            "/api/ns_movies/The%20Dare-2020",
            dare("proxy", "ns_movies/The%20Dare-2020"),
            DARE,
        ),
        rest(
            "before all, below a base path",
            "GET",
            "/api/{proxy+}",
            "/v1/api/ns_movies/The%20Dare-2020",
            dare("proxy", "ns_movies/The%20Dare-2020"),
            DARE,
        ),
        rest(
            "before a movie",
            "GET",
            "/api/ns_movies/{id}",
            "/api/ns_movies/The%20Dare-2020",
            dare("id", "The%20Dare-2020"),
            DARE,
        ),
        rest("before the health check", "GET", "/api/v1/health", "/api/v1/health", json!({}), (200, Body("ok"))),
        rest(
            "a parameter before a movie",
            "GET",
            "/{tenant}/ns_movies/{id}",
            "/t1/ns_movies/The%20Dare-2020",
            dare("id", "The%20Dare-2020"),
            DARE,
        ),
        rest(
            "a parameter before all",
            "GET",
            "/{tenant}/{proxy+}",
            "/v1/t1/ns_movies/",
            dare("proxy", "ns_movies"),
            LIST,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_base_path_may_be_called_like_a_path_of_the_service() {
    let id = |value: &str| json!({"id": value});
    check(vec![
        rest("the health check", "GET", "/health", "/ns_movies/health", json!({}), (200, Body(r#""status":"ok""#))),
        rest(
            "a movie",
            "GET",
            "/ns_movies/{id}",
            "/ns_movies/ns_movies/A-2020",
            id("A-2020"),
            (200, Body(r#""title":"A""#)),
        ),
        rest(
            "a movie called like a path",
            "GET",
            "/ns_movies/{proxy+}",
            "/ns_movies/ns_movies/X-2020",
            json!({"proxy": "ns_movies/X-2020"}),
            (200, Body("ns_movies/X")),
        ),
        rest(
            "a movie below `health`",
            "GET",
            "/ns_movies/{id}",
            "/health/ns_movies/A-2020",
            id("A-2020"),
            (200, Body(r#""title":"A""#)),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_resource_that_does_not_match_the_path_is_ignored() {
    let id = |value: &str| json!({"id": value});
    let dare = "/ns_movies/The%20Dare-2020";
    check(vec![
        rest("another resource", "GET", "/other/{id}", dare, id("The%20Dare-2020"), DARE),
        rest("another value", "GET", "/ns_movies/{id}", dare, id("Other-2020"), DARE),
        rest("a parameter without a value", "GET", "/ns_movies/{id}", dare, json!({}), DARE),
        rest("an event made from one for `/`", "GET", "/", dare, json!({}), DARE),
        rest("a parameter without an end", "GET", "/ns_movies/{id", dare, id("The%20Dare-2020"), DARE),
        rest("an empty template", "GET", "", dare, id("The%20Dare-2020"), DARE),
    ])
    .await;
}
