//! Events that real gateways send. The name of each row is the kind of input.
//!
//! The event of a row is a file in `cases/`, with changes for other kinds.

mod base_paths;
mod http_apis;
mod http_version_1;
mod replies;

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use crate::support::{Response, Service, movie, send_event};

/// A row.
struct Case {
    kind: &'static str,
    file: &'static str,
    /// A merge patch (RFC 7396) on the file.
    changes: Value,
    status: u64,
    expected: Expected,
}

/// What a row expects in addition to its status.
enum Expected {
    /// The body contains a text.
    Body(&'static str),
    /// There is no body: the reply does not contain one, or it is an empty string.
    NoBody,
    /// A header, with references resolved against the URL's path in the request.
    Header(&'static str, &'static str),
    /// The movie with this id is deleted. All others are unchanged.
    Deleted(&'static str),
    /// There is one more movie, with this id, and `Location` is its URL.
    Created(&'static str, &'static str),
    /// Only the description of the movie with this id has changed.
    Changed(&'static str),
}
use Expected::{Body, Changed, Created, Deleted, Header, NoBody};

const TITLES: [&str; 8] = ["The Dare", "Case ALB delete", "100% Wolf", "%41", "A", "Face/Off", "ns_movies/X", "health"];

/// Sends each event to a service with a `BASE_PATH`.
async fn check(base_path: &str, cases: Vec<Case>) {
    for case in cases {
        let kind = case.kind;
        let mut service = Service::start().await;
        service.app.set("BASE_PATH", base_path);
        for title in TITLES {
            let year = if title == "Case ALB delete" { 2001 } else { 2020 };
            assert_eq!(service.post(&movie(title, year)).await.status, 200, "{kind}: {title}");
        }
        let before = service.list_all("/ns_movies/").await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/api/cases/{}.json", case.file));
        let mut event = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        merge(&mut event, &case.changes);
        let response = send_event(&service.app, event.to_string().as_bytes()).await;
        assert_eq!(response.status, case.status, "{kind}: {response:?}");
        assert!(!response.reply.get("body").is_some_and(Value::is_null), "{kind}: {response:?}");
        let after = service.list_all("/ns_movies/").await;
        case.expected.check(&response, before, &after, kind);
    }
}

impl Expected {
    fn check(&self, response: &Response, before: BTreeMap<String, Value>, after: &BTreeMap<String, Value>, kind: &str) {
        let mut expected = before;
        match self {
            Body(text) => assert!(response.body.contains(text), "{kind}: {response:?}"),
            NoBody => assert_eq!(response.reply.get("body").map_or(Some(""), Value::as_str), Some(""), "{kind}"),
            Header("link", next) => {
                let link = response.resolve(response.link().unwrap_or_else(|| panic!("{kind}: {response:?}")));
                assert!(link.starts_with(next), "{kind}: {link}");
            }
            Header(name, value) => {
                assert_eq!(response.headers.get(*name).map(String::as_str), Some(*value), "{kind}: {response:?}");
            }
            Deleted(id) => assert!(expected.remove(*id).is_some(), "{kind}"),
            Created(id, location) => {
                assert_eq!(response.resolve(&response.headers["location"]), *location, "{kind}");
                expected.insert((*id).to_owned(), response.json());
            }
            Changed(id) => expected.get_mut(*id).unwrap()["description"] = json!("Changed."),
        }
        assert_eq!(after, &expected, "{kind}");
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else { return *target = patch.clone() };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        if change.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], change);
        }
    }
}
