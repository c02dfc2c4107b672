//! Items that other writers put into the table: the console, an import, a migration.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    conditions::CONDITIONS,
    support::{
        Fault, Item, Other, Response, Service, change, collection, item_of, merged,
        movies::{filters, renames},
        new,
        requests::{Header, Request, changes, with as with_headers},
        string,
    },
};

/// The movie `new(1)`, as another writer stores it: without a version.
fn theirs() -> Item {
    item_of(&new(1))
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
        ("a version with a quote", with(theirs(), "etag", string("a\"b"))),
        ("a version that is no string", with(theirs(), "etag", AttributeValue::Bool(true))),
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
        let again = service.call("GET", &path).header("If-None-Match", read.etag()).send().await;
        assert_eq!(again.status, 304, "{kind}: the same content has the same version");
        for filter in filters() {
            let listed = service.list_all(&format!("{}?limit=10{filter}", collection())).await;
            assert_eq!(listed, [(new(1).id, new(1).body)].into(), "{kind}, {filter}");
        }
        service.put_item(&with(item, "rank", string("theirs"))).await;
        let is_theirs = read.etag() == "\"theirs\"";
        assert_eq!(service.get(&path).await.etag() == read.etag(), is_theirs, "{kind}: different content");
    }
}

/// Each kind of write to the movie.
fn writes() -> impl Iterator<Item = Request> {
    changes().into_iter().map(|write| Request { path: new(1).path, ..write })
}

#[tokio::test]
async fn an_item_with_valid_fields_is_written_if_its_conditions_hold() {
    let service = Service::start().await;
    for (n, (kind, item)) in movies().into_iter().enumerate() {
        for write in writes() {
            // Tests all conditions for the first kind, and a different quarter of them for each other kind.
            let every = if n == 0 { 1 } else { 4 };
            for (headers, status) in CONDITIONS.into_iter().skip(n % every).step_by(every) {
                service.empty().await;
                service.put_item(&item).await;
                let etag = service.get(&write.path).await.etag().to_owned();
                let response = with_headers(write.call(&service), headers, &etag).send().await;
                let row = format!("{kind}, {write:?}, {headers:?}");
                assert_eq!(response.status, status, "{row}: {response:?}");
                if status == 412 {
                    assert_eq!(service.stored_item(&new(1).id).await.as_ref(), Some(&item), "{row}");
                    continue;
                }
                let listed = service.list_all(collection()).await;
                let expected = (!write.body.is_null()).then(|| merged(&new(1).body, &write.body));
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
    let next = service.call("PUT", &path).header("If-Match", response.etag()).json(&change()).send().await;
    assert_eq!(next.status, 200, "{row}: the next write");
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
    const CURRENT: &[Header] = &[("If-Match", "\"CURRENT\"")];
    for write in writes() {
        let versioned = with(changed_by_them(), "etag", string("theirs"));
        for (other, item) in [("changes", Some(changed_by_them())), ("adopts", Some(versioned)), ("deletes", None)] {
            // Without a condition, a delete is one transaction without a read.
            for headers in [&[], CURRENT].into_iter().skip(usize::from(write.method == "DELETE")) {
                let service = Service::start().await;
                service.put_item(&theirs()).await;
                let etag = service.get(&write.path).await.etag().to_owned();
                let is_update = write.method != "DELETE" && !renames().contains(&write.body);
                let first = (is_update && headers.is_empty()).then_some(Fault::None);
                service.faults.inject(first.into_iter().chain([meanwhile(&service, item.clone())]));
                let response = with_headers(write.call(&service), headers, &etag).send().await;
                let row = format!("{write:?}, another {other}, {headers:?}");
                let status = match item {
                    None => 404,
                    Some(_) if headers == CURRENT => 412,
                    Some(_) => 200,
                };
                assert_eq!(response.status, status, "{row}: {response:?}");
                if status == 200 {
                    let expected = merged(&merged(&new(1).body, &change()), &write.body);
                    let (id, movie) = service.list_all(collection()).await.pop_first().unwrap();
                    assert_eq!((movie, response.json()), (expected.clone(), expected), "{row}");
                    assert_eq!(service.stored_item(&id).await.unwrap()["rank"], string("1"), "{row}");
                } else {
                    assert_eq!(service.stored_item(&new(1).id).await, item, "{row}");
                }
            }
        }
    }
}
