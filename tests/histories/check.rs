//! Whether a history can be explained: some order of its operations, in which each takes effect at one moment between its
//! request and its response, gives the responses that the clients got.
//!
//! A write whose response is 503 may have happened or not, and may happen until the end of the history: it has no return.

use serde_json::Value;
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};

use crate::{
    client::write,
    history::{Event, Exchange, History, Versions},
    plan::IDS,
    specification::{Action, Movie, Movies, Named, Operation, Response},
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
    let mut tester = LinearizabilityTester::new(Movies::default());
    for event in &history.events {
        let (Event::Invoked(index) | Event::Returned(index)) = *event;
        let exchange = &history.exchanges[index];
        let operation = operation(exchange, &versions);
        let response = exchange.response.as_ref().ok_or("an operation did not end")?;
        if let Action::List(_) = operation.action {
            for id in (0..IDS.len()).filter(|_| response.status != 503) {
                let thread = Thread::Listed(exchange.client, id);
                match event {
                    Event::Invoked(_) => {
                        tester.on_invoke(thread, Operation { action: Action::List(id), ..operation })?
                    }
                    Event::Returned(_) => tester.on_return(thread, listed(&response.json(), id)?)?,
                };
            }
            continue;
        }
        if let Event::Invoked(_) = event {
            for attempt in 0..unanswered(exchange) {
                tester.on_invoke(Thread::Unanswered(index, attempt), operation)?;
            }
        }
        if response.status != 503 {
            let thread = Thread::Client(exchange.client);
            match event {
                Event::Invoked(_) => tester.on_invoke(thread, operation)?,
                Event::Returned(_) => tester.on_return(thread, shown(exchange, &versions)?)?,
            };
        }
    }
    tester.is_consistent().then_some(()).ok_or_else(|| "no order of the operations explains the responses".to_owned())
}

/// How many attempts have happened, or may happen until the end of the history, without the response that the client got:
/// the operation happens again with each, unless the movie's last two versions show it.
///
/// Each attempt of a delete or a rename has the same token, so that DynamoDB carries out one of them. A refusal tells that
/// nothing has happened.
fn unanswered(exchange: &Exchange) -> usize {
    let Writes { arrived, done } = exchange.writes;
    let is_transaction = matches!(exchange.step.action, Action::Delete(_) | Action::Rename(..));
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
    Operation {
        write: write(exchange.client, exchange.number),
        action: exchange.step.action,
        if_match: named(&exchange.if_match),
        if_none_match: named(&exchange.if_none_match),
    }
}

fn shown(exchange: &Exchange, versions: &Versions) -> Result<Response, String> {
    let response = exchange.response.as_ref().ok_or("an operation did not end")?;
    let mut shown = Response::of(response.status);
    if let Some(etag) = response.headers.get("etag") {
        shown.version = Some(*versions.get(etag).ok_or_else(|| format!("{etag} is the ETag of no movie"))?);
    }
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
