//! Writes that other clients overtake, between two calls or between two attempts: their statuses, and what is stored.

use serde_json::{Value, json};

use crate::support::{
    Fault, Other, Response, Service, change, collection, keyed::assert_replayed, merged, movies::renames, new,
    other_change,
};

/// A request for the movie `new(1)`.
type Request = (&'static str, Value);

/// Where the others act: before the retry of a call that had no response, or after its response.
const BEFORE_THE_RETRY: &[fn(Other) -> Fault] = &[Fault::ResponseLostThen, Fault::LateResponseThen];
const AFTERWARDS: &[fn(Other) -> Fault] = &[Fault::Meanwhile];

const NONE: &[(&str, &str)] = &[];
const CURRENT: &[(&str, &str)] = &[("If-Match", "CURRENT")];
const KEY: &[(&str, &str)] = &[("Idempotency-Key", "key")];
const KEY_AND_CURRENT: &[(&str, &str)] = &[("Idempotency-Key", "key"), ("If-Match", "CURRENT")];

/// A write, its headers, and the call that is overtaken (0 is the first one); where and how; the write's status, and the movie
/// that is stored in the end. `CURRENT` stands for the movie's ETag. The movie exists before, unless the write is a POST.
type Row = (
    Request,
    &'static [(&'static str, &'static str)],
    usize,
    &'static [fn(Other) -> Fault],
    Vec<Request>,
    u64,
    Option<Value>,
);

/// A change by another client, of the field that [`change`] sets too.
fn theirs() -> Value {
    let mut theirs = new(2).body;
    theirs.as_object_mut().unwrap().retain(|name, _| change().get(name).is_some());
    theirs
}

fn rows() -> Vec<Row> {
    let movie = new(1).body;
    let with = |patches: &[Value]| Some(patches.iter().fold(movie.clone(), |movie, patch| merged(&movie, patch)));
    let (mine, create, delete) = (merged(&change(), &other_change()), ("POST", movie.clone()), ("DELETE", json!(null)));
    let (update, once) = (("PUT", mine.clone()), vec![("PUT", theirs())]);
    let twice = vec![("PUT", change()), ("PUT", theirs())];
    let mut rows: Vec<Row> = vec![
        (create.clone(), NONE, 0, BEFORE_THE_RETRY, once.clone(), 200, with(&[theirs()])),
        (update.clone(), NONE, 0, BEFORE_THE_RETRY, once.clone(), 200, with(&[mine.clone(), theirs()])),
        (update.clone(), CURRENT, 0, BEFORE_THE_RETRY, once.clone(), 200, with(&[mine.clone(), theirs()])),
        // After two other writes, the item has no version by which the update recognizes itself.
        (update.clone(), CURRENT, 0, BEFORE_THE_RETRY, twice.clone(), 503, with(&[mine.clone(), theirs()])),
        (update.clone(), NONE, 0, BEFORE_THE_RETRY, vec![delete.clone()], 503, None),
        // A transaction knows its outcome, because DynamoDB remembers its token.
        (delete.clone(), NONE, 0, BEFORE_THE_RETRY, vec![create.clone()], 200, with(&[])),
        (create.clone(), KEY, 1, BEFORE_THE_RETRY, vec![delete.clone()], 200, None),
        (update.clone(), KEY, 2, BEFORE_THE_RETRY, twice, 200, with(&[mine, theirs()])),
        (("PUT", other_change()), KEY, 1, AFTERWARDS, once.clone(), 200, with(&[theirs(), other_change()])),
        (update.clone(), KEY, 1, AFTERWARDS, vec![delete.clone()], 404, None),
        (update, KEY_AND_CURRENT, 1, AFTERWARDS, once.clone(), 412, with(&[theirs()])),
    ];
    for patch in renames() {
        let (rename, taken) = (("PATCH", patch.clone()), ("POST", merged(&movie, &patch)));
        rows.extend([
            (rename.clone(), NONE, 0, AFTERWARDS, once.clone(), 200, with(&[theirs(), patch])),
            (rename.clone(), CURRENT, 0, AFTERWARDS, once.clone(), 412, with(&[theirs()])),
            (rename.clone(), NONE, 0, AFTERWARDS, vec![delete.clone()], 404, None),
            (rename, NONE, 0, AFTERWARDS, vec![taken], 409, with(&[])),
        ] as [Row; 4]);
    }
    rows
}

async fn send(service: &Service, (method, body): &Request, headers: &[(&str, &str)], etag: &str) -> Response {
    let path = if *method == "POST" { collection().to_owned() } else { new(1).path };
    let mut call = service.call(method, &path);
    for (name, value) in headers {
        call = call.header(name, &value.replace("CURRENT", etag));
    }
    if body.is_null() { call.send().await } else { call.json(body).send().await }
}

#[tokio::test]
async fn a_write_that_is_overtaken_is_neither_refused_falsely_nor_done_twice() {
    for (write, headers, call, faults, others, status, stored) in rows() {
        for fault in faults {
            let service = Service::start().await;
            let before = if write.0 == "POST" { None } else { Some(service.post(&new(1).body).await) };
            let etag = before.as_ref().map(Response::etag).unwrap_or_default();
            let (copy, all) = (service.other_copy(), others.clone());
            let others = Other::new(async move {
                for other in all {
                    assert_eq!(send(&copy, &other, NONE, "").await.status, 200, "{other:?}");
                }
            });
            let fault = fault(others);
            let row = format!("{write:?} {headers:?} {fault:?} at call {call}");
            service.faults.inject((0..call).map(|_| Fault::None).chain([fault]));
            let response = send(&service, &write, headers, etag).await;
            assert_eq!(response.status, status, "{row}: {response:?}");
            let is_elsewhere = response.headers.contains_key("location");
            let found = service.get(&if is_elsewhere { response.location() } else { new(1).path }).await;
            assert_eq!((found.status == 200).then(|| found.json()), stored, "{row}");
            if status == 200 && !response.body.is_empty() && response.body == found.body {
                assert_eq!(response.etag(), found.etag(), "{row}");
            }
            if headers == KEY && status == 200 {
                assert_replayed(&response, &send(&service, &write, headers, etag).await, &row);
            }
        }
    }
}
