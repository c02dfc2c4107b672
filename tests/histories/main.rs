//! Random histories of clients that act at the same time, each with its own copy of the function, on one store, while calls
//! to DynamoDB fail. Each history is checked for linearizability against a sequential specification.
//!
//! A history has a clock of its own, and follows entirely from its seed: the requests, the faults, the delays on the wire
//! and between attempts. So a second of waiting takes no time, no timeout depends on the machine's load, and a history that
//! fails is the same when it runs again.
//!
//! # What the specification allows
//! - A write with the response 503 may happen at any time until the end of the history, or not at all.
//! - A create or an update happens again with an attempt whose response was lost, if the movie's last two versions do not
//!   show it. The store documents this as not promised.
//! - A listing reads each id at a moment of its own. DynamoDB's scan is not a snapshot.
//!
//! A write with an `Idempotency-Key` happens once, without exception: the first successful request with a key is remembered,
//! the same one gets its response again, and another one gets 422. Clients send it again after each kind of response, through
//! several copies of the function, also at the same time.
//!
//! # What histories leave out
//! - A delete, a rename or a write with a key that is carried out after its attempt has timed out, and after a later attempt
//!   was refused. The client has the refusal by then. Other creates and updates can be overdue.
//! - A key that expires: a history takes seconds.
//! - Listings of a year, because the index follows the table later.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![allow(missing_docs, reason = "tests are named as sentences")]

#[path = "../api/bodies.rs"]
mod bodies;
mod check;
mod client;
mod clock;
#[path = "../api/contract.rs"]
mod contract;
mod history;
mod plan;
mod print;
mod run;
mod specification;
#[allow(dead_code, unused_imports, reason = "the API tests use the rest")]
#[path = "../api/support/mod.rs"]
mod support;
mod wire;

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// Lets the SDK and the service set their timers, which never end: a history has a clock of its own.
fn with_timers(work: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    work();
}

/// Checks histories of seeds in a row: `HISTORIES` of them, from `SEED` on. A history that is checked alone is printed.
#[test]
fn histories_are_linearizable() {
    let (first, count) = (number("SEED", 0), number("HISTORIES", 3_000));
    let (next, start) = (AtomicU64::new(0), Instant::now());
    let work = || {
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && index < count
        {
            let history = run::run(first + index);
            if count == 1 {
                eprintln!("{history}");
            }
            if let Err(failure) = check::check(&history) {
                next.store(count, Ordering::Relaxed);
                panic!("{failure}\n{history}");
            }
            if (index + 1).is_multiple_of(1_000) || index + 1 == count {
                eprintln!("{} of {count} histories after {} s", index + 1, start.elapsed().as_secs());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| with_timers(work));
        }
    });
}

#[test]
fn a_history_is_the_same_again_from_its_seed() {
    with_timers(|| {
        for seed in 0..20 {
            assert_eq!(run::run(seed).to_string(), run::run(seed).to_string());
        }
    });
}
