//! A history: which requests clients sent, when, and what came back.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    plan::Step,
    specification::{Action, Movie, Write},
    support::Response,
    wire::Writes,
};

/// The header of a repetition's response.
pub const REPLAYED: &str = "idempotency-replayed";

/// Which write each ETag is the version of.
pub type Versions = BTreeMap<String, Write>;

/// A request, and its response if it has one by now.
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

/// What happens to an exchange.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Invoked(usize),
    Returned(usize),
}

/// What has happened so far, as all clients saw it.
#[derive(Debug, Default)]
pub struct History {
    pub seed: u64,
    pub exchanges: Vec<Exchange>,
    pub events: Vec<Event>,
    /// The ETags that responses showed, each with a movie.
    pub seen: Vec<String>,
    /// `If-Match` and `If-None-Match` of the requests with a key. They are the same each time.
    pub preconditions: BTreeMap<Write, [Option<String>; 2]>,
}

impl History {
    /// An ETag belongs to the write that the movie beside it shows. It always has to be the same.
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

    /// Each success of a request with a key is the same in every byte, but for the header that tells a repetition.
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

    /// The ETag that the response has, and the movie that it shows.
    pub fn etag_and_movie(&self) -> Option<(&str, Result<Movie, String>)> {
        let response = self.response.as_ref()?;
        let shows_movie = response.status == 200 && !response.body.is_empty();
        (shows_movie && !self.is_listing()).then(|| (response.etag(), Movie::read(&response.json())))
    }
}
