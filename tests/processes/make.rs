//! The commands of the Makefile, as a newcomer calls them in a terminal, in a folder whose path contains a blank.
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

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{
    fixture::{collection, new},
    process::{Process, STARTING, free_port},
    tools::{copy_of_the_project, project, remove_variables, succeeds},
};

/// How long `cargo lambda watch` collects changes before it acts on them.
const THROTTLE: Duration = Duration::from_secs(3);

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
    service.wait_until_it_is_healthy();
    service
}

/// Closes the terminal of the service, and waits until neither it nor its emulator listens.
fn close(service: Process, directory: &Path) {
    let emulator = fs::read_to_string(directory.join("target/local/port")).unwrap();
    let addresses = [service.address.clone(), format!("127.0.0.1:{emulator}")];
    drop(service);
    let start = Instant::now();
    while addresses.iter().any(|address| TcpStream::connect(address).is_ok()) {
        assert!(start.elapsed() < STARTING, "a process still listens after its terminal has closed");
        thread::sleep(Duration::from_millis(100));
    }
}

/// What the terminal shows.
fn screen(directory: &Path) -> String {
    fs::read_to_string(directory.join("run.log")).unwrap()
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

fn movies(service: &Process) -> BTreeMap<String, Value> {
    serde_json::from_str(&service.get(collection()).body).unwrap()
}

/// The movies in a file of `make export` or in `seed/`.
fn movies_in(file: &Path) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    file["movies_list"].as_array().unwrap().clone()
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn a_newcomers_commands_work_in_a_folder_whose_path_contains_a_blank() {
    let (copy, port) = (copy_of_the_project(), free_port());
    assert!(copy.to_str().unwrap().contains(' '));
    let service = run(&copy, port, "");
    assert!(is_on_loopback(port));
    let printed = screen(&copy);
    // All of this stands before the first line of cargo-lambda, which waits for a request.
    let (before, after) = printed.split_once("starting Runtime server").unwrap();
    for text in [
        &format!("API         http://localhost:{port}{}", collection()),
        &format!("Swagger UI  http://localhost:{port}/"),
        "Data        target/local (to start over: ",
        "For 3 seconds after you save a file, the old code responds.",
    ] {
        assert!(before.contains(text), "{printed}");
    }
    assert!(after.contains("target/local/movies.db, new, loaded from seed/movies.json"), "{printed}");
    commands_use(&service, &copy, port);
    let screen_at_end = screen(&copy);
    assert!(!screen_at_end.contains("WARN") && !screen_at_end.contains("ERROR"), "{screen_at_end}");

    let reset = make(&copy, &["reset"]).output().unwrap();
    let refused = String::from_utf8(reset.stderr).unwrap();
    assert!(refused.contains("Stop it first") && copy.join("target/local/movies.db").exists(), "{refused}");
    let stored = movies(&service);
    close(service, &copy);

    let service = run(&copy, port, "; true");
    assert_eq!(movies(&service), stored, "the data stay");
    let output = make(&copy, &["run", &format!("PORT={port}")]).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{printed}");
    assert!(printed.contains(&format!("Port {port} is in use")) && printed.contains("make run PORT="), "{printed}");
    only_watched_files_restart(&service, &copy);
    close(service, &copy);
    succeeds(&mut make(&copy, &["reset"]));
    assert!(!copy.join("target/local/movies.db").exists());
}

/// Seeds, exports and invokes, then creates a movie and deletes another one.
fn commands_use(service: &Process, copy: &Path, port: u16) {
    let url = format!("URL=http://{}", service.address);
    let loaded = succeeds(&mut make(copy, &["seed", &url]));
    assert!(loaded.contains(": 0 created, ") && loaded.contains(" already there"), "{loaded}");
    let exported = succeeds(&mut make(copy, &["export", &url, "FILE=all movies.json"]));
    assert!(exported.contains(" written to all movies.json"), "{exported}");
    let stored = movies(service);
    for file in ["all movies.json", "seed/movies.json"] {
        let listed = movies_in(&copy.join(file));
        assert!(listed.len() == stored.len() && stored.values().all(|movie| listed.contains(movie)), "{file}");
    }
    let invoked = succeeds(&mut make(copy, &["invoke", "EVENT=rest-list", &format!("PORT={port}")]));
    assert!(invoked.contains(r#""statusCode":200"#) && stored.keys().all(|id| invoked.contains(id)), "{invoked}");
    let created = service.call("POST", collection(), &["Content-Type: application/json"], &new(1).body.to_string());
    assert_eq!(created.status, 200, "{created:?}");
    let first = utf8_percent_encode(stored.keys().next().unwrap(), NON_ALPHANUMERIC);
    assert_eq!(service.call("DELETE", &format!("{}{first}", collection()), &[], "").status, 200);
}

/// A restart drops the request in progress, so a file that is neither compiled, embedded nor read does not cause one.
fn only_watched_files_restart(service: &Process, copy: &Path) {
    let starts = || screen(copy).matches("Movies: ").count();
    let save = |file: &str| {
        let content = fs::read_to_string(copy.join(file)).unwrap();
        fs::write(copy.join(file), content + "\n").unwrap();
    };
    for file in ["README.md", "seed/load.py", "src/swagger_ui/refresh.py"] {
        save(file);
    }
    thread::sleep(2 * THROTTLE);
    assert_eq!((service.get(collection()).status, starts()), (200, 1), "the function was restarted");
    save("seed/movies.json");
    service.wait_until(STARTING, || starts() == 2);
}
