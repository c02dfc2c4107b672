//! The commands of the Makefile, as a newcomer calls them, also in a folder whose path contains a blank.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    env, fs,
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    fixture::collection,
    process::{COMPILING, Process, STARTING, free_port},
    tools::{copy_of_the_project, project, remove_variables, succeeds},
};

fn make(directory: &Path, arguments: &[&str]) -> Command {
    newcomer("make", directory, arguments)
}

/// A command without what the tests' own `make` and cargo have set.
fn newcomer(program: &str, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env("CARGO_BUILD_BUILD_DIR", project("target"));
    remove_variables(&mut command);
    let paths = env::var_os("PATH").unwrap();
    let paths = env::split_paths(&paths).filter(|path| !path.to_string_lossy().contains(".tools"));
    command.env("PATH", env::join_paths(paths).unwrap());
    command
}

/// `make run` in a terminal, and `after` as the next command of its shell. The terminal closes when this is dropped.
fn run(directory: &Path, port: u16, after: &str) -> Process {
    let commands = format!("make run PORT={port}{after}");
    let mut terminal = newcomer("script", directory, &["--quiet", "--flush", "--command", &commands, "/dev/null"]);
    terminal.env("SHELL", "/bin/sh");
    let service = Process::start(terminal, format!("127.0.0.1:{port}"), &directory.join("run.log"));
    service.wait_until(COMPILING, || {
        service.exchange("GET", "/health", &[], "").is_some_and(|response| response.status == 200)
    });
    service
}

/// Closes the terminal of the service, and waits until no process listens at these ports.
fn close(service: Process, ports: &[u16]) {
    drop(service);
    let start = Instant::now();
    while ports.iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
        assert!(start.elapsed() < STARTING, "a process still listens after its terminal has closed");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Whether only programs on this machine can connect to the port.
fn is_on_loopback(port: u16) -> bool {
    // A line has the local address in hexadecimal digits; the state 0A means that a program listens.
    let listens = |table: &str, address: &str| {
        let sockets = fs::read_to_string(table).unwrap();
        let local = format!(": {address}:{port:04X} ");
        sockets.lines().any(|line| line.contains(&local) && line.contains(" 0A "))
    };
    let any = listens("/proc/net/tcp", "00000000") || listens("/proc/net/tcp6", &"0".repeat(32));
    listens("/proc/net/tcp", "0100007F") && !any
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn make_runs_seeds_exports_and_resets_in_a_folder_whose_path_contains_a_blank() {
    let copy = copy_of_the_project();
    assert!(copy.to_str().unwrap().contains(' '));
    let port = free_port();
    let service = run(&copy, port, "");
    assert!(is_on_loopback(port));
    let url = format!("URL=http://{}", service.address);
    let loaded = succeeds(&mut make(&copy, &["seed", &url]));
    assert!(loaded.contains(": 0 created, ") && loaded.contains(" already there"), "{loaded}");
    let exported = succeeds(&mut make(&copy, &["export", &url, "FILE=all movies.json"]));
    assert!(exported.contains(" written to all movies.json"), "{exported}");
    let stored: BTreeMap<String, Value> = serde_json::from_str(&service.get(collection()).body).unwrap();
    let exported: Value = serde_json::from_slice(&fs::read(copy.join("all movies.json")).unwrap()).unwrap();
    let exported = exported["movies_list"].as_array().unwrap();
    assert!(exported.len() == stored.len() && stored.values().all(|movie| exported.contains(movie)), "{exported:?}");
    let invoked = succeeds(&mut make(&copy, &["invoke", "EVENT=rest-list", &format!("PORT={port}")]));
    assert!(invoked.contains(r#""statusCode":200"#) && stored.keys().all(|id| invoked.contains(id)), "{invoked}");
    let printed = fs::read_to_string(copy.join("run.log")).unwrap();
    assert!(copy.join("target/local/movies.db").exists() && !printed.contains("ERROR"), "{printed}");
    // All of this stands before the first line of cargo-lambda, which waits for a request.
    let (before, _) = printed.split_once("starting Runtime server").unwrap();
    for text in [
        &format!("Movies      http://localhost:{port}{}", collection()),
        &format!("Swagger UI  http://localhost:{port}/"),
        "Data        target/local (to start over: ",
        "For 3 seconds after you save a file, the old code responds.",
    ] {
        assert!(before.contains(text), "{printed}");
    }

    let reset = make(&copy, &["reset"]).output().unwrap();
    let refused = String::from_utf8(reset.stderr).unwrap();
    assert!(refused.contains("Stop it first") && copy.join("target/local/movies.db").exists(), "{refused}");
    let emulator = fs::read_to_string(copy.join("target/local/port")).unwrap().parse().unwrap();
    close(service, &[port, emulator]);
    succeeds(&mut make(&copy, &["reset"]));
    assert!(!copy.join("target/local/movies.db").exists());
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn make_run_names_a_port_that_is_in_use() {
    let (copy, port) = (copy_of_the_project(), free_port());
    let service = run(&copy, port, "; true");
    let output = make(&copy, &["run", &format!("PORT={port}")]).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{printed}");
    assert!(printed.contains(&format!("Port {port} is in use")) && printed.contains("make run PORT="), "{printed}");
    close(service, &[port]);
}
