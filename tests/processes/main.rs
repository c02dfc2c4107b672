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

mod browser;
mod clients;
#[path = "../api/contract.rs"]
mod contract;
mod deployed;
mod emulator;
#[path = "../api/support/fixture.rs"]
#[allow(dead_code, reason = "the API tests use all of it")]
mod fixture;
mod logs;
mod make;
mod process;
mod readme;
mod reload;
mod store;
mod tls_proxy;
mod tools;
mod watch;
