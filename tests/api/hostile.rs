//! Random bytes and mutated events: no panic, no 5xx, always a well-formed reply.

use std::sync::OnceLock;

use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};

use crate::support::{EventFormat, Service, movie, send_event};

/// A service and its runtime, which all cases share.
fn service() -> &'static (tokio::runtime::Runtime, Service) {
    static SERVICE: OnceLock<(tokio::runtime::Runtime, Service)> = OnceLock::new();
    SERVICE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let service = runtime.block_on(Service::seeded());
        (runtime, service)
    })
}

fn status(event: &[u8]) -> u64 {
    let (runtime, service) = service();
    runtime.block_on(send_event(&service.app, event)).status
}

/// Any JSON value, of the kinds that break parsers.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "%",
            "%zz",
            "bad host",
            "h:99999",
            "xn--",
            "é",
            "\u{0}",
            "=?&",
            "../",
            "\"",
            "a b\t\u{7f}"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Every place in a JSON document, as JSON Pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    if let Value::Object(members) = value {
        for (name, member) in members {
            places(member, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }
    }
}

fn event(source: usize, method: &str) -> Value {
    let (_, service) = service();
    let path = if method == "POST" { "/ns_movies/" } else { "/ns_movies/The%20Dare-2020?limit=1" };
    service.call_through(EventFormat::ALL[source], method, path).header("Host", "x").json(&movie("Made", 2000)).event()
}

proptest! {
    #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(status(&bytes), 400);
    }

    #[test]
    fn random_json_is_rejected(value in any_json()) {
        prop_assert_eq!(status(value.to_string().as_bytes()), 400);
    }

    #[test]
    fn a_mutated_event_is_never_a_server_error(
        source in 0..EventFormat::ALL.len(),
        method in prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "x y", "é"]),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4),
    ) {
        let mut event = event(source, method);
        for (place, value) in mutations {
            let mut all = Vec::new();
            places(&event, "", &mut all);
            *event.pointer_mut(&all[place.index(all.len())]).unwrap() = value;
        }
        prop_assert!(status(event.to_string().as_bytes()) < 500);
    }

    #[test]
    fn a_damaged_event_is_never_a_server_error(
        source in 0..EventFormat::ALL.len(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = event(source, "PUT").to_string().into_bytes();
        for (place, byte) in flips {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        prop_assert!(status(&bytes) < 500);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(status(&bytes) < 500);
    }

    #[test]
    fn a_random_body_is_never_a_server_error(body in any_json(), field in prop::sample::select(vec!["title", "year", "cast", "image"])) {
        let (runtime, service) = service();
        let mut whole = movie("Made", 2000);
        whole[field] = body.clone();
        for body in [body, whole] {
            for (method, path) in [("POST", "/ns_movies/"), ("PUT", "/ns_movies/The%20Dare-2020")] {
                let response = runtime.block_on(service.call(method, path).body(&body.to_string()).send());
                prop_assert!(response.status < 500, "{:?}", response);
            }
        }
    }

    #[test]
    fn any_title_makes_the_round(title in any::<String>()) {
        let (runtime, service) = service();
        runtime.block_on(async {
            let created = service.post(&movie(&title, 7)).await;
            if title.trim().is_empty() {
                assert_eq!(created.status, 400);
                return;
            }
            assert_eq!(created.status, 200, "{title:?}");
            let location = created.location();
            for source in EventFormat::ALL {
                let read = service.call_through(source, "GET", &location).send().await;
                let is_lost = source == EventFormat::Http && title.contains('?');
                assert_eq!(read.json() == movie(&title, 7), !is_lost, "{title:?} {source:?} {read:?}");
            }
            assert_eq!(service.call("DELETE", &location).send().await.status, 200, "{title:?}");
        });
    }
}

/// An event that deletes a movie. `null` stands where the service reads a field that may be absent.
fn deletion() -> Value {
    json!({
        "version": null, "httpMethod": "DELETE", "path": "/ns_movies/The%20Dare-2020",
        "rawPath": null, "rawQueryString": null,
        "queryStringParameters": {"a": null}, "multiValueQueryStringParameters": {"b": null, "c": [null]},
        "headers": {"If-Match": null}, "multiValueHeaders": {"If-None-Match": null, "if-match": [null]},
        "body": null, "isBase64Encoded": null,
        "requestContext": {
            "path": null, "stage": null, "domainName": null, "elb": null, "identity": null, "authorizer": null,
            "http": {"method": null, "path": null, "userAgent": null},
        },
    })
}

#[tokio::test]
async fn null_counts_as_absent_at_every_level() {
    let service = Service::seeded().await;
    let mut all = Vec::new();
    places(&deletion(), "", &mut all);
    for place in all {
        let service = Service::seeded().await;
        let mut event = deletion();
        *event.pointer_mut(&place).unwrap() = json!(null);
        let is_needed = matches!(place.as_str(), "" | "/httpMethod" | "/path");
        let status = send_event(&service.app, event.to_string().as_bytes()).await.status;
        assert_eq!(status, if is_needed { 400 } else { 200 }, "{place}");
    }
    let query = json!({"limit": null, "year": "2020"});
    for name in ["queryStringParameters", "multiValueQueryStringParameters"] {
        let mut event = service.call("GET", "/ns_movies/").event();
        event[name] =
            if name.starts_with("multi") { json!({"limit": [null, "1"], "year": null}) } else { query.clone() };
        assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, 200, "{name}");
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
            assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, 400, "{place} {wrong}");
        }
    }
    assert_eq!(service.get("/ns_movies/The%20Dare-2020").await.status, 200);
}

#[tokio::test]
async fn an_authorizer_can_return_anything() {
    for value in [json!(7), json!("x"), json!([1]), json!({"claims": [1], "jwt": 7, "iam": "x", "principalId": {}})] {
        for name in ["identity", "authorizer"] {
            let service = Service::seeded().await;
            let mut event = deletion();
            event["requestContext"][name] = value.clone();
            assert_eq!(send_event(&service.app, event.to_string().as_bytes()).await.status, 200, "{name} {value}");
        }
    }
}

#[tokio::test]
async fn a_repeated_name_does_not_hide_a_condition() {
    let service = Service::seeded().await;
    let path = "/ns_movies/The%20Dare-2020";
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
        assert_eq!(send_event(&service.app, event.as_bytes()).await.status, 412, "{event}");
    }
    // A field that occurs twice.
    let event =
        format!(r#"{{"httpMethod":"DELETE","path":"{path}","headers":{{"If-Match":"\"stale\""}},"headers":{{}}}}"#);
    assert_eq!(send_event(&service.app, event.as_bytes()).await.status, 400);
    assert_eq!(service.get(path).await.status, 200);
}

#[tokio::test]
async fn many_values_of_a_header_are_one_condition() {
    let service = Service::seeded().await;
    let mut event = service.call("DELETE", "/ns_movies/The%20Dare-2020").event();
    event["multiValueHeaders"] = json!({"If-Match": vec!["\"stale\""; 100_000]});
    let refused = send_event(&service.app, event.to_string().as_bytes()).await;
    assert!(refused.status == 400 && refused.body.contains("more than 100 ETags"), "{refused:.1000?}");
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_is_not_left_out() {
    let service = Service::seeded().await;
    let path = "/ns_movies/The%20Dare-2020";
    for value in [r#""\ud800""#, "5", "{}", "[5]", r#"["\ud800"]"#, "[[]]", "true"] {
        for headers in ["headers", "multiValueHeaders"] {
            let event = format!(r#"{{"httpMethod":"DELETE","path":"{path}","{headers}":{{"If-Match":{value}}}}}"#);
            assert_eq!(send_event(&service.app, event.as_bytes()).await.status, 400, "{event}");
        }
    }
    assert_eq!(service.get(path).await.status, 200);
}

#[tokio::test]
async fn an_invalid_object_does_not_hide_a_condition() {
    let service = Service::seeded().await;
    let path = "/ns_movies/The%20Dare-2020";
    for headers in
        [r#"{"If-Match":"\"stale\"","\ud800":"x"}"#, r#"["If-Match","\"stale\""]"#, r#""If-Match: stale""#, "7"]
    {
        for name in ["headers", "multiValueHeaders"] {
            let event = format!(r#"{{"httpMethod":"DELETE","path":"{path}","{name}":{headers}}}"#);
            assert_eq!(send_event(&service.app, event.as_bytes()).await.status, 400, "{event}");
        }
    }
    // Serde would accept an array as the members of an object in order, and this one as an event of a load balancer.
    for context in ["[null,null,null,null,{}]", r#"{"elb":false}"#, r#"{"http":["GET","/"]}"#] {
        let event = format!(r#"{{"httpMethod":"GET","path":"{path}","requestContext":{context}}}"#);
        assert_eq!(send_event(&service.app, event.as_bytes()).await.status, 400, "{event}");
    }
    assert_eq!(service.get(path).await.status, 200);
}
