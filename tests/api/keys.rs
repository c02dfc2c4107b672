//! Whose key an `Idempotency-Key` is, which requests are the same, and which need no key.

use serde_json::{Value, json};

use crate::support::{
    EventFormat, Response, Service,
    keyed::{DARE, Write, assert_replayed, assert_same, writes},
    movie, path_of, send_event,
};

/// Sends a request with these members of `requestContext`.
async fn send_as(service: &Service, source: EventFormat, context: &Value, key: &str, body: &Value) -> Response {
    let call = service.call_through(source, "PUT", DARE).header("Idempotency-Key", key).json(body);
    let mut event = call.event();
    event["requestContext"].as_object_mut().unwrap().extend(context.as_object().unwrap().clone());
    send_event(&service.app, event.to_string().as_bytes()).await
}

fn identity(name: &str, value: &str) -> Value {
    json!({"identity": {name: value, "sourceIp": "203.0.113.1"}, "authorizer": null})
}

fn authorizer(authorizer: &Value) -> Value {
    json!({"authorizer": authorizer})
}

fn claims(sub: &str) -> Value {
    json!({"iss": "https://issuer.example.org/", "sub": sub, "scope": ["a", "b"]})
}

const ROLE: &str = "arn:aws:sts::123456789012:assumed-role";

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    use EventFormat::{Http, HttpVersion1, Rest, Url};

    let iam = |arn: &str| authorizer(&json!({"iam": {"userArn": arn, "accessKey": "A", "cognitoIdentity": null}}));
    let cognito = |id: &str| authorizer(&json!({"iam": {"userArn": ROLE, "cognitoIdentity": {"identityId": id}}}));
    let principal = |id: &str| authorizer(&json!({"principalId": id, "integrationLatency": 7}));
    let user = |name: &str| format!("arn:aws:iam::123456789012:user/{name}");
    let session = |role: &str, name: &str| format!("{ROLE}/{role}/{name}");
    let rows: Vec<(EventFormat, Value, Value, Value)> = vec![
        // A caller, the same caller in another request, and another caller.
        (Rest, identity("userArn", &user("Ann")), identity("userArn", &user("Ann")), identity("userArn", &user("Bob"))),
        (
            Rest,
            identity("userArn", &session("Writer", "task-1")),
            identity("userArn", &session("Writer", "task-2")),
            identity("userArn", &session("Other", "task-1")),
        ),
        (
            Rest,
            identity("cognitoIdentityId", "r:1"),
            identity("cognitoIdentityId", "r:1"),
            identity("cognitoIdentityId", "r:2"),
        ),
        (
            Rest,
            authorizer(&json!({"claims": claims("1")})),
            authorizer(&json!({"claims": claims("1")})),
            authorizer(&json!({"claims": claims("2")})),
        ),
        (Rest, principal("a"), principal("a"), principal("b")),
        (Rest, principal("a"), principal("a"), identity("userArn", "a")),
        (Rest, identity("userArn", &user("Ann")), identity("userArn", &user("Ann")), json!({})),
        (
            HttpVersion1,
            identity("userArn", &user("Ann")),
            identity("userArn", &user("Ann")),
            identity("userArn", &user("Bob")),
        ),
        (
            HttpVersion1,
            authorizer(&json!({"claims": claims("1"), "scopes": null})),
            authorizer(&json!({"claims": claims("1")})),
            authorizer(&json!({"claims": claims("2")})),
        ),
        (HttpVersion1, principal("a"), principal("a"), principal("b")),
        (
            Http,
            authorizer(&json!({"jwt": {"claims": claims("1"), "scopes": null}})),
            authorizer(&json!({"jwt": {"claims": claims("1")}})),
            authorizer(&json!({"jwt": {"claims": claims("2")}})),
        ),
        (Http, iam(&user("Ann")), iam(&user("Ann")), iam(&user("Bob"))),
        (Http, iam(&session("Writer", "1")), iam(&session("Writer", "2")), iam(&session("Reader", "1"))),
        (Http, cognito("r:1"), cognito("r:1"), cognito("r:2")),
        (
            Http,
            authorizer(&json!({"lambda": {"principalId": "a"}})),
            authorizer(&json!({"lambda": {"principalId": "a"}})),
            authorizer(&json!({"lambda": {"principalId": "b"}})),
        ),
        (Url, iam(&user("Ann")), iam(&user("Ann")), iam(&user("Bob"))),
        (Url, iam(&session("Writer", "1")), iam(&session("Writer", "2")), json!({})),
    ];
    let service = Service::seeded().await;
    for (n, (source, caller, same, other)) in rows.iter().enumerate() {
        let key = format!("key-{n}");
        let send = async |context, body: &Value| send_as(&service, *source, context, &key, body).await;
        let row = format!("{source:?} {caller} {other}");
        let body = json!({"cast": [n.to_string()]});
        let first = send(caller, &body).await;
        assert_eq!(first.status, 200, "{row}: {first:?}");
        assert_replayed(&first, &send(same, &body).await, &row);
        assert_eq!(send(same, &json!({"cast": []})).await.status, 422, "{row}");
        // The other caller's request is another one, whatever its body is.
        let others = send(other, &body).await;
        assert_eq!((others.status, others.headers.get("idempotency-replayed")), (200, None), "{row}");
        assert_ne!(others.etag(), first.etag(), "{row}");
        assert_eq!(send(other, &json!({"cast": []})).await.status, 422, "{row}: the key of the other caller");
        assert_replayed(&first, &send(caller, &body).await, &row);
    }
}

#[tokio::test]
async fn a_context_of_any_shape_makes_no_event_invalid() {
    let service = Service::seeded().await;
    let shapes = [json!(7), json!("x"), json!([]), json!(true), json!({"claims": 7}), json!({"iam": {"userArn": {}}})];
    for source in EventFormat::ALL {
        for shape in &shapes {
            let context = json!({"identity": shape, "authorizer": shape});
            let response = send_as(&service, source, &context, "key", &json!({"cast": []})).await;
            assert_eq!(response.status, 200, "{source:?} {shape}: {response:?}");
        }
    }
}

#[tokio::test]
async fn two_keys_are_400_where_the_event_shows_them_apart() {
    let service = Service::seeded().await;
    for source in [EventFormat::Rest, EventFormat::HttpVersion1, EventFormat::AlbMulti] {
        for keys in [json!(["a", "b"]), json!(["a", "a"]), json!(["a", ""]), json!(["", ""])] {
            let call = service.call_through(source, "PUT", DARE).header("Idempotency-Key", "a");
            let mut event = call.json(&json!({"cast": []})).event();
            event["multiValueHeaders"]["Idempotency-Key"] = keys.clone();
            service.faults.take_calls();
            let response = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(response.status, 400, "{source:?} {keys}: {response:?}");
            assert!(response.json()["detail"].as_str().unwrap().contains("one key"), "{response:?}");
            assert_eq!(service.faults.take_calls(), [""; 0], "{source:?} {keys}");
        }
    }
    // Two headers, one for each spelling of the name.
    let call = service.call("PUT", DARE).header("Idempotency-Key", "a").header("idempotency-key", "b");
    assert_eq!(call.json(&json!({"cast": []})).send().await.status, 400);
    // An HTTP API joins them, so they are the text that it makes.
    let call = || service.call_through(EventFormat::Http, "PUT", DARE).header("Idempotency-Key", "a,b");
    let first = call().json(&json!({"cast": []})).send().await;
    assert_eq!(first.status, 200);
    assert_replayed(&first, &call().json(&json!({"cast": []})).send().await, "joined");
}

#[tokio::test]
async fn an_invalid_request_needs_no_key() {
    let service = Service::seeded().await;
    service.dynamodb.delete_table().table_name("keys").send().await.unwrap();
    let large = "x".repeat(410_000);
    let mut large_movie = movie("Large", 1);
    large_movie["description"] = json!(large);
    let many = vec!["\"x\""; 101].join(",");
    let (json, text) = (("Content-Type", "application/json"), ("Content-Type", "text/plain"));
    let long_id = path_of(&format!("{}-1", "x".repeat(2_048)));
    for (method, path, header, body, status) in [
        ("POST", "/ns_movies/", json, "{".to_owned(), 400),
        ("POST", "/ns_movies/", json, String::new(), 400),
        ("POST", "/ns_movies/", json, r#"{"title":7}"#.to_owned(), 400),
        ("POST", "/ns_movies/", json, movie(&"x".repeat(2_048), 1).to_string(), 400),
        ("POST", "/ns_movies/", text, movie("A", 1).to_string(), 415),
        ("POST", "/ns_movies/", ("Content-Encoding", "gzip"), movie("A", 1).to_string(), 415),
        ("POST", "/ns_movies/", json, " ".repeat(1024 * 1024 + 1), 413),
        ("POST", "/ns_movies/", json, large_movie.to_string(), 413),
        ("POST", "/ns_movies/", ("If-Match", "*"), large_movie.to_string(), 413),
        ("PUT", DARE, json, "{}".to_owned(), 400),
        ("PUT", DARE, json, r#"{"year":0}"#.to_owned(), 400),
        ("PUT", DARE, text, "{}".to_owned(), 415),
        ("PUT", DARE, json, json!({"description": large}).to_string(), 413),
        ("PUT", DARE, ("If-Match", &many), r#"{"cast":[]}"#.to_owned(), 400),
        ("PATCH", DARE, json, r#"{"title":null}"#.to_owned(), 400),
        ("PATCH", DARE, json, json!({"cast": [large], "year": 1}).to_string(), 413),
        ("PATCH", DARE, ("Content-Type", "application/json-patch+json"), "[]".to_owned(), 415),
        ("PATCH", &long_id, json, r#"{"cast":[]}"#.to_owned(), 400),
        ("DELETE", &long_id, json, String::new(), 400),
        ("DELETE", DARE, ("If-None-Match", &many), String::new(), 400),
    ] {
        service.faults.take_calls();
        let call = service.call(method, path).header("Idempotency-Key", "key").header(header.0, header.1).body(&body);
        let response = call.send().await;
        let row = format!("{method} {path:.40} {header:.40?} {body:.40}");
        assert_eq!(response.status, status, "{row}: {:.300}", response.body);
        assert_eq!(service.faults.take_calls(), [""; 0], "{row}");
    }
    for write in writes() {
        assert_eq!(write.send(&service, "key").await.status, 503, "{write:?}: a valid request needs the table");
    }
}

#[tokio::test]
async fn the_collection_is_one_path_for_a_key_too() {
    for paths in [["/ns_movies", "/ns_movies/"], ["/ns_movies/", "/ns_movies"]] {
        let service = Service::start().await;
        let [first, again] = paths.map(|path| Write { method: "POST", path, body: movie("New", 1), calls: &[] });
        let (first, again) = (first.send(&service, "key").await, again.send(&service, "key").await);
        assert_eq!((first.status, &first.body), (200, &again.body), "{paths:?}: {again:?}");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{paths:?}");
        let path = || "/ns_movies/New-1".to_owned();
        assert_eq!((first.location(), again.location()), (path(), path()), "{paths:?}");
    }
}

#[tokio::test]
async fn the_location_of_a_replay_is_right_for_the_requests_own_path() {
    let (encoded, plain) = ("/ns_movies/Face%2FOff-1997", "/ns_movies/Face/Off-1997");
    let rest = EventFormat::Rest;
    for [(source, path), (other_source, other_path)] in [
        [(rest, encoded), (rest, plain)],
        [(rest, plain), (rest, encoded)],
        [(rest, encoded), (EventFormat::Url, plain)],
        [(EventFormat::Alb, plain), (rest, encoded)],
    ] {
        let service = Service::start().await;
        service.post(&movie("Face/Off", 1997)).await;
        let send = async |source, path| {
            let call = service.call_through(source, "PATCH", path).header("Idempotency-Key", "key");
            call.json(&json!({"title": "Face/On"})).send().await
        };
        let row = format!("{source:?} {path}, then {other_source:?} {other_path}");
        let (first, again) = (send(source, path).await, send(other_source, other_path).await);
        assert_eq!((first.status, again.status), (200, 200), "{row}: {again:?}");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{row}");
        assert_eq!((&again.body, again.etag()), (&first.body, first.etag()), "{row}");
        for response in [&first, &again] {
            let found = service.get(&response.location()).await;
            assert_eq!((found.status, found.etag()), (200, first.etag()), "{row}: {response:?}");
        }
        assert_same(&again, &send(other_source, other_path).await, &row);
    }
}
