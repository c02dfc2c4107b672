//! `BASE_PATH`, the prefix before the service's own path: a custom domain's base path or mapping key, or what the rules
//! of a load balancer or proxy match.

use serde_json::{Value, json};

use super::{Body, Case, Changed, Created, Deleted, Expected, Header, check, http_apis::AT_API};
use crate::support::{EventFormat, Function, Service, movie, send_event};

/// A request to an explicit resource of a REST API, through a custom domain. Both paths of the event are the path in the
/// client's URL.
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
        "POST" => changes["body"] = json!(movie("Made", 2021).to_string()),
        "PUT" => changes["body"] = json!(r#"{"description":"Changed."}"#),
        _ => {}
    }
    Case { kind, file: "rest-explicit-resource", changes, status, expected }
}

#[tokio::test]
async fn explicit_resources_work_with_and_without_the_base_path() {
    const LIST: (u64, Expected) = (200, Body(r#""The Dare-2020":"#));
    const DARE: (u64, Expected) = (200, Body(r#""title":"The Dare""#));
    let none = || json!({});
    let item = "/ns_movies/{id}";
    for (prefix, made, base) in [
        ("/v1", "/v1/ns_movies/Made-2021", "<base href=\"./v1/\">"),
        ("", "/ns_movies/Made-2021", "<base href=\"./\">"),
    ] {
        let at = |path: &str| format!("{prefix}{path}");
        let dare = || json!({"id": "The%20Dare-2020"});
        let movie = at("/ns_movies/The%20Dare-2020");
        let page = if prefix.is_empty() { "/" } else { prefix };
        let found = |text| (200, Body(text));
        check(
            "/v1",
            vec![
                rest("a movie", "GET", item, &movie, dare(), DARE),
                rest("a movie by a greedy resource", "GET", "/{proxy+}", &movie, none(), DARE),
                rest("a movie by another greedy resource", "GET", "/ns_movies/{proxy+}", &movie, none(), DARE),
                rest("a resource that does not match", "GET", "/other/{id}", &movie, dare(), DARE),
                rest("a change", "PUT", item, &movie, dare(), (200, Changed("The Dare-2020"))),
                rest("a slash", "GET", item, &at("/ns_movies/Face%2FOff-2020"), none(), found("Face/Off")),
                rest("a percent sign", "GET", item, &at("/ns_movies/100%25%20Wolf-2020"), none(), found("100% Wolf")),
                rest("an escape", "DELETE", item, &at("/ns_movies/%2541-2020"), none(), (200, Deleted("%41-2020"))),
                rest(
                    "a title that is a path",
                    "GET",
                    item,
                    &at("/ns_movies/ns_movies/X-2020"),
                    none(),
                    found("ns_movies/X"),
                ),
                rest("a slash at the end", "GET", item, &format!("{movie}/"), dare(), (404, Body("no-such-movie"))),
                rest("a collection", "GET", "/ns_movies", &at("/ns_movies"), none(), LIST),
                rest("a collection with a slash", "GET", "/ns_movies", &at("/ns_movies/"), none(), LIST),
                rest("a creation", "POST", "/ns_movies", &at("/ns_movies"), none(), (200, Created("Made-2021", made))),
                rest(
                    "a creation with a slash",
                    "POST",
                    "/ns_movies",
                    &at("/ns_movies/"),
                    none(),
                    (200, Created("Made-2021", made)),
                ),
                rest("the health check", "GET", "/health", &at("/health"), none(), found("ok")),
                rest("the OpenAPI document", "GET", "/swagger.json", &at("/swagger.json"), none(), found("openapi")),
                rest("the page", "GET", "/", &at("/"), none(), found("<base href=\"./\">")),
                rest("the page without a slash", "GET", "/", page, none(), found(base)),
                rest(
                    "two parameters",
                    "GET",
                    "/swagger-ui/{version}/{file}",
                    &at("/swagger-ui/5.35.0/swagger-ui.css"),
                    json!({"version": "5.35.0", "file": "swagger-ui.css"}),
                    (200, Header("content-type", "text/css; charset=utf-8")),
                ),
                rest(
                    "a preflight",
                    "OPTIONS",
                    item,
                    &movie,
                    dare(),
                    (204, Header("allow", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")),
                ),
                rest("an unknown path", "GET", "/{proxy+}", &at("/nothing"), none(), (404, Body("no-such-path"))),
            ],
        )
        .await;
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Found {
    Movie,
    /// Another route than that of a movie.
    Another,
    Nothing,
    /// The event source decodes an escaped slash, so the service does not see that it does not end a segment.
    MovieIfDecoded,
}

async fn get(service: &Service, source: EventFormat, path: &str) -> Found {
    use Found::{Another, Movie, Nothing};
    let response = service.call_through(source, "GET", path).send().await;
    match response.status {
        200 if response.body.starts_with(r#"{"title":"The Dare""#) => Movie,
        200 => Another,
        status => {
            assert_eq!(status, 404, "{source:?} {path}: {response:?}");
            Nothing
        }
    }
}

#[tokio::test]
async fn a_base_path_is_removed_once_and_where_a_segment_ends() {
    use Found::{Another, Movie, MovieIfDecoded, Nothing};
    let rows: [(&str, &[(&str, Found)]); 6] = [
        (
            "/api",
            &[
                ("/api/ns_movies/The%20Dare-2020", Movie),
                ("/%61pi/ns_movies/The%20Dare-2020", Movie),
                ("/ns_movies/The%20Dare-2020", Movie),
                ("/api/api/ns_movies/The%20Dare-2020", Nothing),
                ("/x/api/ns_movies/The%20Dare-2020", Nothing),
                ("/apins_movies/The%20Dare-2020", Nothing),
                ("/API/ns_movies/The%20Dare-2020", Nothing),
                ("/api//ns_movies/The%20Dare-2020", Nothing),
                ("//api/ns_movies/The%20Dare-2020", Nothing),
                ("/api%2Fns_movies/The%20Dare-2020", MovieIfDecoded),
                ("/api", Another),
                ("/api/", Another),
                ("/api/ns_movies", Another),
            ],
        ),
        (
            "/api/v1",
            &[
                ("/api/v1/ns_movies/The%20Dare-2020", Movie),
                ("/ns_movies/The%20Dare-2020", Movie),
                ("/api/ns_movies/The%20Dare-2020", Nothing),
                ("/api/v1ns_movies/The%20Dare-2020", Nothing),
                ("/api%2Fv1/ns_movies/The%20Dare-2020", MovieIfDecoded),
            ],
        ),
        ("/my api", &[("/my%20api/ns_movies/The%20Dare-2020", Movie), ("/my/ns_movies/The%20Dare-2020", Nothing)]),
        ("/a+b", &[("/a+b/ns_movies/The%20Dare-2020", Movie), ("/a%20b/ns_movies/The%20Dare-2020", Nothing)]),
        ("/", &[("/ns_movies/The%20Dare-2020", Movie), ("//ns_movies/The%20Dare-2020", Nothing)]),
        ("", &[("/ns_movies/The%20Dare-2020", Movie), ("/api/ns_movies/The%20Dare-2020", Nothing)]),
    ];
    for (base_path, rows) in rows {
        let mut service = Service::seeded().await;
        service.app.set("BASE_PATH", base_path);
        for source in EventFormat::ALL {
            let is_decoded = matches!(source, EventFormat::Http | EventFormat::HttpVersion1);
            for (path, expected) in rows {
                let expected = match expected {
                    MovieIfDecoded => {
                        if is_decoded {
                            Movie
                        } else {
                            Nothing
                        }
                    }
                    other => *other,
                };
                assert_eq!(get(&service, source, path).await, expected, "{source:?} {base_path} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_stage_goes_first_then_the_base_path() {
    for (base_path, stage, path, status) in [
        ("/api", "dev", "/dev/api/ns_movies/", 200),
        ("/api", "dev", "/dev/ns_movies/", 200),
        ("/api", "dev", "/api/ns_movies/", 200),
        ("/api", "dev", "/ns_movies/", 200),
        ("/api", "dev", "/api/dev/ns_movies/", 404),
        ("/api", "dev", "/dev/dev/ns_movies/", 404),
        ("/api", "dev", "/dev/api/api/ns_movies/", 404),
        ("/api", "dev", "/devapi/ns_movies/", 404),
        ("/dev", "dev", "/dev/dev/ns_movies/", 200),
        ("/dev", "dev", "/dev/ns_movies/", 200),
        ("/dev", "dev", "/ns_movies/", 200),
        ("/dev", "dev", "/dev/dev/dev/ns_movies/", 404),
        ("", "dev", "/dev/ns_movies/", 200),
        ("", "dev", "/dev/dev/ns_movies/", 404),
        ("", "dev", "/development/ns_movies/", 404),
        ("", "$default", "/$default/ns_movies/", 404),
        ("", "ns", "/ns_movies/", 200),
        ("", "ns_movies", "/ns_movies/ns_movies/", 200),
    ] {
        let mut service = Service::seeded().await;
        service.app.set("BASE_PATH", base_path);
        for source in [EventFormat::Http, EventFormat::HttpVersion1] {
            let mut event = service.call_through(source, "GET", path).event();
            event["requestContext"]["stage"] = json!(stage);
            let name = if source == EventFormat::Http { "rawPath" } else { "path" };
            event[name] = json!(path);
            let response = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(response.status, status, "{source:?} {base_path} {stage} {path}: {response:?}");
        }
    }
    // Only an HTTP API's path contains the stage that the event names.
    let service = Service::seeded().await;
    assert_eq!(get(&service, EventFormat::Rest, "/Prod/ns_movies/The%20Dare-2020").await, Found::Nothing);
}

#[tokio::test]
async fn links_are_relative_to_a_path_with_or_without_the_base_path() {
    let mut service = Service::start().await;
    service.app.set("BASE_PATH", "/my api");
    for source in EventFormat::ALL {
        let is_decoded = matches!(source, EventFormat::Http | EventFormat::HttpVersion1);
        let stage = if matches!(source, EventFormat::Rest | EventFormat::HttpVersion1) { "/Prod" } else { "" };
        for prefix in ["/my%20api", ""] {
            let at = |path: &str| format!("{prefix}/ns_movies/{path}");
            let rename = |path: &str, title: &str| {
                service.call_through(source, "PUT", &at(path)).json(&json!({"title": title})).send()
            };
            let created = service.call_through(source, "POST", &at("")).json(&movie("a/b", 1)).send().await;
            assert_eq!(
                created.resolve(&created.headers["location"]),
                format!("{stage}{}", at("a%2Fb-1")),
                "{source:?}"
            );
            assert_eq!(rename("a%2Fb-1", "c/d").await.headers["location"], "../ns_movies/c%2Fd-1", "{source:?}");
            // Where the slash does not arrive as the client sent it, it does not count as a segment's end.
            let up = if is_decoded { "../" } else { "../../" };
            assert_eq!(rename("c/d-1", "e").await.headers["location"], format!("{up}ns_movies/e-1"), "{source:?}");
            let missing = service.call_through(source, "GET", &at("no%20movie-1")).send().await;
            assert_eq!(missing.json()["instance"], format!("{stage}{}", at("no%20movie-1")), "{source:?}");
            assert_eq!(service.call("DELETE", "/ns_movies/e-1").send().await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_mapping_key_may_be_in_the_path_or_not() {
    // An event with payload format 2.0 does not contain a custom domain's mapping key. One with 1.0 does.
    for (source, path) in [
        (EventFormat::Http, "/dev/ns_movies/"),
        (EventFormat::Http, "/dev/v1/ns_movies/"),
        (EventFormat::HttpVersion1, "/v1/ns_movies/"),
        (EventFormat::HttpVersion1, "/dev/v1/ns_movies/"),
    ] {
        for domain in ["api.example.org", AT_API] {
            let mut service = Service::start().await;
            service.app.set("BASE_PATH", "/v1");
            let mut event = service.call_through(source, "POST", "/").json(&movie("Made", 2021)).event();
            event["requestContext"]["stage"] = json!("dev");
            event["requestContext"]["domainName"] = json!(domain);
            event[if source == EventFormat::Http { "rawPath" } else { "path" }] = json!(path);
            let created = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(created.status, 200, "{source:?} {path} {created:?}");
            assert_eq!(created.headers["location"], "../ns_movies/Made-2021", "{source:?} {path}");
        }
    }
}

#[tokio::test]
async fn no_base_path_may_begin_like_a_path_of_the_service() {
    if Function::is_artifact() {
        return;
    }
    let service = Service::start().await;
    let document = service.get("/swagger.json").await.json();
    let segments: Vec<_> =
        document["paths"].as_object().unwrap().keys().filter_map(|path| path.split('/').nth(1)).collect();
    for segment in segments.into_iter().filter(|segment| !segment.is_empty()) {
        for base_path in [format!("/{segment}"), format!("/{segment}/x")] {
            let variable = |name: &str| match name {
                "TABLE_NAME" => Some("movies".to_owned()),
                "BASE_PATH" => Some(base_path.clone()),
                _ => None,
            };
            let error = movies::config::Config::read(variable).unwrap_err().to_string();
            assert!(error.contains("BASE_PATH") && error.contains(&base_path), "{error}");
        }
    }
}
