//! What stands before the service's own path, and whether the client's URL has it: `BASE_PATH`, which is a custom domain's
//! base path, a mapping key or the prefix of a proxy, and the stage that an HTTP API's event names.

use serde_json::{Value, json};

use crate::{
    contract::DOCUMENT,
    support::{EventFormat, Service, collection, missing, new, send_event, stored},
};

const AT_API: &str = "x1.execute-api.us-east-1.amazonaws.com";

async fn at_base_path(base_path: &str) -> Service {
    let mut service = Service::seeded().await;
    service.app.set("BASE_PATH", base_path);
    service
}

/// Whether the event source decodes the path, so that the service does not see which slashes were escaped.
fn is_decoded(source: EventFormat) -> bool {
    matches!(source, EventFormat::Http | EventFormat::HttpVersion1)
}

#[tokio::test]
async fn a_base_path_is_removed_once_and_where_a_segment_ends() {
    for (base_path, found, found_if_decoded, not_found) in [
        (
            "/api",
            &["/", "/api/", "/%61pi/"][..],
            Some("/api%2F"),
            &["/api/api/", "/x/api/", "/api", "/API/", "/api//", "//api/"][..],
        ),
        ("/api/v1", &["/", "/api/v1/"], Some("/api%2Fv1/"), &["/api/", "/api/v1"]),
        ("/my api", &["/", "/my%20api/"], None, &["/my/"]),
        ("/a+b", &["/a+b/"], None, &["/a%20b/"]),
        ("/", &["/"], None, &["//"]),
        ("", &["/"], None, &["/api/"]),
    ] {
        let service = at_base_path(base_path).await;
        for source in EventFormat::ALL {
            let get = async |prefix: &str| {
                let path = format!("{prefix}{}", stored().path.trim_start_matches('/'));
                let response = service.call_through(source, "GET", &path).send().await;
                let is_found = response.status == 200 && response.json() == stored().body;
                assert!(is_found || response.status == 404, "{source:?} {path}: {response:?}");
                is_found
            };
            let rows =
                found.iter().map(|prefix| (*prefix, true)).chain(not_found.iter().map(|prefix| (*prefix, false)));
            for (prefix, expected) in rows.chain(found_if_decoded.map(|prefix| (prefix, is_decoded(source)))) {
                assert_eq!(get(prefix).await, expected, "{source:?} {base_path} {prefix}");
            }
        }
    }
}

#[tokio::test]
async fn a_stage_goes_first_then_the_base_path() {
    let own = collection().trim_matches('/');
    for (base_path, stage, path, status) in [
        ("/api", "dev", format!("/dev/api/{own}/"), 200),
        ("/api", "dev", format!("/dev/{own}/"), 200),
        ("/api", "dev", format!("/api/{own}/"), 200),
        ("/api", "dev", format!("/{own}/"), 200),
        ("/api", "dev", format!("/api/dev/{own}/"), 404),
        ("/api", "dev", format!("/dev/dev/{own}/"), 404),
        ("/api", "dev", format!("/dev/api/api/{own}/"), 404),
        ("/api", "dev", format!("/devapi/{own}/"), 404),
        ("/dev", "dev", format!("/dev/dev/{own}/"), 200),
        ("/dev", "dev", format!("/dev/{own}/"), 200),
        ("/dev", "dev", format!("/dev/dev/dev/{own}/"), 404),
        ("", "dev", format!("/dev/{own}/"), 200),
        ("", "dev", format!("/development/{own}/"), 404),
        ("", "$default", format!("/$default/{own}/"), 404),
        ("", own, format!("/{own}/"), 200),
        ("", own, format!("/{own}/{own}/"), 200),
    ] {
        let service = at_base_path(base_path).await;
        for source in [EventFormat::Http, EventFormat::HttpVersion1] {
            let mut event = service.call_through(source, "GET", &path).event();
            at_stage(&mut event, stage, AT_API, &path);
            let response = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(response.status, status, "{source:?} {base_path} {stage} {path}: {response:?}");
        }
    }
    // Only an HTTP API's path contains the stage that the event names.
    let service = Service::seeded().await;
    assert_eq!(service.get(&format!("/Prod{}", stored().path)).await.status, 404);
}

/// Sends an HTTP API's event to a stage and a host, with the stage in the path.
fn at_stage(event: &mut Value, stage: &str, host: &str, path: &str) {
    event["requestContext"]["stage"] = json!(stage);
    event["requestContext"]["domainName"] = json!(host);
    let name = if event["version"] == "2.0" { "rawPath" } else { "path" };
    event[name] = json!(path);
}

#[tokio::test]
async fn links_lead_to_the_clients_own_urls() {
    use EventFormat::{Alb, AlbMulti, CargoLambda, Http, HttpVersion1, Rest, Url};
    // An event source, its stage and host, what stands before the service's own path in the event, and in the client's URL.
    for (source, stage, host, in_event, in_url) in [
        (Rest, "Prod", AT_API, "", "/Prod"),
        (Rest, "Prod", AT_API, "/my%20api", "/Prod/my%20api"),
        (Http, "$default", AT_API, "", ""),
        (Http, "$default", AT_API, "/my api", "/my%20api"),
        (Http, "dev", AT_API, "/dev", "/dev"),
        (Http, "dev", AT_API, "/dev/my api", "/dev/my%20api"),
        // A custom domain's URL has no stage. Its mapping key is in an event with payload format 1.0, but not with 2.0.
        (Http, "dev", "api.example.org", "/dev", ""),
        (HttpVersion1, "$default", AT_API, "/my api", "/my%20api"),
        (HttpVersion1, "dev", AT_API, "/dev", "/dev"),
        (HttpVersion1, "dev", "api.example.org", "/dev", ""),
        (HttpVersion1, "dev", "api.example.org", "/my api", "/my%20api"),
        (HttpVersion1, "dev", "api.example.org", "/dev/my api", "/my%20api"),
        (Url, "$default", "", "/my%20api", "/my%20api"),
        (CargoLambda, "$default", "", "", ""),
        (Alb, "", "", "/my%20api", "/my%20api"),
        (AlbMulti, "", "", "", ""),
    ] {
        let service = at_base_path("/my api").await;
        let send = async |method, path: &str, body: Value| {
            let mut event = service.call_through(source, method, &format!("{in_event}{path}")).json(&body).event();
            if is_decoded(source) {
                let below =
                    percent_encoding::percent_decode_str(path.split('?').next().unwrap()).decode_utf8().unwrap();
                at_stage(&mut event, stage, host, &format!("{in_event}{below}"));
            }
            send_event(&service.app, event.to_string().as_bytes()).await
        };
        let row = format!("{source:?} {stage} {host} {in_event}");
        let created = send("POST", collection(), new(1).body).await;
        assert_eq!(created.status, 200, "{row}: {created:?}");
        assert_eq!(created.resolve(&created.headers["location"]), format!("{in_url}{}", new(1).path), "{row}");
        let listed = send("GET", &format!("{}?limit=1", collection()), json!(null)).await;
        let next = listed.resolve(listed.link().unwrap());
        assert!(next.starts_with(&format!("{in_url}{}?limit=1&cursor=", collection())), "{row}: {next}");
        let lost = send("GET", &missing().path, json!(null)).await;
        assert_eq!(
            (lost.status, &lost.json()["instance"]),
            (404, &json!(format!("{in_url}{}", missing().path))),
            "{row}"
        );
        let page = send("GET", "/", json!(null)).await;
        assert!(page.body.contains("<base href=\"./\">"), "{row}: {page:?}");
        // Without a slash at its end, the path is that of a file next to the service.
        let end = in_url.rsplit('/').next().unwrap();
        if !end.is_empty() && source != Rest {
            let page = send("GET", "", json!(null)).await;
            assert!(page.body.contains(&format!("<base href=\"./{end}/\">")), "{row}: {page:?}");
        }
    }
}

#[tokio::test]
async fn resources_routes_and_parameters_decide_nothing() {
    let service = at_base_path("/api").await;
    for source in EventFormat::ALL {
        for prefix in ["", "/api"] {
            for (route, parameters) in [
                ("$default", json!(null)),
                ("/{proxy+}", json!({"proxy": "nowhere"})),
                ("/api/{proxy+}", json!({"proxy": "health"})),
                ("/other/{id}", json!({"id": missing().id})),
            ] {
                let mut event = service.call_through(source, "GET", &format!("{prefix}{}", stored().path)).event();
                event["resource"] = json!(route);
                event["routeKey"] = json!(format!("GET {route}"));
                event["pathParameters"] = parameters;
                event["requestContext"]["resourcePath"] = json!(route);
                let found = send_event(&service.app, event.to_string().as_bytes()).await;
                assert_eq!((found.status, found.json()), (200, stored().body.clone()), "{source:?} {prefix} {route}");
            }
        }
    }
}

#[test]
fn no_base_path_may_begin_like_a_path_of_the_service() {
    let segments = DOCUMENT["paths"].as_object().unwrap().keys().filter_map(|path| path.split('/').nth(1));
    for base_path in segments.filter(|segment| !segment.is_empty()).map(|segment| format!("/{segment}")) {
        let variable = |name: &str| match name {
            "TABLE_NAME" => Some("movies".to_owned()),
            "BASE_PATH" => Some(base_path.clone()),
            _ => None,
        };
        let error = movies::config::Config::read(variable).unwrap_err().to_string();
        assert!(error.contains("BASE_PATH") && error.contains(&base_path), "{error}");
    }
}
