//! Items that other writers put into the table: the console, an import, a migration.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Call, Fault, Item, Response, Service, item, movie, path_of, string};

const ID: &str = "Row-1";
const PATH: &str = "/ns_movies/Row-1";

fn theirs() -> Item {
    item(ID)
}

fn with(mut item: Item, name: &str, value: AttributeValue) -> Item {
    item.insert(name.to_owned(), value);
    item
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

/// A row's name, `If-Match`, `If-None-Match`, whether a write happens, and the status of a read.
type Row = (&'static str, Option<String>, Option<String>, bool, u64);

fn conditions(etag: &str) -> Vec<Row> {
    let text = |text: &str| Some(text.to_owned());
    vec![
        ("no condition", None, None, true, 200),
        ("If-Match: the ETag", text(etag), None, true, 200),
        ("If-Match: the ETag and another", Some(format!("\"x\", {etag}")), None, true, 200),
        ("If-Match: *", text("*"), None, true, 200),
        ("If-Match: stale", text("\"stale\""), None, false, 412),
        ("If-Match: another content's", text("\"content.AAAAAAAAAAAAAAAAAAAAAA\""), None, false, 412),
        ("If-Match: empty", text("\"\""), None, false, 412),
        ("If-Match: not ASCII", text("\"é\""), None, false, 412),
        ("If-None-Match: the ETag", None, text(etag), false, 304),
        ("If-None-Match: the ETag, weak", None, Some(format!("W/{etag}")), false, 304),
        ("If-None-Match: another", None, text("\"x\""), true, 200),
        ("If-None-Match: another content's", None, text("\"content.AAAAAAAAAAAAAAAAAAAAAA\""), true, 200),
        ("If-None-Match: *", None, text("*"), false, 304),
        ("both hold", text(etag), text("\"x\""), true, 200),
        ("one holds", text(etag), text(etag), false, 304),
    ]
}

fn conditional<'a>(call: Call<'a>, if_match: Option<&String>, if_none_match: Option<&String>) -> Call<'a> {
    let headers = [("If-Match", if_match), ("If-None-Match", if_none_match)];
    headers.into_iter().fold(call, |call, (name, value)| match value {
        Some(value) => call.header(name, value),
        None => call,
    })
}

#[tokio::test]
async fn an_item_with_five_valid_fields_is_read_and_listed() {
    let service = Service::start().await;
    for (kind, item) in movies() {
        service.put_item(&item).await;
        let etag = service.get(PATH).await.etag().to_owned();
        for (name, if_match, if_none_match, _, status) in conditions(&etag) {
            for method in ["GET", "HEAD"] {
                let call = conditional(service.call(method, PATH), if_match.as_ref(), if_none_match.as_ref());
                let response = call.send().await;
                assert_eq!(response.status, status, "{kind}, {method}, {name}: {response:?}");
            }
        }
        assert_eq!(service.get(PATH).await.json(), movie("Row", 1), "{kind}");
        for path in ["/ns_movies/", "/ns_movies/?year=1"] {
            let listed = service.list_all(path).await;
            assert_eq!(listed, [(ID.to_owned(), movie("Row", 1))].into(), "{kind}, {path}");
        }
        // The same content has the same version, and different content has a different version.
        assert_eq!(service.get(PATH).await.etag(), etag, "{kind}");
        service.put_item(&with(item, "description", string("theirs"))).await;
        let is_theirs = etag == "\"theirs\"";
        assert_eq!(service.get(PATH).await.etag() == etag, is_theirs, "{kind}");
    }
}

/// A set has no order, so this one has a single name.
#[tokio::test]
async fn a_set_of_names_is_a_cast() {
    let service = Service::start().await;
    service.put_item(&with(theirs(), "cast", AttributeValue::Ss(vec!["Ann".to_owned()]))).await;
    assert_eq!(service.get(PATH).await.json()["cast"], json!(["Ann"]));
    let changed = service.call("PUT", PATH).json(&json!({"description": "mine"})).send().await;
    assert_eq!((changed.status, &changed.json()["cast"]), (200, &json!(["Ann"])));
}

/// The writes, and for each the id and the movie after it.
fn writes() -> Vec<(&'static str, Value, Option<&'static str>)> {
    vec![
        ("PUT", json!({"description": "mine"}), Some(ID)),
        ("PATCH", json!({"cast": ["mine"]}), Some(ID)),
        ("PUT", json!({"title": "Renamed"}), Some("Renamed-1")),
        ("PATCH", json!({"year": 2, "description": "mine"}), Some("Row-2")),
        ("DELETE", json!(null), None),
    ]
}

fn changed(body: &Value) -> Value {
    let mut movie = movie("Row", 1);
    for (name, value) in body.as_object().unwrap() {
        movie[name] = value.clone();
    }
    movie
}

fn call<'a>(service: &'a Service, method: &str, body: &Value) -> Call<'a> {
    let call = service.call(method, PATH);
    if body.is_null() { call } else { call.json(body) }
}

#[tokio::test]
async fn an_item_with_five_valid_fields_is_written_if_its_conditions_hold() {
    let service = Service::start().await;
    for (n, (kind, item)) in movies().into_iter().enumerate() {
        for (method, body, new_id) in writes() {
            service.put_item(&item).await;
            let etag = service.get(PATH).await.etag().to_owned();
            // Tests all conditions for the first kinds, and a different fifth of them for each other kind.
            let every = if n < 3 { 1 } else { 5 };
            let conditions = conditions(&etag).into_iter().skip(n % every).step_by(every);
            for (name, if_match, if_none_match, happens, _) in conditions {
                service.put_item(&item).await;
                let write = call(&service, method, &body);
                let response = conditional(write, if_match.as_ref(), if_none_match.as_ref()).send().await;
                let row = format!("{kind}, {method} {body}, {name}");
                if !happens {
                    assert_eq!(response.status, 412, "{row}: {response:?}");
                    assert_eq!(service.stored_item(ID).await.as_ref(), Some(&item), "{row}");
                    continue;
                }
                assert_eq!(response.status, 200, "{row}: {response:?}");
                let listed = service.list_all("/ns_movies/").await;
                let expected = new_id.map(|id| (id.to_owned(), changed(&body)));
                assert_eq!(listed, expected.into_iter().collect(), "{row}");
                if let Some(id) = new_id {
                    check_written(&service, &response, &item, id, &row).await;
                }
                service.empty().await;
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
    assert_eq!(service.get(&path_of(id)).await.etag(), response.etag(), "{row}");
    let own = ["id", "title", "year", "cast", "image", "description", "etag", "prior_etag"];
    for (name, value) in before.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        assert_eq!(after.get(name), Some(value), "{row}: {name}");
    }
    let known = service.call("PUT", &path_of(id)).header("If-Match", response.etag());
    assert_eq!(known.json(&json!({"cast": []})).send().await.status, 200, "{row}: the next write");
}

#[tokio::test]
async fn a_fault_beneath_a_write_to_such_an_item_is_a_success_or_503() {
    let faults: [fn() -> Fault; 5] =
        [|| Fault::ResponseLost, || Fault::Reset, || Fault::Throttled, || Fault::ServerErrorAfter, || Fault::Conflict];
    for (method, body, new_id) in writes() {
        for (fault, has_condition, calls_before) in faults
            .iter()
            .flat_map(|fault| [false, true].into_iter().flat_map(move |c| (0..3).map(move |n| (fault, c, n))))
        {
            let service = Service::start().await;
            service.put_item(&theirs()).await;
            let etag = service.get(PATH).await.etag().to_owned();
            let row = format!("{method} {body} {:?}, condition: {has_condition}, call {calls_before}", fault());
            service.faults.inject((0..calls_before).map(|_| Fault::None).chain([fault()]));
            let write = call(&service, method, &body);
            let write = if has_condition { write.header("If-Match", &etag) } else { write };
            let response = write.send().await;
            service.faults.clear();
            // The first call of such an update detects that the item is from another writer. If a response was lost,
            // the other writer may have replaced the item after the update.
            let may_be_unknown = new_id == Some(ID) && !has_condition && calls_before == 0;
            assert!(response.status == 200 || may_be_unknown && response.status == 503, "{row}: {response:?}");
            let is_done = service.stored_item(ID).await != Some(theirs());
            assert_eq!(is_done, response.status == 200, "{row}");
        }
    }
}

/// What another writer does to the item between this service's read and its write.
fn meanwhile(service: &Service, new: Option<Item>) -> Fault {
    let copy = service.other_copy();
    Fault::Meanwhile(Box::pin(async move {
        copy.empty().await;
        if let Some(item) = new {
            copy.put_item(&item).await;
        }
    }))
}

#[tokio::test]
async fn another_writer_between_the_read_and_the_write_is_noticed() {
    let changed_item = || with(theirs(), "description", string("theirs"));
    let versioned = || with(changed_item(), "etag", string("theirs"));
    for (method, body, new_id) in writes() {
        for (other, new) in [("changes", Some(changed_item())), ("adopts", Some(versioned())), ("deletes", None)] {
            for has_condition in [false, true] {
                let service = Service::start().await;
                service.put_item(&theirs()).await;
                let etag = service.get(PATH).await.etag().to_owned();
                let is_update = new_id == Some(ID);
                if method == "DELETE" && !has_condition {
                    // This is one transaction without a read.
                    continue;
                }
                let first = (is_update && !has_condition).then_some(Fault::None);
                service.faults.inject(first.into_iter().chain([meanwhile(&service, new.clone())]));
                let write = call(&service, method, &body);
                let write = if has_condition { write.header("If-Match", &etag) } else { write };
                let response = write.send().await;
                let row = format!("{method} {body}, another {other}, condition: {has_condition}");
                let status = if new.is_none() {
                    404
                } else if has_condition {
                    412
                } else {
                    200
                };
                assert_eq!(response.status, status, "{row}: {response:?}");
                if status == 200 {
                    let mut expected = changed(&body);
                    if body.get("description").is_none() {
                        expected["description"] = json!("theirs");
                    }
                    assert_eq!(response.json(), expected, "{row}");
                    assert_eq!(service.get(&path_of(new_id.unwrap())).await.json(), expected, "{row}");
                } else {
                    assert_eq!(service.stored_item(ID).await, new, "{row}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_attribute_that_another_writer_adds_meanwhile_survives_an_update() {
    let service = Service::start().await;
    service.put_item(&theirs()).await;
    service.faults.inject([Fault::None, meanwhile(&service, Some(with(theirs(), "rank", string("1"))))]);
    assert_eq!(call(&service, "PUT", &json!({"cast": []})).send().await.status, 200);
    assert_eq!(service.stored_item(ID).await.unwrap()["rank"], string("1"));
}

#[tokio::test]
async fn a_rename_to_the_id_of_such_an_item_is_409_and_so_is_a_create() {
    let service = Service::start().await;
    service.put_item(&theirs()).await;
    service.post(&movie("Other", 1)).await;
    let rename = service.call("PUT", "/ns_movies/Other-1").json(&json!({"title": "Row"})).send().await;
    assert_eq!((rename.status, service.post(&movie("Row", 1)).await.status), (409, 409));
    assert_eq!(service.stored_item(ID).await, Some(theirs()));
}
