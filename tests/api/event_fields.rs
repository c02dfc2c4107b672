//! The fields of an event: absent, repeated, or of a wrong type. A condition of the client never gets lost.

use serde_json::{Value, json};

use crate::support::{Service, send_event, stored};

/// The status of a DELETE of the stored movie, whose event has these members too.
async fn status(service: &Service, members: &str) -> u64 {
    let event = format!(r#"{{"httpMethod":"DELETE","path":"{}",{members}}}"#, stored().path);
    send_event(&service.app, event.as_bytes()).await.status
}

#[tokio::test]
async fn null_counts_as_absent_at_every_level() {
    let service = Service::seeded().await;
    for members in [
        r#""version":null,"headers":null,"multiValueHeaders":null,"body":null,"isBase64Encoded":null,"requestContext":null"#,
        r#""queryStringParameters":null,"multiValueQueryStringParameters":null,"rawPath":null,"rawQueryString":null"#,
        r#""queryStringParameters":{"a":null},"multiValueQueryStringParameters":{"b":null,"c":[null]}"#,
        r#""headers":{"If-Match":null},"multiValueHeaders":{"If-None-Match":null,"if-match":[null]}"#,
        r#""requestContext":{"path":null,"stage":null,"domainName":null,"elb":null,"identity":null,"authorizer":null,"http":null}"#,
        r#""requestContext":{"http":{"method":null,"userAgent":null}}"#,
    ] {
        assert_eq!(status(&service, members).await, 200, "{members}");
        assert_eq!(service.post(&stored().body).await.status, 200, "{members}");
    }
}

#[tokio::test]
async fn a_condition_is_not_lost_if_its_name_is_repeated_or_its_value_is_no_etag() {
    let service = Service::seeded().await;
    for members in [
        r#""headers":{"If-Match":"\"stale\"","if-match":null}"#,
        r#""headers":{"If-Match":"\"stale\"","if-match":"\"other\""}"#,
        r#""headers":{"If-Match":"\"stale\"","If-Match":"*"},"multiValueHeaders":{}"#,
        r#""headers":{"If-Match":"\"stale\""},"multiValueHeaders":{"If-Match":null}"#,
        r#""headers":{"If-Match":"\"stale\""},"multiValueHeaders":{"if-match":[null]}"#,
        r#""headers":{"If-Match":"*"},"multiValueHeaders":{"if-match":["\"stale\""]}"#,
        r#""multiValueHeaders":{"If-Match":["*"],"If-Match":["\"stale\"",null]}"#,
        r#""headers":{"If-Match":"\"é\""}"#,
        r#""headers":{"If-Match":"a\nb"}"#,
        r#""headers":{"If-Match":"\u0000"}"#,
        r#""headers":{"If-Match":"*\n"}"#,
        r#""headers":{"If-Match":"\u00a0*"}"#,
    ] {
        assert_eq!(status(&service, members).await, 412, "{members}");
    }
    assert_eq!(service.get(&stored().path).await.status, 200);
}

#[tokio::test]
async fn a_field_that_cannot_be_read_makes_the_event_unreadable() {
    let service = Service::seeded().await;
    let mut rows: Vec<_> = [
        r#""version":1"#,
        r#""isBase64Encoded":"true""#,
        r#""queryStringParameters":7"#,
        r#""multiValueQueryStringParameters":{"a":"x"}"#,
        r#""headers":["\"x\""]"#,
        r#""headers":{"If-Match":7}"#,
        r#""headers":{"If-Match":["\"x\""]}"#,
        r#""headers":{"If-Match":"\ud800"}"#,
        r#""headers":{"If-Match":"\"stale\"","\ud800":"x"}"#,
        r#""headers":{"If-Match":"\"stale\""},"headers":{}"#,
        r#""multiValueHeaders":{"If-Match":"\"x\""}"#,
        r#""multiValueHeaders":{"If-Match":[7]}"#,
        r#""requestContext":"x""#,
        r#""requestContext":{"elb":true}"#,
        r#""requestContext":{"http":"x"}"#,
        r#""requestContext":{"http":{"method":{}}}"#,
    ]
    .map(str::to_owned)
    .into();
    // Serde alone would accept an array as the values of the fields in order.
    for length in 0..10 {
        let nulls = json!(vec![Value::Null; length]);
        rows.extend([format!(r#""requestContext":{nulls}"#), format!(r#""requestContext":{{"http":{nulls}}}"#)]);
    }
    for members in rows {
        assert_eq!(status(&service, &members).await, 400, "{members}");
    }
    assert_eq!(service.get(&stored().path).await.status, 200);
}

#[tokio::test]
async fn an_event_that_is_no_request_is_400() {
    let service = Service::start().await;
    // An array with as many values as an event has fields.
    let values = [json!(null), json!("DELETE"), json!(stored().path)].into_iter().chain(vec![json!(null); 9]);
    for event in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"path":"/"}"#,
        r#"{"httpMethod":"GET"}"#,
        r#"{"path":"/","path":"/","httpMethod":"GET"}"#,
        r#"{"requestContext":{"http":{}}}"#,
        r#"{"requestContext":{"http":{"method":"GET"}}}"#,
        r#"{"requestContext":{"elb":{}},"httpMethod":"GET"}"#,
        r#"{"Records":[{"eventSource":"aws:sqs"}]}"#,
        &values.collect::<Value>().to_string(),
    ] {
        assert_eq!(send_event(&service.app, event.as_bytes()).await.status, 400, "{event}");
    }
}
