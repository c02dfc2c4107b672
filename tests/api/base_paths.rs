//! What stands before the service's own path, and whether the client's URL has it: `BASE_PATH`, and the stage that an HTTP
//! API's event names. The unit tests of `config` and of `event` have the forms of a prefix.

use serde_json::{Value, json};

use crate::support::{
    AT_API, Call, EventFormat, Response, Service, collection, merged, missing, new, send_event, stored,
};

async fn at_base_path(base_path: &str) -> Service {
    let mut service = Service::seeded().await;
    service.app.set("BASE_PATH", base_path);
    service
}

#[tokio::test]
async fn a_path_with_the_base_path_and_without_it_are_served_alike_whatever_the_route_is() {
    let service = at_base_path("/my api").await;
    // A resource, a route key and path parameters decide nothing.
    let parameters = json!({"id": missing().id, "proxy": "health"});
    let route = json!({"resource": "/x/{id}", "routeKey": "GET /x/{id}", "pathParameters": parameters});
    for source in EventFormat::ALL {
        for (prefix, status) in [("", 200), ("/my%20api", 200), ("/my%20api/my%20api", 404), ("/other", 404)] {
            let call = service.call_through(source, "GET", &format!("{prefix}{}", stored().path));
            let event = merged(&call.event(), &route);
            let response = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(response.status, status, "{source:?} {prefix}: {response:?}");
            assert!(status == 404 || response.json() == stored().body, "{source:?} {prefix}: {response:?}");
        }
    }
}

/// Sends an event with these members of its context.
async fn send_in(service: &Service, context: &Value, call: Call<'_>) -> Response {
    let mut event = call.event();
    event["requestContext"] = merged(&event["requestContext"], context);
    send_event(&service.app, event.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_stage_goes_first_then_the_base_path() {
    let own = collection().trim_matches('/');
    for (base_path, stage, path, status) in [
        ("/api", "dev", format!("/dev/api/{own}/"), 200),
        ("/api", "dev", format!("/{own}/"), 200),
        ("/api", "dev", format!("/api/dev/{own}/"), 404),
        ("/api", "dev", format!("/devapi/{own}/"), 404),
        ("/dev", "dev", format!("/dev/dev/{own}/"), 200),
        ("/dev", "dev", format!("/dev/dev/dev/{own}/"), 404),
        ("", "dev", format!("/development/{own}/"), 404),
        ("", "$default", format!("/$default/{own}/"), 404),
        ("", own, format!("/{own}/"), 200),
        ("", own, format!("/{own}/{own}/"), 200),
    ] {
        let service = at_base_path(base_path).await;
        for source in [EventFormat::Http, EventFormat::HttpVersion1] {
            let context = json!({"stage": stage, "domainName": AT_API});
            let response = send_in(&service, &context, service.call_through(source, "GET", &path)).await;
            assert_eq!(response.status, status, "{source:?} {base_path} {stage} {path}: {response:?}");
        }
    }
    // Only an HTTP API's path contains the stage that the event names.
    let service = Service::seeded().await;
    assert_eq!(service.get(&format!("/Prod{}", stored().path)).await.status, 404);
}

#[tokio::test]
async fn links_lead_to_the_clients_own_urls() {
    use EventFormat::{Alb, Http, HttpVersion1, Rest, Url};
    // An event source, its stage and host, what stands before the service's own path in the event, and in the client's URL.
    for (source, stage, host, in_event, in_url) in [
        (Rest, "Prod", AT_API, "", "/Prod"),
        (Rest, "Prod", AT_API, "/my%20api", "/Prod/my%20api"),
        (Http, "$default", AT_API, "/my%20api", "/my%20api"),
        (Http, "dev", AT_API, "/dev/my%20api", "/dev/my%20api"),
        // A custom domain's URL has no stage. Its mapping key is in an event with payload format 1.0, but not with 2.0.
        (Http, "dev", "api.example.org", "/dev", ""),
        (HttpVersion1, "dev", AT_API, "/dev", "/dev"),
        (HttpVersion1, "dev", "api.example.org", "/my%20api", "/my%20api"),
        (HttpVersion1, "dev", "api.example.org", "/dev/my%20api", "/my%20api"),
        (Url, "$default", "x1.lambda-url.us-east-1.on.aws", "/my%20api", "/my%20api"),
        (Alb, "", "", "/my%20api", "/my%20api"),
    ] {
        let service = at_base_path("/my api").await;
        let send = async |method, path: &str, body: &Value| {
            let call = service.call_through(source, method, &format!("{in_event}{path}")).json(body);
            // Only a REST API's event tells the path in the client's URL.
            let url_path = format!("{in_url}{}", path.split('?').next().unwrap());
            send_in(&service, &json!({"stage": stage, "domainName": host, "path": url_path}), call).await
        };
        let row = format!("{source:?} {stage} {host} {in_event}");
        let created = send("POST", collection(), &new(1).body).await;
        assert_eq!(created.status, 200, "{row}: {created:?}");
        assert_eq!(created.location(), format!("{in_url}{}", new(1).path), "{row}");
        let listed = send("GET", &format!("{}?limit=1", collection()), &json!(null)).await;
        let next = listed.next().unwrap();
        assert!(next.starts_with(&format!("{in_url}{}?limit=1&cursor=", collection())), "{row}: {next}");
        let lost = send("GET", &missing().path, &json!(null)).await;
        assert_eq!(lost.json()["instance"], format!("{in_url}{}", missing().path), "{row}");
        // Without a slash at its end, the path is that of a file next to the service.
        if let Some((_, end)) = in_url.rsplit_once('/').filter(|_| source != Rest) {
            let page = send("GET", "", &json!(null)).await;
            assert!(page.body.contains(&format!("<base href=\"./{end}/\">")), "{row}: {page:?}");
        }
    }
}
