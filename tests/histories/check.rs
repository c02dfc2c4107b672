//! Whether a history can be explained: some order of its operations, in which each takes effect at one moment between its
//! request and its response, gives the responses that the clients got.
//!
//! A write whose response is 503 may have happened or not, and may happen until the end of the history: it has no return.

use std::collections::BTreeMap;

use serde_json::Value;
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};

use crate::{
    client::write,
    history::{Event, Exchange, History},
    plan::IDS,
    specification::{Action, Movie, Movies, Operation, Response, Versions, Write},
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
    let versions = versions(history)?;
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

/// Which write each ETag is the version of.
fn versions(history: &History) -> Result<BTreeMap<String, Write>, String> {
    let mut versions = BTreeMap::new();
    for exchange in &history.exchanges {
        let response = exchange.response.as_ref().ok_or("an operation did not end")?;
        if matches!(exchange.step.action, Action::List(_)) || response.status != 200 || response.body.is_empty() {
            continue;
        }
        let shown = movie(&response.json())?.version;
        let etag = response.etag();
        let known = *versions.entry(etag.to_owned()).or_insert(shown);
        if known != shown {
            return Err(format!("{etag} is the ETag of what {known} wrote, and of what {shown} wrote"));
        }
    }
    Ok(versions)
}

fn operation(exchange: &Exchange, versions: &BTreeMap<String, Write>) -> Operation {
    let named = |value: &Option<String>| {
        value.as_ref().map(|value| match value.as_str() {
            "*" => Versions::Any,
            etag => versions.get(etag).map_or(Versions::Unknown, |write| Versions::Of(*write)),
        })
    };
    Operation {
        write: write(exchange.client, exchange.number),
        action: exchange.step.action,
        if_match: named(&exchange.if_match),
        if_none_match: named(&exchange.if_none_match),
    }
}

fn shown(exchange: &Exchange, versions: &BTreeMap<String, Write>) -> Result<Response, String> {
    let response = exchange.response.as_ref().ok_or("an operation did not end")?;
    let mut shown = Response::of(response.status);
    if let Some(etag) = response.headers.get("etag") {
        shown.version = Some(*versions.get(etag).ok_or_else(|| format!("{etag} is the ETag of no movie"))?);
    }
    if response.status == 200 && !response.body.is_empty() {
        shown.movie = Some(movie(&response.json())?);
    }
    Ok(shown)
}

fn listed(body: &Value, id: usize) -> Result<Response, String> {
    let (title, year) = IDS[id];
    match body.get(format!("{title}-{year}")) {
        None => Ok(Response::of(404)),
        Some(found) => Ok(Response { movie: Some(movie(found)?), ..Response::of(200) }),
    }
}

/// The writes that a movie's fields show.
fn movie(body: &Value) -> Result<Movie, String> {
    let read = || {
        let id = IDS.iter().position(|(title, year)| body["title"] == *title && body["year"] == *year)?;
        Some(Movie {
            id,
            version: body["image"].as_str()?.strip_prefix("https://example.org/")?.parse().ok()?,
            description: body["description"].as_str()?.parse().ok()?,
            cast: body["cast"][0].as_str()?.parse().ok()?,
        })
    };
    read().ok_or_else(|| format!("nobody wrote {body}"))
}
