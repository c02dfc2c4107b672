//! A history: the operations of its clients, with their times and responses.

use std::{
    fmt::{self, Display},
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    specification::{Movie, Operation, Tag, Write},
    wire::Writes,
};

/// All operations so far.
#[derive(Default)]
pub struct History {
    pub exchanges: Vec<Exchange>,
    /// The requests and responses, in their order.
    pub events: Vec<(Duration, Event)>,
    /// The ETags of all responses with a movie, each with the write that the movie shows. The latest is the last.
    pub etags: Vec<(String, Write)>,
}

/// An operation, and its response as soon as the client has it.
pub struct Exchange {
    pub client: usize,
    pub operation: Operation,
    /// The faults of its calls to DynamoDB, as a text. Empty if it has none.
    pub faults: String,
    pub writes: Arc<Mutex<Writes>>,
    pub received: Received,
}

/// A response. Its status is 0 until it has arrived.
#[derive(Default)]
pub struct Received {
    pub status: u64,
    pub etag: Option<String>,
    /// The movie in the body, or the movies of all pages of a listing.
    pub movies: Vec<Movie>,
    /// Whether it is marked as the response to an earlier request.
    pub is_replay: bool,
}

/// The request or the response of an exchange, by its index.
#[derive(Clone, Copy)]
pub enum Event {
    Sent(usize),
    Received(usize),
}

impl History {
    /// The operation as a client sends it now. A request that is sent again has the preconditions of the first time.
    pub fn resolve(&self, operation: Operation) -> Operation {
        if let Some(first) = self.exchanges.iter().find(|exchange| exchange.operation.write == operation.write) {
            return first.operation.clone();
        }
        let resolve = |tag| match tag {
            Tag::Seen(age) => self.etags.iter().rev().nth(age).map(|(_, write)| Tag::Of(*write)),
            tag => Some(tag),
        };
        let [if_match, if_none_match] = [operation.if_match, operation.if_none_match].map(|tag| tag.and_then(resolve));
        Operation { if_match, if_none_match, ..operation }
    }

    /// The value of a header.
    pub fn text(&self, tag: Tag) -> String {
        match tag {
            Tag::Any => "*".to_owned(),
            Tag::Of(write) => self.etags.iter().find(|(_, of)| *of == write).unwrap().0.clone(),
            Tag::Unknown | Tag::Seen(_) => "\"unknown\"".to_owned(),
        }
    }

    pub fn send(&mut self, now: Duration, exchange: Exchange) -> usize {
        let index = self.exchanges.len();
        self.exchanges.push(exchange);
        self.events.push((now, Event::Sent(index)));
        index
    }

    pub fn receive(&mut self, now: Duration, index: usize, received: Received) {
        let exchange = &mut self.exchanges[index];
        exchange.received = received;
        // The ETag of a listing belongs to a page.
        if !exchange.operation.action.is_listing()
            && let Received { etag: Some(etag), movies, .. } = &exchange.received
        {
            self.etags.extend(movies.iter().map(|movie| (etag.clone(), movie.version)));
        }
        self.events.push((now, Event::Received(index)));
    }
}

/// One line for each request and each response. A movie has the numbers of the operations that set its two fields.
impl Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (time, event) in &self.events {
            let (Event::Sent(index) | Event::Received(index)) = *event;
            let Exchange { client, operation, faults, received, .. } = &self.exchanges[index];
            write!(f, "{:>6} ms, client {client}: ", time.as_millis())?;
            match event {
                Event::Sent(_) => writeln!(f, "{operation:?} {faults}")?,
                Event::Received(_) => {
                    let replay = if received.is_replay { ", replayed" } else { "" };
                    writeln!(f, "{} is {}{replay} {:?}", operation.write, received.status, received.movies)?;
                }
            }
        }
        Ok(())
    }
}
