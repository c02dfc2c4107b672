//! A client, with its own copy of the function.

use std::sync::{Arc, Mutex};

use crate::{
    history::{Event, Exchange, History},
    plan::{FAULTS, Request, Step, Tag},
    support::{Call, EventFormat, Faults, Function, Response},
    wire::{Wire, Writes},
};

pub struct Client {
    pub number: usize,
    pub steps: Vec<Step>,
    pub function: Function,
    pub faults: Faults,
    pub wire: Wire,
    pub history: Arc<Mutex<History>>,
}

impl Client {
    /// Carries out the client's steps, one after the other.
    pub async fn act(&self) {
        for (number, step) in self.steps.iter().enumerate() {
            self.wire.clock.wait(step.pause).await;
            self.faults.inject(step.faults.iter().map(|fault| FAULTS[*fault].1()));
            {
                let mut trips = self.wire.trips.lock().unwrap();
                (trips.operation, trips.overdue) = (number, step.overdue);
            }
            let index = self.begin(number, step);
            let response = self.send(index, &step.request).await;
            let mut history = self.history.lock().unwrap();
            history.exchanges[index].end = self.wire.clock.now();
            history.exchanges[index].response = Some(response);
            let seen = history.exchanges[index].etag_and_movie().map(|(etag, _)| etag.to_owned());
            history.seen.extend(seen);
            history.events.push(Event::Returned(index));
        }
    }

    fn begin(&self, number: usize, step: &Step) -> usize {
        let mut history = self.history.lock().unwrap();
        let value = |tag| match tag {
            Tag::Absent => None,
            Tag::Any => Some("*".to_owned()),
            Tag::Unknown => Some("\"unknown\"".to_owned()),
            Tag::Seen(age) => history.seen.iter().rev().nth(age).cloned(),
        };
        let Request { write, if_match, if_none_match, key, .. } = step.request;
        let new = [if_match, if_none_match].map(value);
        let [if_match, if_none_match] = match key {
            Some(_) => history.preconditions.entry(write).or_insert(new).clone(),
            None => new,
        };
        let index = history.exchanges.len();
        let start = self.wire.clock.now();
        history.exchanges.push(Exchange {
            client: self.number,
            number,
            step: step.clone(),
            if_match,
            if_none_match,
            start,
            end: start,
            response: None,
            writes: Writes::default(),
        });
        history.events.push(Event::Invoked(index));
        index
    }

    /// The response to a request. The body of the response to a listing has the movies of all its pages.
    async fn send(&self, index: usize, request: &Request) -> Response {
        let mut response = self.call(index, request).send().await;
        while let Some(path) = response.next() {
            let mut page = Call::new(&self.function, EventFormat::Rest, "GET", &path).send().await;
            if page.status == 200 {
                let (mut movies, next) = (response.json(), page.json());
                for (id, movie) in next.as_object().unwrap() {
                    assert!(movies.get(id).is_none(), "{id} is listed twice");
                    movies[id] = movie.clone();
                }
                page.body = movies.to_string();
            }
            response = page;
        }
        response
    }

    fn call(&self, index: usize, Request { write, action, key, .. }: &Request) -> Call<'_> {
        let mut call = Call::new(&self.function, EventFormat::Rest, action.method(), &action.path());
        let body = action.body(*write);
        if !body.is_null() {
            call = call.json(&body);
        }
        let history = self.history.lock().unwrap();
        let Exchange { if_match, if_none_match, .. } = &history.exchanges[index];
        let key = key.map(|key| format!("key-{key}"));
        for (name, value) in [("If-Match", if_match), ("If-None-Match", if_none_match), ("Idempotency-Key", &key)] {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        call
    }
}
