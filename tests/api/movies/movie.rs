//! What the other tests ask about movies: changes of the id, filters of a listing, and rules that a schema cannot express.

use serde_json::{Value, json};

use super::{merged, other_change, stored_2};

/// Patches that change the id. An entity whose id never changes has none.
pub fn renames() -> Vec<Value> {
    vec![json!({"title": "Renamed"}), merged(&other_change(), &json!({"year": 1}))]
}

/// Patches that give another entity the id of [`stored_2`].
pub fn renames_to_stored_2() -> Vec<Value> {
    vec![json!({"title": stored_2().body["title"], "year": stored_2().body["year"]})]
}

/// Filters of a listing that every [`new`] movie meets. An entity without an index has only the first.
pub fn filters() -> [String; 2] {
    [String::new(), format!("&year={}", super::new(1).body["year"])]
}

/// Whether the service rejects a field by a rule that the schema does not express. These rules are: a title has a
/// character that is not Unicode white space, title and year fit into an id, an image is a URL with a host, and a field
/// is given once.
pub fn is_beyond_the_schema(pointer: &str, detail: &str, body: &Value) -> bool {
    let text = |name: &str| body[name].as_str();
    match pointer {
        "/title" if text("title").is_some_and(|title| title.trim().is_empty()) => true,
        "/title" if detail.starts_with("is too long: title, dash and year are at most") => true,
        "/image" => text("image").is_some(),
        _ => detail == "is given more than once",
    }
}
