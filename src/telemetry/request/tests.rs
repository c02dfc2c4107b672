//! Tests of the JSON line of a request.

use super::*;

fn traced(header: &str) -> Context {
    let mut context = Context::default();
    (context.request_id, context.xray_trace_id) = ("r".to_owned(), Some(header.to_owned()));
    context
}

fn request(context: &Context, status: u16) -> RequestLog<'_> {
    RequestLog {
        message: "GET /prod/ns_movies/".to_owned(),
        context,
        cold_start: false,
        route: "read",
        status,
        duration: Duration::from_micros(1_234_567),
        location: None,
        usage: Usage {
            calls: 2,
            attempts: 2,
            dynamodb: Duration::from_millis(1200),
            read_units: 1.0,
            write_units: 8.0,
        },
    }
}

fn line(request: RequestLog<'_>) -> Value {
    let json = request.json("movies-dev", UNIX_EPOCH + Duration::from_millis(1_767_225_600_123));
    assert!(!json.contains(&b'\n'));
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn a_line_has_what_a_query_filters_by_and_says_what_its_metric_is() {
    let context = traced("Root=1-5759e988;Parent=53995c3f42cd8ad8;Sampled=1");
    let expected = json!({
        "timestamp": "2026-01-01T00:00:00.123Z", "level": "INFO",
        "message": "GET /prod/ns_movies/", "request_id": "r", "trace_id": "1-5759e988",
        "route": "read", "status": 200, "duration_ms": 1234.567, "cold_start": false,
        "attempts": 2, "dynamodb_ms": 1200.0, "read_units": 1.0, "write_units": 8.0,
        "_aws": {"Timestamp": 1_767_225_600_123_u64, "CloudWatchMetrics": [{
            "Namespace": "Movies", "Dimensions": [["Function", "Route", "Status"]],
            "Metrics": [{"Name": "Duration", "Unit": "Milliseconds"}],
        }]},
        "Function": "movies-dev", "Route": "read", "Status": "200", "Duration": 1234.567,
    });
    assert_eq!(line(request(&context, 200)), expected);
}

#[test]
fn the_line_of_a_create_names_the_movie() {
    let context = Context::default();
    let created = RequestLog { location: Some("../ns_movies/A-1"), ..request(&context, 200) };
    assert_eq!(line(created)["location"], "../ns_movies/A-1");
}

#[test]
fn a_trace_header_without_a_root_is_left_out() {
    for header in ["", "Parent=1", "garbage;;="] {
        assert_eq!(line(request(&traced(header), 200)).get("trace_id"), None, "{header}");
    }
}

#[test]
fn a_long_message_is_cut_between_characters() {
    for (text, bytes) in [("x", 1000), ("é\u{2028}\n\"", 1000), ("日本", 999)] {
        let message = text.repeat(1000);
        let line = line(RequestLog { message: message.clone(), ..request(&Context::default(), 200) });
        let cut = line["message"].as_str().unwrap();
        assert!(message.starts_with(cut) && (bytes - 4..=bytes).contains(&cut.len()), "{}: {cut}", cut.len());
    }
}

#[tokio::test]
async fn a_call_that_has_not_ended_counts_as_long_as_it_took() {
    let ((), usage) = measure_usage(async {
        start_call();
        end_call();
        start_call();
        tokio::time::sleep(Duration::from_millis(20)).await;
    })
    .await;
    assert!(usage.calls == 2 && usage.dynamodb >= Duration::from_millis(20), "{usage:?}");
}

#[test]
fn cold_starts_conflicts_and_retries_are_counted_when_there_are_any() {
    let context = Context::default();
    let retried = Usage { calls: 1, attempts: 3, ..Usage::default() };
    let names = ["ColdStarts", "Conflicts", "Retries"];
    let description = json!({
        "Namespace": "Movies", "Dimensions": [["Function"]],
        "Metrics": names.map(|name| json!({"Name": name, "Unit": "Count"})),
    });
    for (request, expected) in [
        (RequestLog { cold_start: true, ..request(&context, 200) }, [1, 0, 0]),
        (RequestLog { usage: retried, ..request(&context, 409) }, [0, 1, 2]),
        (request(&context, 412), [0, 1, 0]),
    ] {
        let line = line(request);
        assert_eq!(names.map(|name| line[name].as_u64().unwrap()), expected);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][1], description);
    }
}
