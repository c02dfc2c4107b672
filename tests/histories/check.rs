//! Checks whether a history is linearizable: an order of its operations must explain all responses that the clients got. In
//! this order, each operation takes effect at one moment between its request and its response.
//!
//! A write with the response 503 may take effect at any time until the end of the history, or never. So the tester gets its
//! request, but not its response.

use std::{collections::BTreeMap, sync::Arc};

use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};

use crate::{
    action::Plain,
    history::{Event, Exchange, History, REPLAYED, Versions},
    movie,
    plan::Request,
    specification::{IDS, Id, Named, Operation, Response, Tables},
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
    history.check_availability()?;
    for ids in linked(history) {
        if !explain(history, &versions, &ids)?.is_consistent() {
            return Err(format!("no order of the operations on movies {ids:?} explains their responses"));
        }
    }
    Ok(())
}

/// Groups the ids that an operation or a key links. Operations on different groups do not affect each other, so a history is
/// linearizable if the history of each group is.
fn linked(history: &History) -> Vec<Vec<Id>> {
    let mut groups: Vec<Vec<Id>> = (0..IDS).map(|id| vec![id]).collect();
    let mut of_keys = BTreeMap::new();
    for Exchange { step, .. } in &history.exchanges {
        let mut linked = step.request.action.ids();
        if let Some(key) = step.request.key {
            linked.push(*of_keys.entry(key).or_insert(linked[0]));
        }
        let (one, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|ids| ids.iter().any(|id| linked.contains(id)));
        groups = others;
        groups.push(one.concat());
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
        let action_ids = operation.action.ids();
        match event {
            _ if action_ids.is_empty() => {
                for id in ids.iter().filter(|_| is_known) {
                    let (thread, action) = (Thread::Listed(exchange.client, *id), Arc::new(Plain::Listed(*id)));
                    match event {
                        Event::Invoked(_) => tester.on_invoke(thread, Operation { action, ..operation.clone() })?,
                        Event::Returned(_) => tester.on_return(thread, listed(exchange, *id)?)?,
                    };
                }
            }
            _ if !ids.contains(&action_ids[0]) => {}
            Event::Invoked(_) => {
                for attempt in 0..unanswered(exchange) {
                    tester.on_invoke(Thread::Unanswered(index, attempt), operation.clone())?;
                }
                if is_known {
                    tester.on_invoke(Thread::Client(exchange.client), operation)?;
                }
            }
            Event::Returned(_) if is_known => {
                tester.on_return(Thread::Client(exchange.client), shown(exchange, versions)?)?;
            }
            Event::Returned(_) => {}
        }
    }
    Ok(tester)
}

/// The number of attempts that took effect, or may still take effect, in addition to the attempt whose response the client
/// got. The operation happens again with each of them, unless one of the movie's last two versions is that of the operation.
///
/// A write with a key is a transaction, and so are some actions. If the response is a refusal, nothing was written.
fn unanswered(exchange: &Exchange) -> usize {
    let Writes { arrived, done } = exchange.writes;
    let Request { action, key, .. } = &exchange.step.request;
    let is_transaction = key.is_some() || action.is_transaction();
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
    let Request { write, action, key, .. } = exchange.step.request.clone();
    Operation { write, action, key, if_match: named(&exchange.if_match), if_none_match: named(&exchange.if_none_match) }
}

fn shown(exchange: &Exchange, versions: &Versions) -> Result<Response, String> {
    let response = exchange.response.as_ref().ok_or("an operation did not end")?;
    let mut shown = Response::of(response.status);
    shown.version = response.headers.get("etag").and_then(|etag| versions.get(etag)).copied();
    // If all responses to a write were lost, the service finds the record of its own write, and marks the response too.
    shown.replayed = response.headers.contains_key(REPLAYED) && exchange.writes.done == 0;
    if response.status == 200 && !response.body.is_empty() {
        shown.movie = Some(movie::read(&response.json())?);
    }
    Ok(shown)
}

fn listed(exchange: &Exchange, id: Id) -> Result<Response, String> {
    let found = exchange.listed()?.into_iter().find(|movie| movie.id == id);
    Ok(Response { movie: found, ..Response::of(if found.is_some() { 200 } else { 404 }) })
}
