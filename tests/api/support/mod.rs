//! What the tests share: a service, events, replies, and faults of DynamoDB calls.

mod call;
mod clock;
mod faults;
mod fixture;
mod function;
mod items;
#[path = "../movies/movie.rs"]
pub mod movies;
pub mod requests;
mod response;
mod service;

use std::time::Duration;

use ::movies::movie::Movie;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

pub use call::{AT_API, Call, EventFormat};
pub use clock::Clock;
pub use faults::{Fault, Faults, FaultyClient, Other};
pub use fixture::{
    Example, change, collection, invalid, large, large_field, merged, missing, new, other_change, stored, stored_2,
};
pub use function::Function;
pub use items::{Item, item_of, partition_key, string};
pub use response::{Response, send_event};
pub use service::Service;

/// Parses a movie from a client's JSON.
pub fn parsed(movie: &Value) -> Movie {
    Movie::from_json(movie.to_string().as_bytes()).unwrap()
}

/// The path of a movie, in which every reserved character is escaped.
pub fn path_of(id: &str) -> String {
    format!("{}{}", collection(), utf8_percent_encode(id, NON_ALPHANUMERIC))
}

/// Longer than the SDK may wait for any response.
pub const PATIENCE: Duration = Duration::from_secs(5);
