//! Runs `tests/smoke`, which tests a deployed API, against a local one.

use std::process::Command;

use crate::{
    fixture::collection,
    process::Process,
    tools::{new_directory, project, succeeds},
};

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn it_passes_and_leaves_nothing_behind() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &["--concurrency", "4"]);
    let stage = Process::stage(&watch, &directory);
    let list = || watch.get(&format!("{}?limit=1000", collection())).body;
    let before = list();
    let smoke = |url: &str| {
        let mut command = Command::new("python3");
        command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider"]).arg(project("tests/smoke")).args(["--url", url]);
        command
    };
    for url in [format!("http://{}", watch.address), format!("http://{}/prod/", stage.address)] {
        succeeds(&mut smoke(&url));
        assert_eq!(list(), before, "{url}");
    }
    for (service, url) in
        [("another path", format!("http://{}/elsewhere", watch.address)), ("closed", "http://127.0.0.1:1".to_owned())]
    {
        let output = smoke(&url).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{service}: {output:?}");
    }
}
