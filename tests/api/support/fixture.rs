//! What `tests/fixture.json` holds. The tests of Python and TypeScript read it too.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

/// A movie, or the place of one.
#[derive(Clone, Debug, Deserialize)]
pub struct Example {
    pub id: String,
    /// Percent-encoded.
    pub path: String,
    /// What a client sends and receives. Null if there is no such movie.
    #[serde(default)]
    pub body: Value,
}

/// A body that is refused, and the JSON Pointers of all its errors, sorted.
#[derive(Deserialize)]
pub struct InvalidBody {
    pub body: Value,
    pub pointers: Vec<String>,
}

#[derive(Deserialize)]
struct Fixture {
    collection: String,
    stored: [Example; 2],
    missing: Example,
    new: Value,
    change: Value,
    other_change: Value,
    invalid: InvalidBody,
    large: String,
}

static FIXTURE: LazyLock<Fixture> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../fixture.json")).expect("a fixture"));

/// The path of the collection.
pub fn collection() -> &'static str {
    &FIXTURE.collection
}

/// The first movie of a seeded service.
pub fn stored() -> &'static Example {
    &FIXTURE.stored[0]
}

/// The second movie of a seeded service.
pub fn stored_2() -> &'static Example {
    &FIXTURE.stored[1]
}

/// A valid id that no movie has.
pub fn missing() -> &'static Example {
    &FIXTURE.missing
}

/// A movie that is not stored, another one for each number.
pub fn new(n: usize) -> Example {
    let text = FIXTURE.new.to_string().replace("{n}", &n.to_string());
    serde_json::from_str(&text).unwrap()
}

/// A patch, which does not change the id.
pub fn change() -> Value {
    FIXTURE.change.clone()
}

/// A patch of other fields than [`change`].
pub fn other_change() -> Value {
    FIXTURE.other_change.clone()
}

/// A body that is refused.
pub fn invalid() -> &'static InvalidBody {
    &FIXTURE.invalid
}

/// The field that may be large.
pub fn large_field() -> &'static str {
    &FIXTURE.large
}

/// A patch with a text of this many bytes.
pub fn large(bytes: usize) -> Value {
    json!({large_field(): "x".repeat(bytes)})
}

/// The body after a patch (RFC 7396 of one level).
pub fn merged(body: &Value, patch: &Value) -> Value {
    let mut body = body.clone();
    for (name, value) in patch.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
