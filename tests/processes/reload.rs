//! `cargo lambda watch` restarts the function only if a file changes that is compiled or embedded, because a restart
//! drops the request in progress.

use std::{fs, path::Path, process, process::Command, thread, time::Duration};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::{
    fixture::collection,
    process::{COMPILING, Process},
    tools::{copy_of_the_project, new_directory, project, succeeds},
};

/// How long `cargo lambda watch` collects changes before it acts on them.
const THROTTLE: Duration = Duration::from_secs(3);

/// Files that commands, tools and editors write while the function runs: one for each kind of place or name.
const UNWATCHED: [&str; 13] = [
    "core",
    ".cargo/.config.toml.swp",
    "Cargo.toml~",
    "new/folder/src/main.rs",
    "tests/api/new.rs",
    "target/local/other.db",
    "seed/lost.json",
    "src/.#main.rs",
    "src/#main.rs#",
    "src/main.rs~",
    "src/main.rs.bak",
    "src/notes.txt",
    "src/swagger_ui/__pycache__/refresh.cpython-311.pyc",
];

/// Files of the project that are neither compiled nor embedded.
const EDITED: [&str; 5] =
    ["Makefile", "README.md", "seed/load.py", "src/swagger_ui/refresh.py", "tests/processes/reload.rs"];

fn git(copy: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    succeeds(Command::new("git").args(identity).args(arguments).current_dir(copy));
}

/// Writes, moves and deletes files all over the project, and uses git.
fn work_in(copy: &Path) {
    for file in UNWATCHED.map(|name| copy.join(name)) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "new").unwrap();
        let moved = file.with_file_name(".moved");
        fs::rename(&file, &moved).unwrap();
        fs::remove_file(&moved).unwrap();
    }
    for file in EDITED.map(|name| copy.join(name)) {
        let content = fs::read_to_string(&file).unwrap();
        fs::write(&file, content + "\n").unwrap();
    }
    git(copy, &["commit", "--quiet", "--all", "--message", "Change"]);
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn only_what_is_compiled_or_embedded_restarts_the_function() {
    let (copy, directory) = (copy_of_the_project(), new_directory());
    git(&copy, &["init", "--quiet"]);
    git(&copy, &["add", "--all"]);
    git(&copy, &["commit", "--quiet", "--message", "Start"]);
    let mut watch = Process::watch_package(&copy, &directory, &[], &[]);
    // A request during the restart gets no response.
    watch.patience = THROTTLE;
    let starts = || fs::read_to_string(directory.join("watch.log")).unwrap().matches("Running `").count();
    assert_eq!(starts(), 1);
    for _ in 0..3 {
        work_in(&copy);
        thread::sleep(THROTTLE);
        assert_eq!(watch.get(collection()).status, 200);
    }
    thread::sleep(THROTTLE);
    assert_eq!(starts(), 1, "the function was restarted");

    let page = copy.join("src/swagger_ui/index.html");
    let mark = format!("<!-- changed by process {} -->", process::id());
    fs::write(&page, fs::read_to_string(&page).unwrap() + &mark).unwrap();
    watch.wait_until(COMPILING, || {
        watch.exchange("GET", "/", &[], "").is_some_and(|response| response.body.contains(&mark))
    });
    assert_eq!(starts(), 2);
}

/// Whether `cargo lambda watch` ignores a file of the project.
fn is_ignored(ignored: &Gitignore, file: &Path) -> bool {
    ignored.matched_path_or_any_parents(file, false).is_ignore()
}

#[test]
fn each_file_that_is_compiled_embedded_or_read_is_watched_and_no_other() {
    let mut ignored = GitignoreBuilder::new(project(""));
    for list in [".cargolambdaignore", ".gitignore"] {
        assert!(ignored.add(project(list)).is_none(), "a pattern of {list} is wrong");
    }
    let ignored = ignored.build().unwrap();
    let mut files = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "seed/movies.json"].map(project).to_vec();
    let mut folders = vec![project("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                for text in source.split("include_").skip(1) {
                    let text = text.trim_start_matches("str!(\"").trim_start_matches("bytes!(\"");
                    let embedded = text.split('"').next().unwrap();
                    let embedded = path.with_file_name("").join(embedded).canonicalize().unwrap();
                    // Only tests embed files of other folders.
                    if embedded.starts_with(project("src")) {
                        files.push(embedded);
                    }
                }
                files.push(path);
            }
        }
    }
    for file in &files {
        assert!(!is_ignored(&ignored, file), "{} is not watched", file.display());
    }
    assert!(files.contains(&project("src/openapi.json")), "what is embedded was not found");
    for name in UNWATCHED.iter().chain(&EDITED) {
        assert!(is_ignored(&ignored, &project(name)), "{name} is watched");
    }
}
