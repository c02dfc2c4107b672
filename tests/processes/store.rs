//! The local store: copies of the function share one file, and `AWS_ENDPOINT_URL_DYNAMODB` selects another store.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    env, fs,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    emulator::{create, get},
    fixture::{collection, large, merged, new},
    process::Process,
    tools::new_directory,
};

const WRITERS: usize = 16;

/// What the clients know about a write that only one of them can win.
#[derive(Default)]
struct Outcome {
    successes: usize,
    /// The number of responses after which the outcome is unknown.
    unknown: usize,
}

/// The writes of a race.
#[derive(Default)]
struct Race {
    /// The outcomes for each movie, which is one of the new ones. The writers count in a text of the first one.
    outcomes: Mutex<BTreeMap<usize, Outcome>>,
    /// Half of the writers create the same movie.
    created: AtomicUsize,
    changed: AtomicUsize,
}

impl Race {
    /// Creates and changes the same movies as the other writers, for `duration`.
    fn write(&self, watch: &Process, duration: Duration) {
        let start = Instant::now();
        let counter = new(0).path;
        while start.elapsed() < duration {
            let n = 1 + self.created.fetch_add(1, Ordering::Relaxed) / (WRITERS / 2);
            self.count(n, watch.json("POST", collection(), &new(n).body).status, 409);

            let before = watch.get(&counter);
            let change = counting(count(&before.json()) + 1).to_string();
            let condition = format!("If-Match: {}", before.headers["etag"]);
            // With a key, the change is a transaction.
            let key = self.changed.fetch_add(1, Ordering::Relaxed);
            let key = if key.is_multiple_of(2) { "Accept: */*".to_owned() } else { format!("Idempotency-Key: {key}") };
            self.count(0, watch.call("PUT", &counter, &[&condition, &key], &change).status, 412);
        }
    }

    /// Counts the response to a write. The status `lost` means that another writer was faster.
    fn count(&self, n: usize, status: u16, lost: u16) {
        let mut outcomes = self.outcomes.lock().unwrap();
        let outcome = outcomes.entry(n).or_default();
        match status {
            200 => outcome.successes += 1,
            503 => outcome.unknown += 1,
            _ => assert_eq!(status, lost, "{n}"),
        }
    }
}

/// A patch that writes a number into a text of the movie.
fn counting(number: usize) -> Value {
    let mut patch = large(0);
    patch.as_object_mut().unwrap().values_mut().for_each(|text| *text = json!(number.to_string()));
    patch
}

/// The number in the movie's text.
fn count(movie: &Value) -> usize {
    let field = large(0).as_object().unwrap().keys().next().unwrap().clone();
    movie[field].as_str().unwrap().parse().unwrap()
}

/// Eight processes write to one file. `RACE_SECONDS` sets how long.
#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn eight_copies_of_the_function_lose_no_write_and_win_no_race_twice() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &["--concurrency", "8"]);
    assert_eq!(watch.json("POST", collection(), &merged(&new(0).body, &counting(0))).status, 200);
    let seconds = env::var("RACE_SECONDS").map_or(5, |seconds| seconds.parse().unwrap());
    let race = Race::default();
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| race.write(&watch, Duration::from_secs(seconds)));
        }
    });
    let log = fs::read_to_string(directory.join("watch.log")).unwrap();
    assert_eq!(log.matches("starting lambda function instance").count(), 8, "{log}");

    let mut outcomes = race.outcomes.into_inner().unwrap();
    let writes: usize = outcomes.values().map(|outcome| outcome.successes).sum();
    let lost: usize = outcomes.values().map(|outcome| outcome.unknown).sum();
    println!("{writes} writes succeeded, the outcome of {lost} is unknown");
    let Outcome { successes, unknown } = outcomes.remove(&0).unwrap();
    let counted = count(&watch.get(&new(0).path).json());
    assert!((successes..=successes + unknown).contains(&counted), "{counted}: {successes}, {unknown} unknown");
    for (n, Outcome { successes, unknown }) in outcomes {
        let is_stored = watch.get(&new(n).path).status == 200;
        let is_won_once = successes == 1 || successes == 0 && unknown > 0;
        assert!(is_stored && is_won_once, "{n}: {successes}, {unknown} unknown, {is_stored}");
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn copies_of_the_function_share_one_store() {
    let directory = new_directory();
    let one = Process::emulator(&directory, "one.log", &[]);
    assert_eq!(one.status(&create(1)), 200);
    let other = Process::emulator(&directory, "other.log", &[]);
    assert_eq!((other.status(&create(1)), other.status(&create(2))), (409, 200));
    assert_eq!((one.status(&create(2)), one.status(&create(3))), (409, 200));
    drop(one);
    assert_eq!((other.status(&create(3)), other.status(&create(4))), (409, 200));
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn another_dynamodb_can_be_named() {
    let (directory, other) = (new_directory(), new_directory());
    let first = Process::emulator(&directory, "first.log", &[]);
    assert_eq!(first.status(&create(1)), 200);
    let endpoint = format!("http://127.0.0.1:{}", fs::read_to_string(directory.join("port")).unwrap());
    let named = |table| [("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()), ("TABLE_NAME", table)];
    let mut with_keys = named("movies").to_vec();
    with_keys.extend([("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own"), ("AWS_REGION", "")]);
    let same = Process::emulator(&other, "same.log", &with_keys);
    assert_eq!(same.status(&create(1)), 409);
    // A table that does not exist is created and seeded.
    let new = Process::emulator(&other, "new.log", &named("others"));
    assert_eq!(new.status(&create(1)), 200);
    let list = new.invoke(get(collection()).to_string().as_bytes());
    let list: BTreeMap<String, Value> = serde_json::from_str(list["body"].as_str().unwrap()).unwrap();
    assert!(list.len() > 1, "{list:?}");
    assert!(!other.join("movies.db").exists());
}

#[test]
fn a_dynamodb_on_another_machine_needs_credentials_and_a_region() {
    let credentials = [("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own")];
    for (variables, problem) in [
        (&[][..], "no credentials: run eval \"$(aws configure export-credentials --format env)\" first; "),
        (&credentials[..1], "no credentials: "),
        (&[credentials[0], ("AWS_SECRET_ACCESS_KEY", "")], "no credentials: "),
        (&credentials, "no region; "),
    ] {
        let mut function = Command::new(env!("CARGO_BIN_EXE_movies"));
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            function.env_remove(name);
        }
        function
            .envs([("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.eu-west-1.amazonaws.com")])
            .envs([("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")])
            .envs(variables.iter().copied());
        let output = function.output().unwrap();
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success() && log.contains(problem), "{variables:?}: {log}");
    }
}
