//! The rename: an update that moves a movie to another id. A service without a rename does not need this file.

use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;

use crate::{
    movie,
    specification::{Action, Id, Movie, Movies, Operation, Response, Stored, Write},
    support::new,
};

#[derive(Debug)]
struct Rename {
    id: Id,
    to: Id,
    sets_other: bool,
}

/// A rename to another one of the first `ids` ids. There are at least two.
pub fn any(random: &mut Rng, id: Id, ids: usize) -> Arc<dyn Action> {
    let ids = ids.max(2);
    Arc::new(Rename { id, to: (id + random.usize(1..ids)) % ids, sets_other: random.bool() })
}

impl Action for Rename {
    fn method(&self) -> &'static str {
        "PATCH"
    }

    fn path(&self) -> String {
        new(self.id).path
    }

    /// A patch of all fields in which movies differ, so that the movie looks like one that was created with the new id.
    fn body(&self, write: Write) -> Value {
        let (old, mut new) = (movie::created(self.id, write), movie::created(self.to, write));
        let patch = movie::patch(write, self.sets_other);
        new.as_object_mut().unwrap().retain(|name, value| *value != old[name] || patch.get(name).is_some());
        new
    }

    fn is_transaction(&self) -> bool {
        true
    }

    fn carry_out(&self, movies: &mut Movies, operation: &Operation) -> Response {
        match movies[self.id] {
            None => Response::of(404),
            Some(found) if !operation.may_change(found.movie.version) => Response::of(412),
            Some(_) if movies[self.to].is_some() => Response::of(409),
            Some(found) => {
                let movie = Movie { id: self.to, ..found.movie.changed(operation.write, self.sets_other) };
                movies[self.id] = None;
                movies[self.to] = Some(Stored { movie, previous: None });
                Response::showing(movie)
            }
        }
    }
}
