//! A history: the requests that clients sent, with their times and responses.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    plan::Step,
    specification::{Action, Movie, Write},
    support::Response,
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
    /// Finds the write of each ETag. The movie in the same response shows it. All responses with an ETag must show the same
    /// write.
    pub fn versions(&self) -> Result<Versions, String> {
        let mut versions = Versions::new();
        for (etag, movie) in self.exchanges.iter().filter_map(Exchange::etag_and_movie) {
            let write = movie?.version;
            let known = *versions.entry(etag.to_owned()).or_insert(write);
            if known != write {
                return Err(format!("{etag} is the ETag of what {known} wrote, and of what {write} wrote"));
            }
        }
        Ok(versions)
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
        matches!(self.step.request.action, Action::List(_))
    }

    /// The ETag and the movie of the response, if it contains a single movie.
    pub fn etag_and_movie(&self) -> Option<(&str, Result<Movie, String>)> {
        let response = self.response.as_ref()?;
        let shows_movie = response.status == 200 && !response.body.is_empty();
        (shows_movie && !self.is_listing()).then(|| (response.etag(), Movie::read(&response.json())))
    }
}
