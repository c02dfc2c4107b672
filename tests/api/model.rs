//! Random sequences of all operations by two clients, against the service and a plain map: every answer and the whole
//! listing must agree. Then again with faults beneath the SDK: every answer must be the map's, or 503 and either the
//! map before or the map after.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};

use crate::support::{Fault, Response, Service, movie, path_of};

/// Few titles and years, so that operations meet.
const TITLES: [&str; 4] = ["A", "A-1", "Face/Off", "é?"];
const YEARS: [u16; 2] = [1, 2020];

#[derive(Clone, Debug)]
struct Step {
    client: usize,
    operation: Operation,
    /// Whether the write is conditional on the etag that the client saw last.
    if_match: bool,
    faults: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Operation {
    Create { id: (usize, usize), text: u8 },
    Read { id: (usize, usize) },
    Update { id: (usize, usize), text: Option<u8>, cast: Option<u8> },
    Rename { id: (usize, usize), to: (Option<usize>, Option<usize>), text: Option<u8> },
    Delete { id: (usize, usize) },
    List { year: Option<usize>, limit: usize },
}

fn any_id() -> impl Strategy<Value = (usize, usize)> {
    (0..TITLES.len(), 0..YEARS.len())
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let text = || prop::option::of(0..4_u8);
    prop_oneof![
        3 => (any_id(), 0..4_u8).prop_map(|(id, text)| Operation::Create { id, text }),
        2 => any_id().prop_map(|id| Operation::Read { id }),
        3 => (any_id(), text(), text()).prop_map(|(id, text, cast)| Operation::Update { id, text, cast }),
        3 => (any_id(), (prop::option::of(0..TITLES.len()), prop::option::of(0..YEARS.len())), text())
            .prop_map(|(id, to, text)| Operation::Rename { id, to, text }),
        2 => any_id().prop_map(|id| Operation::Delete { id }),
        1 => (prop::option::of(0..YEARS.len()), 1..4_usize).prop_map(|(year, limit)| Operation::List { year, limit }),
    ]
}

fn any_step(faults: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Step> {
    (0..2_usize, any_operation(), prop::bool::weighted(0.3), faults)
        .prop_map(|(client, operation, if_match, faults)| Step { client, operation, if_match, faults })
}

/// What should be in the table.
type Model = BTreeMap<String, Value>;

fn id_of((title, year): (usize, usize)) -> String {
    format!("{}-{}", TITLES[title], YEARS[year])
}

fn created((title, year): (usize, usize), text: u8) -> Value {
    let mut movie = movie(TITLES[title], YEARS[year]);
    movie["description"] = json!(text.to_string());
    movie
}

/// What a step should answer, and leave behind.
struct Precondition {
    status: u64,
    body: Option<Value>,
    after: Model,
}

/// The request of a step, and its outcome on a plain map. `stale` tells that the condition is on an outdated etag.
fn expect(model: &Model, operation: &Operation, stale: bool) -> (&'static str, String, Value, Precondition) {
    let refuse = |status| Precondition { status, body: None, after: model.clone() };
    match operation {
        Operation::Create { id, text } => {
            let (id, movie) = (id_of(*id), created(*id, *text));
            let mut after = model.clone();
            let expected = if model.contains_key(&id) {
                refuse(409)
            } else {
                after.insert(id, movie.clone());
                Precondition { status: 200, body: Some(movie.clone()), after }
            };
            ("POST", "/ns_movies/".to_owned(), movie, expected)
        }
        Operation::Read { id } => {
            let id = id_of(*id);
            let expected = match model.get(&id) {
                Some(movie) => Precondition { status: 200, body: Some(movie.clone()), after: model.clone() },
                None => refuse(404),
            };
            ("GET", path_of(&id), Value::Null, expected)
        }
        Operation::Update { .. } | Operation::Rename { .. } => {
            let (id, patch) = patch_of(operation);
            let expected = match model.get(&id) {
                _ if patch == json!({}) => refuse(400),
                None => refuse(404),
                Some(_) if stale => refuse(412),
                Some(movie) => {
                    let mut movie = movie.clone();
                    for (name, value) in patch.as_object().unwrap() {
                        movie[name] = value.clone();
                    }
                    let new_id = format!("{}-{}", movie["title"].as_str().unwrap(), movie["year"]);
                    if new_id != id && model.contains_key(&new_id) {
                        refuse(409)
                    } else {
                        let mut after = model.clone();
                        after.remove(&id);
                        after.insert(new_id, movie.clone());
                        Precondition { status: 200, body: Some(movie), after }
                    }
                }
            };
            ("PATCH", path_of(&id), patch, expected)
        }
        Operation::Delete { id } => {
            let id = id_of(*id);
            let mut after = model.clone();
            let expected = match after.remove(&id) {
                None => refuse(404),
                Some(_) if stale => refuse(412),
                Some(_) => Precondition { status: 200, body: None, after },
            };
            ("DELETE", path_of(&id), Value::Null, expected)
        }
        Operation::List { .. } => unreachable!("a listing is checked by itself"),
    }
}

fn patch_of(operation: &Operation) -> (String, Value) {
    let mut patch = json!({});
    let (id, text) = match operation {
        Operation::Update { id, text, cast } => {
            if let Some(cast) = cast {
                patch["cast"] = json!([cast.to_string()]);
            }
            (id, text)
        }
        Operation::Rename { id, to: (title, year), text } => {
            if let Some(title) = title {
                patch["title"] = json!(TITLES[*title]);
            }
            if let Some(year) = year {
                patch["year"] = json!(YEARS[*year]);
            }
            (id, text)
        }
        other => unreachable!("{other:?} has no patch"),
    };
    if let Some(text) = text {
        patch["description"] = json!(text.to_string());
    }
    (id_of(*id), patch)
}

fn fault(number: u8) -> Fault {
    match number {
        0 => Fault::None,
        1 => Fault::ResponseLost,
        2 => Fault::Reset,
        3 => Fault::Throttled,
        4 => Fault::ServerErrorAfter,
        5 => Fault::ServerError,
        _ => Fault::Conflict,
    }
}

async fn run(steps: Vec<Step>) {
    let first = Service::start().await;
    let clients = [first.other_copy(), first.other_copy()];
    // What each client saw last, and what is current.
    let mut seen: [BTreeMap<String, String>; 2] = Default::default();
    let mut current: BTreeMap<String, String> = BTreeMap::new();
    let mut model = Model::new();
    for step in steps {
        let client = &clients[step.client];
        if let Operation::List { year, limit } = step.operation {
            check_listing(client, &model, year, limit).await;
            continue;
        }
        let id = match &step.operation {
            Operation::Create { .. } | Operation::List { .. } => None,
            Operation::Read { id } | Operation::Delete { id } => Some(id_of(*id)),
            operation => Some(patch_of(operation).0),
        };
        let etag = id.as_ref().filter(|_| step.if_match).and_then(|id| seen[step.client].get(id)).cloned();
        let stale = etag.is_some() && etag.as_ref() != id.as_ref().and_then(|id| current.get(id));
        let (method, path, body, expected) = expect(&model, &step.operation, stale);

        let has_faults = !step.faults.is_empty();
        client.faults.inject(step.faults.iter().copied().map(fault));
        let mut call = client.call(method, &path);
        if let Some(etag) = etag.filter(|_| method != "GET") {
            call = call.header("If-Match", &etag);
        }
        let call = if body.is_null() { call } else { call.json(&body) };
        let answer = call.send().await;
        client.faults.clear();

        if answer.status == 503 && has_faults {
            // The write happened or it did not; which, a listing without faults tells.
            let found = first.list_all("/ns_movies/").await.into_iter().collect::<Model>();
            assert!(found == model || found == expected.after, "{step:?}: half done: {found:?}");
            model = found;
            current.clear();
            for id in model.keys() {
                current.insert(id.clone(), first.get(&path_of(id)).await.etag().to_owned());
            }
            continue;
        }
        check_answer(&step, &answer, &expected);
        remember(&step, &answer, id.as_deref(), &mut seen[step.client], &mut current);
        model = expected.after;
    }
    let listed = first.list_all("/ns_movies/?limit=3").await.into_iter().collect::<Model>();
    assert_eq!(listed, model);
}

fn check_answer(step: &Step, answer: &Response, expected: &Precondition) {
    assert_eq!(answer.status, expected.status, "{step:?}: {answer:?}");
    if let Some(body) = &expected.body {
        assert_eq!(&answer.json(), body, "{step:?}");
    }
}

fn remember(
    step: &Step,
    answer: &Response,
    id: Option<&str>,
    seen: &mut BTreeMap<String, String>,
    current: &mut BTreeMap<String, String>,
) {
    if answer.status != 200 {
        return;
    }
    if let Operation::Delete { .. } = step.operation {
        current.remove(id.unwrap());
        return;
    }
    let movie = answer.json();
    let new_id = format!("{}-{}", movie["title"].as_str().unwrap(), movie["year"]);
    if let Some(id) = id.filter(|id| *id != new_id) {
        current.remove(id);
    }
    seen.insert(new_id.clone(), answer.etag().to_owned());
    if let Some(known) = current.insert(new_id, answer.etag().to_owned())
        && matches!(step.operation, Operation::Read { .. })
    {
        assert_eq!(known, answer.etag(), "a read changes no etag");
    }
}

async fn check_listing(client: &Service, model: &Model, year: Option<usize>, limit: usize) {
    let year = year.map(|year| YEARS[year]);
    let query = year.map(|year| format!("&year={year}")).unwrap_or_default();
    let listed = client.list_all(&format!("/ns_movies/?limit={limit}{query}")).await;
    let expected = model.iter().filter(|(_, movie)| year.is_none_or(|year| movie["year"] == json!(year)));
    assert_eq!(listed, expected.map(|(id, movie)| (id.clone(), movie.clone())).collect());
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(Config { cases: 64, failure_persistence: None, ..Config::default() })]

    #[test]
    fn two_clients_see_what_a_plain_map_would_show(
        steps in prop::collection::vec(any_step(Just(Vec::new())), 1..40),
    ) {
        block_on(run(steps));
    }

    #[test]
    fn with_faults_each_answer_is_true_or_503(
        steps in prop::collection::vec(any_step(prop::collection::vec(0..7_u8, 0..5)), 1..20),
    ) {
        block_on(run(steps));
    }
}
