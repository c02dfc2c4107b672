//! A history: the requests that clients sent, with their times and responses.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    movie,
    plan::Step,
    specification::{Movie, Write},
    support::{Response, new},
    wire::Writes,
};

/// The header that marks the response to an earlier request.
pub const REPLAYED: &str = "idempotency-replayed";

/// The write that created the version of each ETag.
pub type Versions = BTreeMap<String, Write>;

/// A request, and its response as soon as the client has it.
#[derive(Debug)]
pub struct Exchange {
    pub client: usize,
    pub number: usize,
    pub step: Step,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub start: Duration,
    pub end: Duration,
    pub response: Option<Response>,
    pub writes: Writes,
}

/// The start or the end of an exchange, by its index.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Invoked(usize),
    Returned(usize),
}

/// All requests and responses so far.
#[derive(Debug, Default)]
pub struct History {
    pub seed: u64,
    pub exchanges: Vec<Exchange>,
    pub events: Vec<Event>,
    /// The ETags of all responses with a movie, the latest last.
    pub seen: Vec<String>,
    /// `If-Match` and `If-None-Match` of each request with a key. They stay the same when the request is repeated.
    pub preconditions: BTreeMap<Write, [Option<String>; 2]>,
}

impl History {
    /// Finds the write of each ETag. The movie in the same response shows it. Each ETag has one write, and each write one
    /// ETag.
    pub fn versions(&self) -> Result<Versions, String> {
        let (mut versions, mut etags) = (Versions::new(), BTreeMap::new());
        for (etag, movie) in self.exchanges.iter().filter_map(Exchange::etag_and_movie) {
            let write = movie?.version;
            let known = *versions.entry(etag.to_owned()).or_insert(write);
            if known != write || *etags.entry(write).or_insert(etag) != etag {
                return Err(format!("{etag} is the ETag of what {known} wrote, or {write} has another ETag"));
            }
        }
        Ok(versions)
    }

    /// Checks that a response is 503 only if a call failed or was overdue.
    pub fn check_availability(&self) -> Result<(), String> {
        let without_reason = |exchange: &&Exchange| {
            let is_disturbed = exchange.step.overdue > 0 || exchange.step.faults.iter().any(|fault| *fault > 0);
            exchange.response.as_ref().is_some_and(|response| response.status == 503) && !is_disturbed
        };
        match self.exchanges.iter().find(without_reason) {
            Some(exchange) => Err(format!("{} is 503 without a fault", exchange.step.request.write)),
            None => Ok(()),
        }
    }

    /// Checks that all successful responses to a request with a key are equal, except for the header that marks a repetition.
    pub fn check_repetitions(&self) -> Result<(), String> {
        let mut successes = BTreeMap::new();
        for exchange in self.exchanges.iter().filter(|exchange| exchange.step.request.key.is_some()) {
            let Some(response) = exchange.response.as_ref().filter(|response| response.status == 200) else { continue };
            let mut headers = response.headers.clone();
            headers.remove(REPLAYED);
            let (write, response) = (exchange.step.request.write, (headers, &response.body));
            let first = successes.entry(write).or_insert_with(|| response.clone());
            if *first != response {
                return Err(format!("{write} has two responses: {first:?} and {response:?}"));
            }
        }
        Ok(())
    }
}

impl Exchange {
    pub fn is_listing(&self) -> bool {
        self.step.request.action.ids().is_empty()
    }

    /// The ETag and the movie of the response, if it contains a single movie.
    pub fn etag_and_movie(&self) -> Option<(&str, Result<Movie, String>)> {
        let response = self.response.as_ref()?;
        let shows_movie = response.status == 200 && !response.body.is_empty();
        (shows_movie && !self.is_listing()).then(|| (response.etag(), movie::read(&response.json())))
    }

    /// The movies that a listing shows.
    pub fn listed(&self) -> Result<Vec<Movie>, String> {
        let response = self.response.as_ref().filter(|response| response.status == 200);
        let listed = response.ok_or("a listing is refused")?.json();
        let movies = listed.as_object().unwrap().iter().map(|(id, body)| {
            let movie = movie::read(body)?;
            if *id == new(movie.id).id { Ok(movie) } else { Err(format!("{id} is listed with {body}")) }
        });
        movies.collect()
    }
}
