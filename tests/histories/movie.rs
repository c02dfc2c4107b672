//! How a movie shows which writes set its fields. `new(n)` of the fixture gives the values of the write `n`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

use crate::{
    plan::WRITES,
    specification::{IDS, Id, Movie, Write},
    support::{change, merged, new, other_change},
};

/// The numbers of the writes, by a field's value.
static BY_VALUE: LazyLock<BTreeMap<String, Write>> = LazyLock::new(|| {
    let mut writes = BTreeMap::new();
    for write in WRITES {
        let patch = patch(write, true);
        writes.extend(patch.as_object().unwrap().values().map(|value| (value.to_string(), write)));
    }
    writes
});

/// The body of a patch. It has the fields of the fixture's change, and perhaps those of the other change.
pub fn patch(write: Write, sets_other: bool) -> Value {
    let (change, other) = (change(), other_change());
    let mut patch = new(write).body;
    let is_set = |name: &str| change.get(name).is_some() || sets_other && other.get(name).is_some();
    patch.as_object_mut().unwrap().retain(|name, _| is_set(name));
    patch
}

/// The body of a create.
pub fn created(id: Id, write: Write) -> Value {
    merged(&new(id).body, &patch(write, true))
}

/// Parses the movie in a response's body.
pub fn read(body: &Value) -> Movie {
    let read = || {
        let write = |patch: Value| {
            let (name, _) = patch.as_object()?.iter().next()?;
            BY_VALUE.get(&body.get(name)?.to_string()).copied()
        };
        let (version, other) = (write(change())?, write(other_change())?);
        let id = (0..IDS).find(|id| merged(&created(*id, other), &patch(version, false)) == *body)?;
        Some(Movie { id, version, other })
    };
    read().unwrap_or_else(|| panic!("nobody wrote {body}"))
}

impl Movie {
    /// The movie after a write.
    pub fn changed(self, write: Write, sets_other: bool) -> Self {
        Self { version: write, other: if sets_other { write } else { self.other }, ..self }
    }
}
