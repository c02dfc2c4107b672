//! Black-box tests: from event bytes to reply bytes, with the embedded DynamoDB emulator. Each test has its own table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![allow(missing_docs, reason = "tests are named as sentences")]

mod attempts;
mod base_paths;
mod budget;
mod conditions;
mod connections;
mod contract;
mod cors;
mod documented;
mod errors;
mod event_fields;
mod event_sources;
mod faults;
mod fields;
mod headers;
mod hostile;
mod idempotency;
mod leftovers;
mod listing;
mod movies;
mod openapi;
mod other_writers;
mod schemas;
mod support;
mod swagger_ui;
mod usage;
