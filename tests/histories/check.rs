//! Checks whether a history is linearizable: an order of its operations must explain all responses that the clients got. In
//! this order, each operation takes effect at one moment between its request and its response.
//!
//! A write with the response 503 may take effect at any time until the end of the history, or never. So the tester gets its
//! request, but not its response.

use std::sync::Arc;

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
    let mut tester = LinearizabilityTester::new(Tables::default());
    for (_, event) in &history.events {
        let (Event::Sent(index) | Event::Received(index)) = *event;
        let exchange = &history.exchanges[index];
        for (thread, operation, response) in operations(history, exchange) {
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
    if !tester.is_consistent() {
        return Err("No order of the operations explains their responses.".to_owned());
    }
    Ok(())
}

/// The operation and its response. A listing is a read of each id.
fn operations(history: &History, exchange: &Exchange) -> Vec<(Thread, Operation, Response)> {
    let Exchange { client, operation, received, .. } = exchange;
    if operation.action.is_listing() {
        let read = |id| {
            let operation = Operation { action: Arc::new(Plain::Read(id)), ..operation.clone() };
            let movie = received.movies.iter().find(|movie| movie.id == id).copied();
            let status = if movie.is_none() && received.status == 200 { 404 } else { received.status };
            (Thread::Client(*client, id), operation, Response { movie, ..Response::of(status) })
        };
        return (0..IDS).map(read).collect();
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
    vec![(Thread::Client(*client, 0), operation.clone(), response)]
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
