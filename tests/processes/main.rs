//! The function as a process: under `cargo lambda watch` as a newcomer runs it, and under AWS's Runtime Interface
//! Emulator as Lambda runs it. `make test` installs both and runs these tests. Plain `cargo test` ignores them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![allow(missing_docs, reason = "tests are named as sentences")]

mod clients;
#[path = "../api/contract.rs"]
mod contract;
mod cors;
mod deployed;
mod emulator;
mod logs;
mod make;
mod process;
mod readme;
mod reload;
mod smoke;
mod store;
mod swagger_ui;
mod tls_proxy;
mod tools;
mod watch;

use serde_json::{Value, json};

/// A complete movie.
fn movie(title: &str) -> Value {
    json!({"title": title, "year": 2000, "cast": [], "image": "https://example.org/a.jpg", "description": "é"})
}
