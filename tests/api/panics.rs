//! A panic in an operation affects only that request.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    contract::template,
    openapi::operations,
    support::{EventFormat, Fault, Service, change, collection, new, other_change, stored},
};

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing_of_it() {
    let service = Service::seeded().await;
    let path = stored().path.as_str();
    let documented = operations().filter(|(.., operation)| operation["responses"].get("500").is_some());
    let mut documented: BTreeSet<_> = documented.map(|(path, method, _)| (method, path)).collect();
    for (method, path, body) in [
        ("GET", path, json!(null)),
        ("HEAD", path, json!(null)),
        ("GET", collection(), json!(null)),
        ("GET", "/health", json!(null)),
        ("POST", collection(), new(1).body),
        ("PUT", path, change()),
        ("PATCH", path, other_change()),
        ("DELETE", path, json!(null)),
    ] {
        for source in EventFormat::ALL {
            service.faults.inject([Fault::Panic]);
            let response = service.call_through(source, method, path).json(&body).send().await;
            assert_eq!(response.status, 500, "{source:?} {method} {path}: {response:?}");
            assert_eq!(response.headers["access-control-allow-origin"], "*", "{source:?} {method} {path}");
            assert!(!response.body.contains("injected"), "{source:?} {method} {path}: {response:?}");
        }
        documented.remove(&(method, template(path).unwrap()));
    }
    assert_eq!(documented, BTreeSet::new(), "the document has a 500 that no request gets");
    assert_eq!(service.list_all(collection()).await.len(), 2);
    assert_eq!(service.post(&new(1).body).await.status, 200);
}
