//! The outcome of a step on a plain map.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::step::{Operation, TITLES, Tags, YEARS};
use crate::support::{movie, path_of};

/// What should be in the table.
pub type Model = BTreeMap<String, Value>;

pub fn id_of((title, year): (usize, usize)) -> String {
    format!("{}-{}", TITLES[title], YEARS[year])
}

fn created((title, year): (usize, usize), text: u8) -> Value {
    let mut movie = movie(TITLES[title], YEARS[year]);
    movie["description"] = json!(text.to_string());
    movie
}

/// The response that a step should get, and the map after it.
pub struct Outcome {
    pub status: u64,
    pub body: Option<Value>,
    pub after: Model,
}

/// The request of a step, and its outcome on a map. `holds` says whether the preconditions are true.
pub fn expect(model: &Model, operation: &Operation, holds: bool) -> (&'static str, String, Value, Outcome) {
    let refuse = |status| Outcome { status, body: None, after: model.clone() };
    match operation {
        Operation::Create { id, text } => {
            let (id, movie) = (id_of(*id), created(*id, *text));
            let mut after = model.clone();
            let expected = if model.contains_key(&id) {
                refuse(409)
            } else {
                after.insert(id, movie.clone());
                Outcome { status: 200, body: Some(movie.clone()), after }
            };
            ("POST", "/ns_movies/".to_owned(), movie, expected)
        }
        Operation::Read { id } => {
            let id = id_of(*id);
            let expected = match model.get(&id) {
                Some(movie) => Outcome { status: 200, body: Some(movie.clone()), after: model.clone() },
                None => refuse(404),
            };
            ("GET", path_of(&id), Value::Null, expected)
        }
        Operation::Update { .. } | Operation::Rename { .. } => {
            let (id, patch) = patch_of(operation);
            let expected = match model.get(&id) {
                _ if patch == json!({}) => refuse(400),
                None => refuse(404),
                Some(_) if !holds => refuse(412),
                Some(movie) => {
                    let mut movie = movie.clone();
                    for (name, value) in patch.as_object().unwrap() {
                        movie[name] = value.clone();
                    }
                    let new_id = format!("{}-{}", movie["title"].as_str().unwrap(), movie["year"]);
                    if new_id != id && model.contains_key(&new_id) {
                        refuse(409)
                    } else {
                        let mut after = model.clone();
                        after.remove(&id);
                        after.insert(new_id, movie.clone());
                        Outcome { status: 200, body: Some(movie), after }
                    }
                }
            };
            ("PATCH", path_of(&id), patch, expected)
        }
        Operation::Delete { id } => {
            let id = id_of(*id);
            let mut after = model.clone();
            let expected = match after.remove(&id) {
                None => refuse(404),
                Some(_) if !holds => refuse(412),
                Some(_) => Outcome { status: 200, body: None, after },
            };
            ("DELETE", path_of(&id), Value::Null, expected)
        }
        Operation::List { .. } => unreachable!("a listing is checked by itself"),
    }
}

pub fn patch_of(operation: &Operation) -> (String, Value) {
    let mut patch = json!({});
    let (id, text) = match operation {
        Operation::Update { id, text, cast } => {
            if let Some(cast) = cast {
                patch["cast"] = json!([cast.to_string()]);
            }
            (id, text)
        }
        Operation::Rename { id, to: (title, year), text } => {
            if let Some(title) = title {
                patch["title"] = json!(TITLES[*title]);
            }
            if let Some(year) = year {
                patch["year"] = json!(YEARS[*year]);
            }
            (id, text)
        }
        other => unreachable!("{other:?} has no patch"),
    };
    if let Some(text) = text {
        patch["description"] = json!(text.to_string());
    }
    (id_of(*id), patch)
}

/// Whether preconditions are true for an existing movie, if the ETag that the client saw last is current or not.
pub fn holds(if_match: Tags, if_none_match: Tags, is_current: bool) -> bool {
    let matches = |tags| match tags {
        Tags::Any => true,
        Tags::Absent | Tags::Empty => false,
        Tags::Seen => is_current,
    };
    (if_match == Tags::Absent || matches(if_match)) && !matches(if_none_match)
}
