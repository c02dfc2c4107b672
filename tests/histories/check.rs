//! Checks whether a history is linearizable: an order of its operations must explain all responses that the clients got. In
//! this order, each operation takes effect at one moment between its request and its response.
//!
//! A write with the response 503 may take effect at any time until the end of the history, or never. So the tester gets its
//! request, but not its response.

use std::{collections::BTreeMap, sync::Arc};

use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};

use crate::{
    action::Plain,
    history::{Event, Exchange, History, Received},
    specification::{IDS, Id, Operation, Response, Tables},
    wire::Writes,
};

/// A thread of the tester, with at most one operation at a time. The tester tries the threads in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Thread {
    /// An operation of a client, or the part of a client's listing that concerns one id.
    Client(usize, Id),
    /// An attempt whose response the client did not get. It may take effect at any time after the request, or never.
    Unanswered(usize, usize),
}

/// Checks a history. The error says what is wrong with it.
pub fn check(history: &History) -> Result<(), String> {
    let is_wrong = |(etag, write): &&(_, _)| history.etags.iter().any(|(one, of)| (one == etag) != (of == write));
    if let Some((etag, write)) = history.etags.iter().find(is_wrong) {
        return Err(format!("{etag} is not only the ETag of what {write} wrote, or {write} has another ETag"));
    }
    let has_no_reason = |exchange: &&Exchange| exchange.received.status == 503 && exchange.faults.is_empty();
    if let Some(exchange) = history.exchanges.iter().find(has_no_reason) {
        return Err(format!("{} is 503 without a fault", exchange.operation.write));
    }
    for ids in linked(history) {
        if !explain(history, &ids)?.is_consistent() {
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
    for Exchange { operation, .. } in &history.exchanges {
        let mut linked = operation.action.ids();
        if let Some(key) = operation.key {
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
fn explain(history: &History, ids: &[Id]) -> Result<LinearizabilityTester<Thread, Tables>, String> {
    let mut tester = LinearizabilityTester::new(Tables::default());
    for (_, event) in &history.events {
        let (Event::Sent(index) | Event::Received(index)) = *event;
        let exchange = &history.exchanges[index];
        for (thread, operation, response) in operations_on(history, exchange, ids) {
            if let Event::Sent(_) = event {
                for attempt in 0..unanswered(exchange) {
                    tester.on_invoke(Thread::Unanswered(index, attempt), operation.clone())?;
                }
            }
            match event {
                _ if response.status == 503 => {}
                Event::Sent(_) => drop(tester.on_invoke(thread, operation)?),
                Event::Received(_) => drop(tester.on_return(thread, response)?),
            }
        }
    }
    Ok(tester)
}

/// The operation on these ids and its response, if there is one. A listing is a read of each id.
fn operations_on(history: &History, exchange: &Exchange, ids: &[Id]) -> Vec<(Thread, Operation, Response)> {
    let Exchange { client, operation, received, .. } = exchange;
    if operation.is_listing() {
        let read = |id: &Id| {
            let operation = Operation { action: Arc::new(Plain::Read(*id)), ..operation.clone() };
            let movie = received.movies.iter().find(|movie| movie.id == *id).copied();
            let status = if movie.is_none() && received.status == 200 { 404 } else { received.status };
            (Thread::Client(*client, *id), operation, Response { movie, ..Response::of(status) })
        };
        return ids.iter().map(read).collect();
    }
    let id = operation.action.ids()[0];
    if !ids.contains(&id) {
        return Vec::new();
    }
    let Received { status, etag, movies, is_replay } = received;
    let identified = history.etags.iter().find(|(one, _)| Some(one) == etag.as_ref()).map(|(_, write)| *write);
    let response = Response {
        status: *status,
        movie: movies.first().copied(),
        unchanged: identified.filter(|_| *status == 304),
        // If all responses to a write were lost, the service finds the record of its own write, and marks the response too.
        replayed: *is_replay && exchange.writes.lock().unwrap().done == 0,
    };
    vec![(Thread::Client(*client, id), operation.clone(), response)]
}

/// The number of attempts that took effect, or may still take effect, in addition to the attempt whose response the client
/// got. The operation happens again with each of them, unless one of the movie's last two versions is that of the operation.
///
/// A write with a key is a transaction, and so are some actions. If the response is a refusal, nothing was written.
fn unanswered(Exchange { operation, received, writes, .. }: &Exchange) -> usize {
    let Writes { arrived, done } = *writes.lock().unwrap();
    let is_transaction = operation.key.is_some() || operation.action.is_transaction();
    match received.status {
        503 if is_transaction => done.min(1),
        503 => done,
        // The client got the response to one of the attempts that arrived.
        200 if !is_transaction => done.min(arrived.saturating_sub(1)),
        _ => 0,
    }
}
