//! Random sequences of all operations by two clients, on the service and on a map. Every response and the whole listing
//! must agree. With faults of DynamoDB calls, every response must be that of the map, or 503; then the table must agree
//! with the map before or after the operation.

mod expect;
mod step;

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::Config};
use serde_json::json;

use crate::support::{Response, Service, path_of};
use expect::{Model, Outcome, expect, holds, id_of, patch_of};
use step::{Operation, Step, Tags, YEARS, any_faults, any_step, fault};

async fn run(steps: Vec<Step>) {
    let first = Service::start().await;
    let has_faults = steps.iter().any(|step| !step.faults.is_empty());
    let clients = [first.other_copy(), first.other_copy()];
    // The ETags that each client saw last, and those that are current.
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
        let seen_tag = id.as_ref().and_then(|id| seen[step.client].get(id)).cloned();
        let is_current = seen_tag.is_some() && seen_tag.as_ref() == id.as_ref().and_then(|id| current.get(id));
        let holds = holds(step.if_match, step.if_none_match, is_current);
        let (method, path, body, expected) = expect(&model, &step.operation, holds);

        client.faults.inject(step.faults.iter().copied().map(fault));
        let mut call = client.call(method, &path);
        for (name, tags) in [("If-Match", step.if_match), ("If-None-Match", step.if_none_match)] {
            let value = match tags {
                _ if matches!(method, "GET" | "POST") => continue,
                Tags::Absent => continue,
                Tags::Any => "*",
                Tags::Empty => "\"\"",
                Tags::Seen => seen_tag.as_deref().unwrap_or("\"never seen\""),
            };
            call = call.header(name, value);
        }
        let call = if body.is_null() { call } else { call.json(&body) };
        let response = call.send().await;
        client.faults.clear();

        if response.status == 503 && has_faults {
            // A listing without faults shows whether the write happened.
            let found = first.list_all("/ns_movies/").await.into_iter().collect::<Model>();
            assert!(found == model || found == expected.after, "{step:?}: half done: {found:?}");
            model = found;
            current.clear();
            for id in model.keys() {
                current.insert(id.clone(), first.get(&path_of(id)).await.etag().to_owned());
            }
            continue;
        }
        check_response(&step, &response, &expected);
        remember(&step, &response, id.as_deref(), &mut seen[step.client], &mut current);
        model = expected.after;
    }
    let listed = first.list_all("/ns_movies/?limit=3").await.into_iter().collect::<Model>();
    assert_eq!(listed, model);
}

fn check_response(step: &Step, response: &Response, expected: &Outcome) {
    assert_eq!(response.status, expected.status, "{step:?}: {response:?}");
    if let Some(body) = &expected.body {
        assert_eq!(&response.json(), body, "{step:?}");
    }
}

fn remember(
    step: &Step,
    response: &Response,
    id: Option<&str>,
    seen: &mut BTreeMap<String, String>,
    current: &mut BTreeMap<String, String>,
) {
    if response.status != 200 {
        return;
    }
    if let Operation::Delete { .. } = step.operation {
        current.remove(id.unwrap());
        return;
    }
    let movie = response.json();
    let new_id = format!("{}-{}", movie["title"].as_str().unwrap(), movie["year"]);
    if let Some(id) = id.filter(|id| *id != new_id) {
        current.remove(id);
    }
    seen.insert(new_id.clone(), response.etag().to_owned());
    if let Some(known) = current.insert(new_id, response.etag().to_owned())
        && matches!(step.operation, Operation::Read { .. })
    {
        assert_eq!(known, response.etag(), "a read changes no etag");
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
    fn with_faults_each_response_is_the_maps_or_503(
        steps in prop::collection::vec(any_step(any_faults()), 1..20),
    ) {
        block_on(run(steps));
    }
}
