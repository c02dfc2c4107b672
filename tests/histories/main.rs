//! Tests random histories, which are the specification of the write protocol. In a history, up to four clients send requests
//! at the same time, while calls to DynamoDB fail. Each client has its own copy of the function, and all copies use one store.
//! Each history is checked for linearizability against a sequential specification. If a history has one client, each response
//! must be that of a map, or 503. Without a fault, no response may be 503.
//!
//! A history has a simulated clock. Its seed determines everything: the requests, the faults, the delays of calls, and the
//! delays between attempts. So waiting takes no real time, timeouts do not depend on the machine's load, and a history that
//! fails can be repeated exactly.
//!
//! # What the specification allows
//! - A write with the response 503 may happen at any time until the end of the history, or not at all. It can happen late:
//!   DynamoDB carries out an attempt after the service has stopped waiting for it, also if a later attempt was refused.
//! - If the response to an attempt is lost, a create or an update may happen again, unless one of the movie's last two
//!   versions is that of the operation. The documentation of the store names this limit.
//! - A listing reads each id at a different moment, because DynamoDB's scan is not a snapshot.
//!
//! The specification allows no exception for a write with an `Idempotency-Key`: it happens at most once. The service
//! remembers the first successful request with a key. The same request gets the same response again, and a different request
//! gets 422. Clients repeat such a request after each kind of response, through several copies of the function, and also at
//! the same time.
//!
//! # What histories do not cover
//! - Which status a write has after a fault, because 503 is always allowed then. Tests of `tests/api/` have tables of them.
//! - A key that expires, because a history takes only seconds.
//! - Filters of a listing, because an index can follow the table with a delay.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![allow(missing_docs, reason = "tests are named as sentences")]

mod action;
mod check;
mod client;
mod clock;
#[path = "../api/contract.rs"]
mod contract;
#[path = "../api/headers.rs"]
mod headers;
mod history;
mod movie;
mod plan;
mod rename;
mod run;
mod specification;
#[allow(dead_code, unused_imports, reason = "the API tests use the rest")]
#[path = "../api/support/mod.rs"]
mod support;
mod wire;

use std::{
    cell::RefCell,
    env, panic,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use history::History;

/// The number in an environment variable.
fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// Does `work` with a Tokio runtime, because the SDK and the service create Tokio timers. These timers never end, because
/// the runtime itself does not run. A history uses its own clock instead.
fn with_timers(work: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    work();
}

/// Checks the histories of `HISTORIES` consecutive seeds. The first seed is `SEED`. If `HISTORIES` is 1, prints the history.
#[test]
fn histories_are_linearizable() {
    let (first, count) = (number("SEED", 0), number("HISTORIES", 3_000));
    let next = AtomicU64::new(0);
    let work = || {
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && index < count
        {
            let (seed, history) = (first + index, RefCell::default());
            let checked = panic::catch_unwind(panic::AssertUnwindSafe(|| {
                run::run(seed, &history);
                check::check(&history.borrow())
            }));
            let history: History = history.into_inner();
            if count == 1 {
                eprintln!("{history}");
            }
            let checked = checked.unwrap_or_else(|_| Err("It ends with a panic.".to_owned()));
            if let Err(failure) = checked {
                next.store(count, Ordering::Relaxed);
                panic!("The history of seed {seed}. {failure}\n{history}");
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
    let print = |seed| {
        let history = RefCell::default();
        run::run(seed, &history);
        history.into_inner().to_string()
    };
    with_timers(|| (0..20).for_each(|seed| assert_eq!(print(seed), print(seed))));
}
