//! The commands of the Makefile, as a newcomer calls them, also in a folder whose path contains a blank.
#![cfg(target_os = "linux")]

use std::{env, fs, net::TcpListener, os::unix::fs::symlink, path::Path, process::Command};

use crate::{
    process::{COMPILING, Process, free_port},
    tools::{copy_of_the_project, project, succeeds},
};

/// `make` without what the tests' own `make` and cargo have set.
fn make(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("make");
    command.args(arguments).current_dir(directory).env("CARGO_BUILD_BUILD_DIR", project("target"));
    for (name, _) in env::vars() {
        if name.starts_with("MAKE") || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let paths = env::var_os("PATH").unwrap();
    let paths = env::split_paths(&paths).filter(|path| !path.to_string_lossy().contains(".tools"));
    command.env("PATH", env::join_paths(paths).unwrap());
    command
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
fn make_runs_seeds_and_exports_in_a_folder_whose_path_contains_a_blank() {
    let copy = copy_of_the_project("make");
    assert!(copy.to_str().unwrap().contains(' '));
    symlink(project(".tools"), copy.join(".tools")).unwrap();
    let (port, log) = (free_port(), copy.join("run.log"));
    let run = make(&copy, &["run", &format!("PORT={port}")]);
    let service = Process::start(run, format!("127.0.0.1:{port}"), &log);
    service.wait_until(COMPILING, || {
        service.exchange("GET", "/health", &[], "").is_some_and(|response| response.status == 200)
    });
    assert!(is_on_loopback(port));
    let url = format!("URL=http://{}", service.address);
    let loaded = succeeds(&mut make(&copy, &["seed", &url]));
    assert!(loaded.contains("2 movies: 0 created, 2 already there"), "{loaded}");
    let exported = succeeds(&mut make(&copy, &["export", &url, "FILE=all movies.json"]));
    assert!(exported.contains("2 movies written to all movies.json"), "{exported}");
    assert!(fs::read_to_string(copy.join("all movies.json")).unwrap().contains("The Dare"));
    let printed = fs::read_to_string(log).unwrap();
    assert!(copy.join("target/local/movies.db").exists() && !printed.contains("ERROR"), "{printed}");
    for line in [format!("Movies      http://localhost:{port}/ns_movies/"), "Data        target/local (to".to_owned()] {
        assert!(printed.contains(&line), "{printed}");
    }
    drop(service);
    fs::remove_dir_all(copy).unwrap();
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn make_run_names_a_port_that_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = make(&project(""), &["run", &format!("PORT={port}")]).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{printed}");
    assert!(printed.contains(&format!("Port {port} is in use")) && printed.contains("make run PORT="), "{printed}");
}
