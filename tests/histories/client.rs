//! A client, with its own copy of the function.

use std::cell::RefCell;

use crate::{
    history::{Exchange, History, Received},
    movie,
    plan::Step,
    specification::{Movie, Operation},
    support::{Call, Fault, Response, Service, new},
    wire::Wire,
};

/// The header that marks the response to an earlier request.
const REPLAYED: &str = "idempotency-replayed";

pub struct Client<'a> {
    pub number: usize,
    pub service: Service,
    pub wire: Wire,
    pub history: &'a RefCell<History>,
}

impl Client<'_> {
    /// Carries out the client's steps, one after the other.
    pub async fn act(self, steps: Vec<Step>) {
        for Step { pause, operation, faults, overdue } in steps {
            self.wire.clock.wait(pause).await;
            let is_disturbed = overdue > 0 || faults.iter().any(|fault| !matches!(fault, Fault::None));
            let operation = self.history.borrow().resolve(operation);
            let exchange = Exchange {
                client: self.number,
                operation: operation.clone(),
                faults: if is_disturbed { format!("{faults:?}, {overdue} overdue") } else { String::new() },
                writes: self.wire.begin(overdue),
                received: Received::default(),
            };
            let index = self.history.borrow_mut().send(self.wire.clock.now(), exchange);
            self.service.faults.inject(faults);
            let received = self.send(&operation).await;
            self.history.borrow_mut().receive(self.wire.clock.now(), index, received);
        }
    }

    /// The response to a request. That of a listing has the movies of all its pages, and the status of the last one.
    async fn send(&self, operation: &Operation) -> Received {
        let mut response = self.call(operation).send().await;
        let mut movies: Vec<Movie> = Vec::new();
        loop {
            for movie in read(operation, &response) {
                assert!(movies.iter().all(|other| other.id != movie.id), "{movie:?} is listed twice");
                movies.push(movie);
            }
            let Some(path) = response.next() else { break };
            response = self.service.get(&path).await;
        }
        Received {
            status: response.status,
            etag: response.headers.get("etag").cloned(),
            movies,
            is_replay: response.headers.contains_key(REPLAYED),
        }
    }

    fn call(&self, Operation { write, action, if_match, if_none_match, key }: &Operation) -> Call<'_> {
        let mut call = self.service.call(action.method(), &action.path());
        let body = action.body(*write);
        if !body.is_null() {
            call = call.json(&body);
        }
        let text = |tag: &Option<_>| tag.map(|tag| self.history.borrow().text(tag));
        let key = key.map(|key| format!("key-{key}"));
        let headers = [("If-Match", text(if_match)), ("If-None-Match", text(if_none_match)), ("Idempotency-Key", key)];
        for (name, value) in headers {
            if let Some(value) = value {
                call = call.header(name, &value);
            }
        }
        call
    }
}

/// The movies in the body of a response.
fn read(operation: &Operation, response: &Response) -> Vec<Movie> {
    if response.status != 200 || response.body.is_empty() {
        return Vec::new();
    }
    let body = response.json();
    if !operation.action.is_listing() {
        return vec![movie::read(&body)];
    }
    let listed = body.as_object().unwrap().iter().map(|(id, body)| (id, movie::read(body)));
    listed.inspect(|(id, movie)| assert_eq!(**id, new(movie.id).id)).map(|(_, movie)| movie).collect()
}
