//! A client, with its own copy of the function.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{
    history::{Event, Exchange, History},
    plan::{FAULTS, IDS, IMAGE, Request, Step, Tag},
    specification::{Action, Fields, Id, Write},
    support::{Call, EventFormat, Faults, Function, movie, path_of},
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
            let call = self.call(index, step.request);
            let response = call.send().await;
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

    fn call(&self, index: usize, Request { write, action, key, .. }: Request) -> Call<'_> {
        let (method, path, body) = match action {
            Action::Create(id) => ("POST", "/ns_movies/".to_owned(), created(id, write)),
            Action::Read(id) => ("GET", path(id), Value::Null),
            Action::List(_) => ("GET", "/ns_movies/".to_owned(), Value::Null),
            Action::Update(id, fields) => ("PUT", path(id), patch(fields, write)),
            Action::Rename(id, to, fields) => {
                let mut patch = patch(fields, write);
                if IDS[id].title != IDS[to].title {
                    patch["title"] = json!(IDS[to].title);
                }
                if IDS[id].year != IDS[to].year {
                    patch["year"] = json!(IDS[to].year);
                }
                ("PATCH", path(id), patch)
            }
            Action::Delete(id) => ("DELETE", path(id), Value::Null),
        };
        let mut call = Call::new(&self.function, EventFormat::Rest, method, &path);
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

fn path(id: Id) -> String {
    path_of(&IDS[id].to_string())
}

fn created(id: Id, write: Write) -> Value {
    let mut movie = movie(IDS[id].title, IDS[id].year);
    let all = patch(Fields { description: true, cast: true }, write);
    movie.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
    movie
}

fn patch(fields: Fields, write: Write) -> Value {
    let mut patch = json!({"image": format!("{IMAGE}{write}")});
    if fields.description {
        patch["description"] = json!(write.to_string());
    }
    if fields.cast {
        patch["cast"] = json!([write.to_string()]);
    }
    patch
}
