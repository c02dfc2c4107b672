//! Items that other writers put into the table: the console, an import, a migration.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::{
    conditions::{CONDITIONS, with_conditions, writes},
    support::{
        Call, Fault, Item, Other, Response, Service, change, collection, merged,
        movies::{filters, renames},
        new, other_change, string,
    },
};

/// The movie `new(1)`, as another writer stores it: without a version.
fn theirs() -> Item {
    let mut item: Item = serde_dynamo::to_item(new(1).body).unwrap();
    item.insert("id".to_owned(), string(&new(1).id));
    item
}

fn with(mut item: Item, name: &str, value: AttributeValue) -> Item {
    item.insert(name.to_owned(), value);
    item
}

/// The item after another writer has changed a field and added an attribute.
fn changed_by_them() -> Item {
    let fields: Item = serde_dynamo::to_item(change()).unwrap();
    with(theirs().into_iter().chain(fields).collect(), "rank", string("1"))
}

/// Items that are movies, each with something that this service would not write.
fn movies() -> Vec<(&'static str, Item)> {
    let deep = AttributeValue::M(HashMap::from([
        ("a".to_owned(), AttributeValue::L(vec![AttributeValue::Null(true), AttributeValue::N("1.5".to_owned())])),
        ("b".to_owned(), AttributeValue::Ss(vec!["x".to_owned()])),
        ("c".to_owned(), AttributeValue::B(b"\x00\xff".to_vec().into())),
    ]));
    let odd = ["a b", "é#:", "select"].into_iter().fold(theirs(), |item, name| with(item, name, string("")));
    let many = (0..150).fold(theirs(), |item, n| with(item, &format!("attribute {n}"), AttributeValue::Bool(true)));
    vec![
        ("no version", theirs()),
        ("an empty version", with(theirs(), "etag", string(""))),
        ("a version with a quote", with(theirs(), "etag", string("a\"b"))),
        ("a version that is not ASCII", with(theirs(), "etag", string("é"))),
        ("a version that is no string", with(theirs(), "etag", AttributeValue::Bool(true))),
        ("only a prior version", with(theirs(), "prior_etag", string("before"))),
        ("only a version", with(theirs(), "etag", string("theirs"))),
        ("a prior version of another type", with(with(theirs(), "etag", string("theirs")), "prior_etag", deep.clone())),
        ("other attributes", with(theirs(), "rank", deep)),
        ("odd names", odd),
        ("many attributes", many),
    ]
}

#[tokio::test]
async fn an_item_with_valid_fields_is_read_and_listed() {
    let service = Service::start().await;
    let path = new(1).path;
    for (kind, item) in movies() {
        service.put_item(&item).await;
        let read = service.get(&path).await;
        assert_eq!(read.json(), new(1).body, "{kind}");
        for row in CONDITIONS {
            for method in ["GET", "HEAD"] {
                let response = with_conditions(service.call(method, &path), row, read.etag()).send().await;
                assert_eq!(response.status, row.3, "{kind}, {method}, {row:?}: {response:?}");
            }
        }
        for filter in filters() {
            let listed = service.list_all(&format!("{}?limit=10{filter}", collection())).await;
            assert_eq!(listed, [(new(1).id, new(1).body)].into(), "{kind}, {filter}");
        }
        // The same content has the same version, and different content has a different version.
        assert_eq!(service.get(&path).await.etag(), read.etag(), "{kind}");
        service.put_item(&with(item, "rank", string("theirs"))).await;
        let is_theirs = read.etag() == "\"theirs\"";
        assert_eq!(service.get(&path).await.etag() == read.etag(), is_theirs, "{kind}");
    }
}

fn call<'a>(service: &'a Service, method: &str, body: &Value) -> Call<'a> {
    let call = service.call(method, &new(1).path);
    if body.is_null() { call } else { call.json(body) }
}

#[tokio::test]
async fn an_item_with_valid_fields_is_written_if_its_conditions_hold() {
    let service = Service::start().await;
    for (n, (kind, item)) in movies().into_iter().enumerate() {
        for (method, body) in writes() {
            // Tests all conditions for the first kind, and a different sixth of them for each other kind.
            let every = if n == 0 { 1 } else { 6 };
            for condition in CONDITIONS.into_iter().skip(n % every).step_by(every) {
                service.empty().await;
                service.put_item(&item).await;
                let etag = service.get(&new(1).path).await.etag().to_owned();
                let response = with_conditions(call(&service, method, &body), condition, &etag).send().await;
                let row = format!("{kind}, {method} {body}, {condition:?}");
                assert_eq!(response.status, condition.2, "{row}: {response:?}");
                if response.status == 412 {
                    assert_eq!(service.stored_item(&new(1).id).await.as_ref(), Some(&item), "{row}");
                    continue;
                }
                let listed = service.list_all(collection()).await;
                let expected = (!body.is_null()).then(|| merged(&new(1).body, &body));
                assert_eq!(listed.values().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "{row}");
                for id in listed.keys() {
                    check_written(&service, &response, &item, id, &row).await;
                }
            }
        }
    }
}

/// Now the item has a version of this service. Its other attributes are unchanged.
async fn check_written(service: &Service, response: &Response, before: &Item, id: &str, row: &str) {
    let after = service.stored_item(id).await.unwrap();
    let etag = after["etag"].as_s().unwrap();
    assert_eq!(response.etag(), format!("\"{etag}\""), "{row}");
    assert!(etag.len() == 22 && after["prior_etag"].is_s(), "{row}: {after:?}");
    for (name, value) in before {
        if new(1).body.get(name).is_none() && !["id", "etag", "prior_etag"].contains(&name.as_str()) {
            assert_eq!(after.get(name), Some(value), "{row}: {name}");
        }
    }
    let path = if response.headers.contains_key("location") { response.location() } else { new(1).path };
    assert_eq!(service.get(&path).await.etag(), response.etag(), "{row}");
    let known = service.call("PUT", &path).header("If-Match", response.etag()).json(&change()).send().await;
    assert_eq!(known.status, 200, "{row}: the next write");
}

#[tokio::test]
async fn a_fault_beneath_a_write_to_such_an_item_is_a_success_or_503() {
    let faults: [fn() -> Fault; 5] =
        [|| Fault::ResponseLost, || Fault::Reset, || Fault::Throttled, || Fault::ServerErrorAfter, || Fault::Conflict];
    for (method, body) in writes() {
        for (fault, if_match, calls_before) in faults
            .iter()
            .flat_map(|fault| [None, Some("\"CURRENT\"")].map(|c| [0, 1, 2].map(|n| (fault, c, n))))
            .flatten()
        {
            let service = Service::start().await;
            service.put_item(&theirs()).await;
            let etag = service.get(&new(1).path).await.etag().to_owned();
            let row = format!("{method} {body} {:?}, If-Match: {if_match:?}, call {calls_before}", fault());
            service.faults.inject((0..calls_before).map(|_| Fault::None).chain([fault()]));
            let write = with_conditions(call(&service, method, &body), (if_match, None, 0, 0), &etag);
            service.faults.take_calls();
            let response = write.send().await;
            service.faults.clear();
            // The first call of such an update detects that the item is from another writer. If its response was lost,
            // the other writer may have replaced the item after the update.
            let is_unknown = !matches!(fault(), Fault::Throttled | Fault::Conflict)
                && calls_before == 0
                && service.faults.take_calls()[0] == "UpdateItem";
            assert_eq!(response.status, if is_unknown { 503 } else { 200 }, "{row}: {response:?}");
            assert_eq!(service.stored_item(&new(1).id).await != Some(theirs()), !is_unknown, "{row}");
        }
    }
}

/// What another writer does to the item between this service's read and its write.
fn meanwhile(service: &Service, new: Option<Item>) -> Fault {
    let copy = service.other_copy();
    Fault::Meanwhile(Other::new(async move {
        copy.empty().await;
        if let Some(item) = new {
            copy.put_item(&item).await;
        }
    }))
}

#[tokio::test]
async fn another_writer_between_the_read_and_the_write_is_noticed() {
    for (method, body) in writes() {
        let versioned = with(changed_by_them(), "etag", string("theirs"));
        for (other, item) in [("changes", Some(changed_by_them())), ("adopts", Some(versioned)), ("deletes", None)] {
            // Without a condition, a delete is one transaction without a read.
            for if_match in [None, Some("\"CURRENT\"")].into_iter().skip(usize::from(method == "DELETE")) {
                let service = Service::start().await;
                service.put_item(&theirs()).await;
                let etag = service.get(&new(1).path).await.etag().to_owned();
                let is_update = method != "DELETE" && !renames().contains(&body);
                let first = (is_update && if_match.is_none()).then_some(Fault::None);
                service.faults.inject(first.into_iter().chain([meanwhile(&service, item.clone())]));
                let write = with_conditions(call(&service, method, &body), (if_match, None, 0, 0), &etag);
                let response = write.send().await;
                let row = format!("{method} {body}, another {other}, If-Match: {if_match:?}");
                let status = match (&item, if_match) {
                    (None, _) => 404,
                    (Some(_), Some(_)) => 412,
                    (Some(_), None) => 200,
                };
                assert_eq!(response.status, status, "{row}: {response:?}");
                if status == 200 {
                    let expected = merged(&merged(&new(1).body, &change()), &body);
                    assert_eq!(response.json(), expected, "{row}");
                    let (id, movie) = service.list_all(collection()).await.pop_first().unwrap();
                    assert_eq!(movie, expected, "{row}");
                    assert_eq!(service.stored_item(&id).await.unwrap()["rank"], string("1"), "{row}");
                } else {
                    assert_eq!(service.stored_item(&new(1).id).await, item, "{row}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_create_of_such_an_item_is_409() {
    let service = Service::start().await;
    service.put_item(&theirs()).await;
    assert_eq!(service.post(&merged(&new(1).body, &other_change())).await.status, 409);
    assert_eq!(service.stored_item(&new(1).id).await, Some(theirs()));
}
