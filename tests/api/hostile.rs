//! Mutated and damaged events, and random bodies: no panic, no 5xx, always a well-formed reply.

use std::sync::OnceLock;

use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};

use crate::support::{EventFormat, Service, collection, new, send_event, stored};

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
            "%", "%zz", "bad host", "h:99999", "xn--", "é", "\u{0}", "=?&", "../", "\"", "\t\u{7f}"
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
    let path = if method == "POST" { collection().to_owned() } else { format!("{}?limit=1", stored().path) };
    service.call_through(EventFormat::ALL[source], method, &path).header("Host", "x").json(&new(1).body).event()
}

proptest! {
    #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

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
    fn a_random_body_is_never_a_server_error(body in any_json(), field in any::<prop::sample::Index>()) {
        let (runtime, service) = service();
        let mut whole = new(1).body;
        let names: Vec<_> = whole.as_object().unwrap().keys().cloned().collect();
        whole[field.get(&names)] = body.clone();
        for body in [body, whole] {
            for (method, path) in [("POST", collection()), ("PUT", &stored().path)] {
                let response = runtime.block_on(service.call(method, path).body(&body.to_string()).send());
                prop_assert!(response.status < 500, "{:?}", response);
            }
        }
    }
}
