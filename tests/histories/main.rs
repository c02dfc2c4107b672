//! Random histories of clients that act at the same time, on copies of the function with one store, while calls to DynamoDB
//! fail. Each history is checked for linearizability.

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
    panic::resume_unwind,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// Says what is wrong with the history of a seed, if anything is.
fn check(seed: u64) -> Result<(), String> {
    let history = run::run(seed);
    let t = Instant::now();
    let r = check::check(&history);
    if t.elapsed() > Duration::from_millis(200) {
        eprintln!("seed {seed} checked in {:?}", t.elapsed());
    }
    r.map_err(|reason| format!("{reason}\n{history}"))
}

#[test]
fn histories_are_linearizable() {
    let (first, count) = (number("SEED", 0), number("HISTORIES", 3_000));
    let (next, start) = (AtomicU64::new(0), Instant::now());
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            if let Err(failure) = check(first + index) {
                next.store(count, Ordering::Relaxed);
                panic!("{failure}");
            }
            if (index + 1) % 1_000 == 0 {
                eprintln!("{} of {count} histories after {:.0?}", index + 1, start.elapsed());
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    });
    assert!(start.elapsed() < Duration::from_secs(60 * 60 * 24));
}

#[test]
fn a_history_is_the_same_again_from_its_seed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    for seed in 0..20 {
        let print = |()| run::run(seed).to_string();
        let [first, again] = [(); 2].map(print);
        assert_eq!(first, again);
    }
}
