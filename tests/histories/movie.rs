//! How a movie shows which writes set its fields. `new(n)` of the fixture gives the values of the write `n`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::{Map, Value};

use crate::{
    plan::WRITES,
    specification::{IDS, Id, Movie, Write},
    support::{change, merged, new, other_change},
};

/// The numbers of the writes, by a field's name and value.
static BY_VALUE: LazyLock<BTreeMap<(String, String), Write>> = LazyLock::new(|| {
    let of_write = |write| fields(write, true).into_iter().map(move |(name, value)| ((name, value.to_string()), write));
    WRITES.flat_map(of_write).collect()
});

/// The fields that a write sets: those of the fixture's change, and perhaps those of the other change.
fn fields(write: Write, sets_other: bool) -> Map<String, Value> {
    let Value::Object(values) = new(write).body else { panic!("the fixture's body is an object") };
    let (change, other) = (change(), other_change());
    let is_set = |name: &String| change.get(name).is_some() || sets_other && other.get(name).is_some();
    values.into_iter().filter(|(name, _)| is_set(name)).collect()
}

/// The body of a patch.
pub fn patch(write: Write, sets_other: bool) -> Value {
    fields(write, sets_other).into()
}

/// The body of a create.
pub fn created(id: Id, write: Write) -> Value {
    merged(&new(id).body, &patch(write, true))
}

/// Parses the movie in a response's body.
pub fn read(body: &Value) -> Result<Movie, String> {
    let read = || {
        let write = |patch: Value| {
            let name = patch.as_object()?.keys().next()?.clone();
            BY_VALUE.get(&(name.clone(), body.get(&name)?.to_string())).copied()
        };
        let (version, other) = (write(change())?, write(other_change())?);
        let id = (0..IDS).find(|id| {
            let movie = merged(&created(*id, other), &patch(version, false));
            movie == *body
        })?;
        Some(Movie { id, version, other })
    };
    read().ok_or_else(|| format!("nobody wrote {body}"))
}

impl Movie {
    /// The movie after a write.
    pub fn changed(self, write: Write, sets_other: bool) -> Self {
        Self { version: write, other: if sets_other { write } else { self.other }, ..self }
    }
}
