//! Whose key an `Idempotency-Key` is, which requests are the same, and which need no key.

use serde_json::{Value, json};

use crate::support::{
    EventFormat, Response, Service, change, collection, invalid,
    keyed::{Write, assert_replayed, writes},
    large, merged, new, other_change, path_of, send_event, stored,
};

/// Sends a request with these members of `requestContext`.
async fn send_as(service: &Service, source: EventFormat, context: &Value, key: &str, body: &Value) -> Response {
    let call = service.call_through(source, "PUT", &stored().path).header("Idempotency-Key", key).json(body);
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

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    use EventFormat::{Http, HttpVersion1, Rest, Url};

    let role = |name: &str, session: &str| format!("arn:aws:sts::123456789012:assumed-role/{name}/{session}");
    let iam = |arn: &str| authorizer(&json!({"iam": {"userArn": arn, "accessKey": "A", "cognitoIdentity": null}}));
    let jwt = |sub: &str| authorizer(&json!({"jwt": {"claims": claims(sub), "scopes": null}}));
    let claimed = |sub: &str| authorizer(&json!({"claims": claims(sub)}));
    let principal = |id: &str| authorizer(&json!({"principalId": id, "integrationLatency": 7}));
    let service = Service::seeded().await;
    // A caller, the same caller in another request, and another caller. The unit tests have every form of a context.
    for (n, (source, caller, same, other)) in [
        (
            Rest,
            identity("userArn", &role("A", "1")),
            identity("userArn", &role("A", "2")),
            identity("userArn", &role("B", "1")),
        ),
        (Rest, principal("a"), principal("a"), identity("userArn", "a")),
        (Rest, identity("cognitoIdentityId", "r:1"), identity("cognitoIdentityId", "r:1"), json!({})),
        (HttpVersion1, claimed("1"), claimed("1"), claimed("2")),
        (Http, jwt("1"), jwt("1"), jwt("2")),
        (Url, iam(&role("A", "1")), iam(&role("A", "2")), iam(&role("B", "1"))),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("key-{n}");
        let send = async |context, body: &Value| send_as(&service, source, context, &key, body).await;
        let row = format!("{source:?} {caller} {other}");
        let first = send(&caller, &change()).await;
        assert_eq!(first.status, 200, "{row}: {first:?}");
        assert_replayed(&first, &send(&same, &change()).await, &row);
        assert_eq!(send(&same, &other_change()).await.status, 422, "{row}");
        // The other caller's request is another one, whatever its body is.
        let others = send(&other, &change()).await;
        assert_eq!((others.status, others.headers.get("idempotency-replayed")), (200, None), "{row}");
        assert_ne!(others.etag(), first.etag(), "{row}");
        assert_eq!(send(&other, &other_change()).await.status, 422, "{row}: the key of the other caller");
        assert_replayed(&first, &send(&caller, &change()).await, &row);
    }
}

#[tokio::test]
async fn a_context_of_any_shape_makes_no_event_invalid() {
    let service = Service::seeded().await;
    let shapes = [json!(7), json!("x"), json!([]), json!(true), json!({"claims": 7}), json!({"iam": {"userArn": {}}})];
    for source in [EventFormat::Rest, EventFormat::Http] {
        for shape in &shapes {
            let context = json!({"identity": shape, "authorizer": shape});
            let response = send_as(&service, source, &context, "key", &change()).await;
            assert_eq!(response.status, 200, "{source:?} {shape}: {response:?}");
        }
    }
}

#[tokio::test]
async fn two_keys_are_400_where_the_event_shows_them_apart() {
    let service = Service::seeded().await;
    for source in [EventFormat::Rest, EventFormat::HttpVersion1, EventFormat::AlbMulti] {
        for keys in [json!(["a", "b"]), json!(["a", "a"]), json!(["a", ""]), json!(["", ""])] {
            let call = service.call_through(source, "PUT", &stored().path).header("Idempotency-Key", "a");
            let mut event = call.json(&change()).event();
            event["multiValueHeaders"]["Idempotency-Key"] = keys.clone();
            service.faults.take_calls();
            let response = send_event(&service.app, event.to_string().as_bytes()).await;
            assert_eq!(response.status, 400, "{source:?} {keys}: {response:?}");
            assert!(response.json()["detail"].as_str().unwrap().contains("one key"), "{response:?}");
            assert_eq!(service.faults.take_calls(), [""; 0], "{source:?} {keys}");
        }
    }
    // Two headers, one for each spelling of the name.
    let call = service.call("PUT", &stored().path).header("Idempotency-Key", "a").header("idempotency-key", "b");
    assert_eq!(call.json(&change()).send().await.status, 400);
    // An HTTP API joins them, so they are the text that it makes.
    let call = || service.call_through(EventFormat::Http, "PUT", &stored().path).header("Idempotency-Key", "a,b");
    let first = call().json(&change()).send().await;
    assert_eq!(first.status, 200);
    assert_replayed(&first, &call().json(&change()).send().await, "joined");
}

#[tokio::test]
async fn an_invalid_request_needs_no_key() {
    let service = Service::seeded().await;
    service.dynamodb.delete_table().table_name("keys").send().await.unwrap();
    let many = vec!["\"x\""; 101].join(",");
    let (json, text) = (("Content-Type", "application/json"), ("Content-Type", "text/plain"));
    let (all, one, long_id) = (collection(), stored().path.as_str(), path_of(&"x".repeat(2_049)));
    let (new, change, invalid) = (new(1).body, change().to_string(), invalid().body.to_string());
    let whole = merged(&new, &large(410_000)).to_string();
    for (method, path, header, body, status) in [
        ("POST", all, json, "{", 400),
        ("POST", all, json, "", 400),
        ("POST", all, json, &invalid, 400),
        ("POST", all, text, &new.to_string(), 415),
        ("POST", all, ("Content-Encoding", "gzip"), &new.to_string(), 415),
        ("POST", all, json, &" ".repeat(1024 * 1024 + 1), 413),
        ("POST", all, json, &whole, 413),
        ("POST", all, ("If-Match", "*"), &whole, 413),
        ("PUT", one, json, "{}", 400),
        ("PUT", one, json, &invalid, 400),
        ("PUT", one, text, "{}", 415),
        ("PATCH", one, json, &large(410_000).to_string(), 413),
        ("PUT", one, ("If-Match", &many), &change, 400),
        ("PATCH", one, ("Content-Type", "application/json-patch+json"), "[]", 415),
        ("PATCH", &long_id, json, &change, 400),
        ("DELETE", &long_id, json, "", 400),
        ("DELETE", one, ("If-None-Match", &many), "", 400),
    ] {
        service.faults.take_calls();
        let call = service.call(method, path).header("Idempotency-Key", "key").header(header.0, header.1).body(body);
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
    let without_slash = collection().trim_end_matches('/');
    for paths in [[without_slash, collection()], [collection(), without_slash]] {
        let service = Service::start().await;
        let [first, again] = paths.map(|path| Write { method: "POST", path, body: new(1).body, calls: &[] });
        let (first, again) = (first.send(&service, "key").await, again.send(&service, "key").await);
        assert_eq!((first.status, &first.body), (200, &again.body), "{paths:?}: {again:?}");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{paths:?}");
        assert_eq!((first.location(), again.location()), (new(1).path, new(1).path), "{paths:?}");
    }
}
