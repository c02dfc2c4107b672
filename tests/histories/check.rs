//! Checks whether a history is linearizable: an order of its operations must explain all responses that the clients got. In
//! this order, each operation takes effect at one moment between its request and its response.
//!
//! A write with the response 503 may take effect at any time until the end of the history, or never. So the tester gets its
//! request, but not its response.

use std::collections::BTreeMap;

use serde_json::Value;
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};

use crate::{
    history::{Event, Exchange, History, REPLAYED, Versions},
    plan::{IDS, Request},
    specification::{Action, Id, Movie, Named, Operation, Response, Tables},
    wire::Writes,
};

/// A thread of the tester, with at most one operation at a time. The tester tries the threads in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Thread {
    Client(usize),
    /// The part of a client's listing that concerns one id.
    Listed(usize, usize),
    /// An attempt whose response the client did not get. It may take effect at any time after the request, or never.
    Unanswered(usize, usize),
}

/// Checks a history. The error says what is wrong with it.
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

/// Groups the ids that a rename or a key links. Operations on different groups do not affect each other, so a history is
/// linearizable if the history of each group is.
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

/// A tester with all operations on these ids.
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

/// The number of attempts that took effect, or may still take effect, in addition to the attempt whose response the client
/// got. The operation happens again with each of them, unless one of the movie's last two versions is that of the operation.
///
/// Deletes, renames and writes with a key are transactions. All attempts of a transaction have the same token, so DynamoDB
/// carries out only one of them. If the response is a refusal, nothing was written.
fn unanswered(exchange: &Exchange) -> usize {
    let Writes { arrived, done } = exchange.writes;
    let Request { action, key, .. } = exchange.step.request;
    let is_transaction = key.is_some() || matches!(action, Action::Delete(_) | Action::Rename(..));
    match exchange.response.as_ref().map(|response| response.status) {
        Some(503) if is_transaction => done.min(1),
        Some(503) => done,
        // The client got the response to one of the attempts that arrived.
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
    // If all responses to a write were lost, the service finds the record of its own write, and marks the response too.
    shown.replayed = response.headers.contains_key(REPLAYED) && exchange.writes.done == 0;
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
