//! The local store: copies of the function share it, and `AWS_ENDPOINT_URL_DYNAMODB` selects another store.
#![cfg(target_os = "linux")]

use std::fs;

use crate::{
    emulator::{create, get},
    process::Process,
    tools::new_directory,
};

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn another_copy_takes_the_store_over() {
    let directory = new_directory();
    let leader = Process::emulator(&directory, "leader.log", &[]);
    assert_eq!(leader.status(&create("First")), 200);
    let copy = Process::emulator(&directory, "copy.log", &[]);
    assert_eq!(copy.status(&create("Second")), 200);
    drop(leader);
    assert_eq!(copy.status(&create("Third")), 200);
    let movies = copy.invoke(get("/ns_movies/").to_string().as_bytes())["body"].as_str().unwrap().to_owned();
    for title in ["First", "Second", "Third"] {
        assert!(movies.contains(title), "{title} is not in {movies}");
    }
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
