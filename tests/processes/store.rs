//! The local store: copies of the function share one file, and `AWS_ENDPOINT_URL_DYNAMODB` selects another store.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    env, fs,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    emulator::{create, get},
    movie,
    process::Process,
    tools::new_directory,
};

const WRITERS: u32 = 16;

/// The writes of a race, and what the clients know about them.
#[derive(Default)]
struct Race {
    /// The number of successes for each movie, and the number of responses after which the outcome is unknown.
    outcomes: Mutex<BTreeMap<String, (u32, u32)>>,
    /// Half of the writers create the same movie.
    created: AtomicU32,
    /// How often the ball was renamed.
    renamed: AtomicU32,
}

impl Race {
    /// Creates, changes and renames the same movies as the other writers, for `duration`.
    fn write(&self, watch: &Process, duration: Duration) {
        let start = Instant::now();
        while start.elapsed() < duration {
            let title = format!("New {}", self.created.fetch_add(1, Ordering::Relaxed) / (WRITERS / 2));
            self.count(&title, watch.json("POST", "/ns_movies/", &movie(&title)).status, &[409]);

            let counter = watch.get("/ns_movies/Counter-2000");
            if counter.status == 200 {
                let count: u32 = counter.json()["description"].as_str().unwrap().parse().unwrap();
                let change = json!({"description": (count + 1).to_string()}).to_string();
                let headers = ["Content-Type: application/json", &format!("If-Match: {}", counter.headers["etag"])];
                let changed = watch.call("PUT", "/ns_movies/Counter-2000", &headers, &change);
                self.count("Counter", changed.status, &[412]);
            }

            let (now, next) = (self.renamed.load(Ordering::Relaxed), self.renamed.load(Ordering::Relaxed) + 1);
            let rename = json!({"title": format!("Ball {next}")});
            self.count("Ball", watch.json("PATCH", &format!("/ns_movies/Ball%20{now}-2000"), &rename).status, &[404]);
            if watch.get(&format!("/ns_movies/Ball%20{next}-2000")).status == 200 {
                self.renamed.fetch_max(next, Ordering::Relaxed);
            }
        }
    }

    /// Counts the response to a write. A status in `lost` means that another writer was faster.
    fn count(&self, movie: &str, status: u16, lost: &[u16]) {
        let mut outcomes = self.outcomes.lock().unwrap();
        let (successes, unknown) = outcomes.entry(movie.to_owned()).or_default();
        match status {
            200 => *successes += 1,
            503 => *unknown += 1,
            _ => assert!(lost.contains(&status), "{movie}: {status}"),
        }
    }
}

/// Eight processes write to one file. `RACE_SECONDS` sets how long.
#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn eight_copies_of_the_function_lose_no_write_and_win_no_race_twice() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &["--concurrency", "8"]);
    for (title, description) in [("Counter", "0"), ("Ball 0", "")] {
        let mut movie = movie(title);
        movie["description"] = json!(description);
        assert_eq!(watch.json("POST", "/ns_movies/", &movie).status, 200);
    }
    let seconds = env::var("RACE_SECONDS").map_or(5, |seconds| seconds.parse().unwrap());
    let race = Race::default();
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| race.write(&watch, Duration::from_secs(seconds)));
        }
    });
    let log = fs::read_to_string(directory.join("watch.log")).unwrap();
    assert_eq!(log.matches("starting lambda function instance").count(), 8, "{log}");

    let movies = all_movies(&watch);
    let mut outcomes = race.outcomes.into_inner().unwrap();
    let (writes, lost) = outcomes.values().fold((0, 0), |(all, lost), (won, unknown)| (all + won, lost + unknown));
    println!("{writes} writes succeeded, the outcome of {lost} is unknown");
    let (changes, unknown) = outcomes.remove("Counter").unwrap();
    let counter: u32 = movies["Counter-2000"]["description"].as_str().unwrap().parse().unwrap();
    assert!((changes..=changes + unknown).contains(&counter), "{counter}: {changes}, {unknown} unknown");
    let (renames, unknown) = outcomes.remove("Ball").unwrap();
    let balls: Vec<u32> =
        movies.keys().filter_map(|id| id.strip_prefix("Ball ")?.strip_suffix("-2000")?.parse().ok()).collect();
    assert!(
        balls.len() == 1 && (renames..=renames + unknown).contains(&balls[0]),
        "{balls:?}: {renames}, {unknown} unknown"
    );
    for (title, (created, unknown)) in outcomes {
        let exists = movies.contains_key(&format!("{title}-2000"));
        assert!(
            exists && (created == 1 || created == 0 && unknown > 0),
            "{title}: {created}, {unknown} unknown, {exists}"
        );
    }
}

/// Every movie, page by page.
fn all_movies(watch: &Process) -> BTreeMap<String, Value> {
    let mut movies = BTreeMap::new();
    let mut next = Some("/ns_movies/?limit=1000".to_owned());
    while let Some(path) = next {
        let page = watch.get(&path);
        for (id, movie) in page.json().as_object().unwrap() {
            assert_eq!(movies.insert(id.clone(), movie.clone()), None, "{id} is listed twice");
        }
        let link = page.headers.get("link").map(|link| link.trim_start_matches('<').split_once('>').unwrap().0);
        next = link.map(|reference| format!("/ns_movies/{}", reference.trim_start_matches("./")));
    }
    movies
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn copies_of_the_function_share_one_store() {
    let directory = new_directory();
    let one = Process::emulator(&directory, "one.log", &[]);
    assert_eq!(one.status(&create("First")), 200);
    let other = Process::emulator(&directory, "other.log", &[]);
    assert_eq!((other.status(&create("First")), other.status(&create("Second"))), (409, 200));
    assert_eq!((one.status(&create("Second")), one.status(&create("Third"))), (409, 200));
    drop(one);
    assert_eq!((other.status(&create("Third")), other.status(&create("Fourth"))), (409, 200));
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn another_dynamodb_can_be_named() {
    let (directory, other) = (new_directory(), new_directory());
    let first = Process::emulator(&directory, "first.log", &[]);
    assert_eq!(first.status(&create("Shared")), 200);
    let endpoint = format!("http://127.0.0.1:{}", fs::read_to_string(directory.join("port")).unwrap());
    let named = |table| [("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()), ("TABLE_NAME", table)];
    let mut with_keys = named("movies").to_vec();
    with_keys.extend([("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own"), ("AWS_REGION", "")]);
    let same = Process::emulator(&other, "same.log", &with_keys);
    assert_eq!(same.status(&create("Shared")), 409);
    // A table that does not exist is created and seeded.
    let new = Process::emulator(&other, "new.log", &named("others"));
    assert_eq!(new.status(&create("Shared")), 200);
    let list = new.invoke(get("/ns_movies/").to_string().as_bytes()).to_string();
    assert!(list.contains("The Dare-2020"), "{list}");
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
