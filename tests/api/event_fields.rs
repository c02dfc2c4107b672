//! The fields of an event: absent, repeated, or of a wrong type. A condition of the client never gets lost.

use serde_json::{Value, json};

use crate::{
    hostile::places,
    support::{Service, collection, send_event, stored},
};

async fn status(service: &Service, event: &str) -> u64 {
    send_event(&service.app, event.as_bytes()).await.status
}

/// An event that deletes a movie. `null` stands where the service reads a field that may be absent.
fn deletion() -> Value {
    json!({
        "version": null, "httpMethod": "DELETE", "path": stored().path,
        "rawPath": null, "rawQueryString": null,
        "queryStringParameters": {"a": null}, "multiValueQueryStringParameters": {"b": null, "c": [null]},
        "headers": {"If-Match": null}, "multiValueHeaders": {"If-None-Match": null, "if-match": [null]},
        "body": null, "isBase64Encoded": null,
        "requestContext": {
            "path": null, "stage": null, "domainName": null, "elb": null, "identity": null, "authorizer": null,
            "http": {"method": null, "userAgent": null},
        },
    })
}

#[tokio::test]
async fn null_counts_as_absent_at_every_level() {
    let service = Service::seeded().await;
    let mut all = Vec::new();
    places(&deletion(), "", &mut all);
    for place in all {
        let mut event = deletion();
        *event.pointer_mut(&place).unwrap() = json!(null);
        let is_needed = matches!(place.as_str(), "" | "/httpMethod" | "/path");
        let expected = if is_needed { 400 } else { 200 };
        assert_eq!(status(&service, &event.to_string()).await, expected, "{place}");
        let restored = if is_needed { 409 } else { 200 };
        assert_eq!(service.post(&stored().body).await.status, restored, "{place}");
    }
    let query = json!({"limit": null, "x": "1"});
    for name in ["queryStringParameters", "multiValueQueryStringParameters"] {
        let mut event = service.call("GET", collection()).event();
        event[name] = if name.starts_with("multi") { json!({"limit": [null, "1"], "x": null}) } else { query.clone() };
        assert_eq!(status(&service, &event.to_string()).await, 200, "{name}");
    }
}

#[tokio::test]
async fn a_field_of_a_wrong_type_makes_the_event_unreadable() {
    let service = Service::seeded().await;
    let mut all = Vec::new();
    places(&deletion(), "", &mut all);
    for place in all.iter().chain(&["/multiValueHeaders/if-match/0".to_owned()]) {
        // A body of another type is a problem of its own. What an authorizer returns can have any shape.
        let is_free = place.contains("/body") || place.contains("/identity") || place.contains("/authorizer");
        for wrong in [json!(7), json!(true), json!(["\"x\""]), json!({"a": {}}), json!([[]]), json!("\"x\"")] {
            let may_have_type = match place.as_str() {
                "/queryStringParameters" | "/multiValueQueryStringParameters" | "/headers" | "/multiValueHeaders" => {
                    false
                }
                "/requestContext" | "/requestContext/http" | "/requestContext/elb" => wrong.is_object(),
                "/isBase64Encoded" => wrong.is_boolean(),
                "/multiValueHeaders/if-match" | "/multiValueHeaders/If-None-Match" => wrong[0].is_string(),
                place if place.starts_with("/multiValueQ") => wrong[0].is_string(),
                _ => wrong.is_string(),
            };
            if place.is_empty() || is_free || may_have_type {
                continue;
            }
            let mut event = deletion();
            *event.pointer_mut(place).unwrap() = wrong.clone();
            assert_eq!(status(&service, &event.to_string()).await, 400, "{place} {wrong}");
        }
    }
    assert_eq!(service.get(&stored().path).await.status, 200);
}

#[tokio::test]
async fn a_repeated_name_does_not_hide_a_condition() {
    let service = Service::seeded().await;
    let path = &stored().path;
    for (headers, multi_value_headers) in [
        (r#"{"If-Match":"\"stale\"","if-match":null}"#, "null"),
        (r#"{"If-Match":"\"stale\"","if-match":"\"other\""}"#, "null"),
        (r#"{"If-Match":"\"stale\"","If-Match":"*"}"#, "{}"),
        (r#"{"IF-MATCH":"*","If-Match":"\"stale\""}"#, "{}"),
        (r#"{"If-Match":"\"stale\""}"#, r#"{"If-Match":null}"#),
        (r#"{"If-Match":"\"stale\""}"#, r#"{"if-match":[null]}"#),
        ("null", r#"{"If-Match":["\"stale\""],"if-match":["\"other\""]}"#),
        ("{}", r#"{"If-Match":["*"],"If-Match":["\"stale\"",null]}"#),
        (r#"{"If-Match":"*"}"#, r#"{"if-match":["\"stale\""]}"#),
    ] {
        let headers = format!(r#""headers":{headers},"multiValueHeaders":{multi_value_headers}"#);
        let event = format!(r#"{{"httpMethod":"DELETE","path":"{path}",{headers}}}"#);
        assert_eq!(status(&service, &event).await, 412, "{event}");
    }
    assert_eq!(service.get(path).await.status, 200);
}

#[tokio::test]
async fn a_condition_that_is_not_an_etag_is_not_dropped() {
    let service = Service::seeded().await;
    for value in ["\"é\"", "a\nb", "\u{0}", "*\n", "\u{a0}*"] {
        let mut event = service.call("DELETE", &stored().path).event();
        event["headers"] = json!({"If-Match": value});
        event["multiValueHeaders"] = json!({});
        assert_eq!(status(&service, &event.to_string()).await, 412, "{value}");
    }
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_makes_the_event_unreadable() {
    let service = Service::seeded().await;
    let path = &stored().path;
    for headers in
        [r#"{"If-Match":"\ud800"}"#, r#"{"If-Match":["\ud800"]}"#, r#"{"If-Match":"\"stale\"","\ud800":"x"}"#]
    {
        for name in ["headers", "multiValueHeaders"] {
            let event = format!(r#"{{"httpMethod":"DELETE","path":"{path}","{name}":{headers}}}"#);
            assert_eq!(status(&service, &event).await, 400, "{event}");
        }
    }
    // A field that occurs twice.
    let twice = r#""headers":{"If-Match":"\"stale\""},"headers":{}"#;
    let event = format!(r#"{{"httpMethod":"DELETE","path":"{path}",{twice}}}"#);
    assert_eq!(status(&service, &event).await, 400);
    assert_eq!(service.get(path).await.status, 200);
}

#[tokio::test]
async fn an_array_is_not_an_object() {
    let service = Service::seeded().await;
    let path = &stored().path;
    // Serde alone would accept an array as the values of the fields in order.
    for length in 0..20 {
        let nulls = vec![Value::Null; length];
        let values = [json!(null), json!("DELETE"), json!(path)].into_iter().chain(nulls.clone());
        let in_context = |context: Value| json!({"httpMethod": "DELETE", "path": path, "requestContext": context});
        for event in [values.collect(), in_context(json!(nulls)), in_context(json!({"http": nulls}))] {
            assert_eq!(status(&service, &event.to_string()).await, 400, "{event}");
        }
    }
    assert_eq!(service.get(path).await.status, 200);
}
