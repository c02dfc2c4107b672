//! A panic in an operation affects only that request.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    contract::template,
    openapi::operations,
    support::{EventFormat, Fault, Service, movie},
};

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing_of_it() {
    let service = Service::seeded().await;
    let path = "/ns_movies/The%20Dare-2020";
    let documented = operations().filter(|(.., operation)| operation["responses"].get("500").is_some());
    let mut documented: BTreeSet<_> = documented.map(|(path, method, _)| (method, path)).collect();
    for (method, path, body) in [
        ("GET", path, json!(null)),
        ("HEAD", path, json!(null)),
        ("GET", "/ns_movies/", json!(null)),
        ("GET", "/health", json!(null)),
        ("POST", "/ns_movies/", movie("New", 2020)),
        ("PUT", path, json!({"cast": []})),
        ("PATCH", path, json!({"year": 2021})),
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
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
    assert_eq!(service.post(&movie("New", 2020)).await.status, 200);
}
