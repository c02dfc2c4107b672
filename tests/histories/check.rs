//! Whether a history can be explained: some order of its operations, in which each takes effect at one moment between its
//! request and its response, gives the responses that the clients got.
//!
//! A write whose response is 503 may have happened or not, and may happen until the end of the history: it has no return.

use std::collections::BTreeMap;

use serde_json::Value;
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};

use crate::{
    history::{Event, Exchange, History, REPLAYED, Versions},
    plan::{IDS, Request},
    specification::{Action, Id, Movie, Named, Operation, Response, Tables},
    wire::Writes,
};

/// A thread of the tester does one thing at a time. The tester tries threads in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Thread {
    Client(usize),
    /// What a client's listing shows of an id.
    Listed(usize, usize),
    /// What may have happened at any time since.
    Unanswered(usize, usize),
}

/// Says what is wrong with a history, if anything is.
pub fn check(history: &History) -> Result<(), String> {
    let versions = history.versions()?;
    history.check_repetitions()?;
    for ids in linked(history) {
        if !explain(history, &versions, &ids)?.is_consistent() {
            let ids: Vec<_> = ids.iter().map(|id| IDS[*id].to_string()).collect();
            return Err(format!("no order of the operations on {} explains their responses", ids.join(", ")));
        }
    }
    Ok(())
}

/// Ids that neither a rename nor a key links are objects of their own. A history is linearizable if what happens to each
/// object is.
fn linked(history: &History) -> Vec<Vec<Id>> {
    let mut groups: Vec<Vec<Id>> = (0..IDS.len()).map(|id| vec![id]).collect();
    let mut of_keys = BTreeMap::new();
    for Exchange { step, .. } in &history.exchanges {
        let Request { action, key, .. } = step.request;
        let id = action.id();
        let renamed = if let Action::Rename(_, to, _) = action { Some(to) } else { None };
        for to in key.map(|key| *of_keys.entry(key).or_insert(id)).into_iter().chain(renamed) {
            let (linked, others): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|ids| ids.contains(&id) || ids.contains(&to));
            groups = others;
            groups.push(linked.concat());
        }
    }
    groups
}

/// What happened to these ids, for the tester.
fn explain(
    history: &History,
    versions: &Versions,
    ids: &[Id],
) -> Result<LinearizabilityTester<Thread, Tables>, String> {
    let mut tester = LinearizabilityTester::new(Tables::default());
    for event in &history.events {
        let (Event::Invoked(index) | Event::Returned(index)) = *event;
        let exchange = &history.exchanges[index];
        let response = exchange.response.as_ref().ok_or("an operation did not end")?;
        let is_known = response.status != 503;
        let operation = operation(exchange, versions);
        match (event, operation.action) {
            (Event::Invoked(_), Action::List(_)) if is_known => {
                for id in ids {
                    let action = Action::List(*id);
                    tester.on_invoke(Thread::Listed(exchange.client, *id), Operation { action, ..operation })?;
                }
            }
            (Event::Returned(_), Action::List(_)) if is_known => {
                for id in ids {
                    tester.on_return(Thread::Listed(exchange.client, *id), listed(&response.json(), *id)?)?;
                }
            }
            (_, action) if !ids.contains(&action.id()) => {}
            (Event::Invoked(_), _) => {
                for attempt in 0..unanswered(exchange) {
                    tester.on_invoke(Thread::Unanswered(index, attempt), operation)?;
                }
                if is_known {
                    tester.on_invoke(Thread::Client(exchange.client), operation)?;
                }
            }
            (Event::Returned(_), _) if is_known => {
                tester.on_return(Thread::Client(exchange.client), shown(exchange, versions)?)?;
            }
            (Event::Returned(_), _) => {}
        }
    }
    Ok(tester)
}

/// How many attempts have happened, or may happen until the end of the history, without the response that the client got:
/// the operation happens again with each, unless the movie's last two versions show it.
///
/// Deletes, renames and writes with a key are transactions: DynamoDB carries out one of their attempts, which have the same
/// token. A refusal tells that nothing has happened.
fn unanswered(exchange: &Exchange) -> usize {
    let Writes { arrived, done } = exchange.writes;
    let Request { action, key, .. } = exchange.step.request;
    let is_transaction = key.is_some() || matches!(action, Action::Delete(_) | Action::Rename(..));
    match exchange.response.as_ref().map(|response| response.status) {
        Some(503) if is_transaction => done.min(1),
        Some(503) => done,
        // One of those that arrived had the response.
        Some(200) if !is_transaction => done.min(arrived.saturating_sub(1)),
        _ => 0,
    }
}

fn operation(exchange: &Exchange, versions: &Versions) -> Operation {
    let named = |value: &Option<String>| {
        value.as_ref().map(|value| match value.as_str() {
            "*" => Named::Any,
            etag => versions.get(etag).map_or(Named::Unknown, |write| Named::Of(*write)),
        })
    };
    let Request { write, action, key, .. } = exchange.step.request;
    Operation { write, action, key, if_match: named(&exchange.if_match), if_none_match: named(&exchange.if_none_match) }
}

fn shown(exchange: &Exchange, versions: &Versions) -> Result<Response, String> {
    let response = exchange.response.as_ref().ok_or("an operation did not end")?;
    let mut shown = Response::of(response.status);
    shown.version = response.headers.get("etag").and_then(|etag| versions.get(etag)).copied();
    shown.replayed = response.headers.contains_key(REPLAYED);
    if response.status == 200 && !response.body.is_empty() {
        shown.movie = Some(Movie::read(&response.json())?);
    }
    Ok(shown)
}

fn listed(body: &Value, id: usize) -> Result<Response, String> {
    match body.get(IDS[id].to_string()) {
        None => Ok(Response::of(404)),
        Some(found) => Ok(Response { movie: Some(Movie::read(found)?), ..Response::of(200) }),
    }
}
