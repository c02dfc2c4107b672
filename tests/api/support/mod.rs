//! What the tests share: a service, the events that reach it, its replies, and faults beneath it.

mod call;
mod faults;
mod function;
mod items;
pub mod keyed;
mod response;
mod service;

use std::time::Duration;

use movies::movie::Movie;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub use call::{Call, EventFormat};
pub use faults::{Fault, Faults, FaultyClient};
pub use function::Function;
pub use items::{Item, item, string};
pub use response::{Response, send_event};
pub use service::Service;

/// A whole movie.
pub fn movie(title: &str, year: u16) -> Value {
    json!({
        "title": title, "year": year, "cast": ["Ann", "Bob"],
        "image": "https://example.org/a.jpg", "description": "About it.",
    })
}

/// The movie that a client's JSON is.
pub fn parsed(movie: &Value) -> Movie {
    Movie::from_json(movie.to_string().as_bytes()).unwrap()
}

/// The path of a movie, with everything escaped that could be.
pub fn path_of(id: &str) -> String {
    format!("/ns_movies/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

/// Longer than any response may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
