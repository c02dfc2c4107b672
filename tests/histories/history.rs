//! A history: which requests clients sent, when, and what came back.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    plan::Step,
    specification::{Action, Movie, Write},
    support::Response,
    wire::Writes,
};

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
}

impl Exchange {
    pub fn is_listing(&self) -> bool {
        matches!(self.step.action, Action::List(_))
    }

    /// The ETag that the response has, and the movie that it shows.
    pub fn etag_and_movie(&self) -> Option<(&str, Result<Movie, String>)> {
        let response = self.response.as_ref()?;
        let shows_movie = response.status == 200 && !response.body.is_empty();
        (shows_movie && !self.is_listing()).then(|| (response.etag(), Movie::read(&response.json())))
    }
}
