//! `cargo lambda watch` restarts the function only if a file changes that is compiled or embedded, because a restart
//! drops the request in progress.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use ignore::gitignore::GitignoreBuilder;

use crate::{
    process::{COMPILING, Process},
    tools::{copy_of_the_project, new_directory, project, succeeds},
};

/// How long `cargo lambda watch` collects changes before it acts on them.
const THROTTLE: Duration = Duration::from_secs(3);

/// Files that commands, tools and editors write and delete while the function runs.
const UNWATCHED: [&str; 52] = [
    "lost.json",
    "nohup.out",
    "make.log",
    "core",
    "a name with blanks",
    ".env",
    ".DS_Store",
    ".hidden/deep/file",
    ".hypothesis/unicode_data/15.0.0/charmap.json.gz",
    ".schemathesis/report.json",
    ".pytest_cache/.gitignore",
    ".ruff_cache/.gitignore",
    ".idea/workspace.xml",
    ".vscode/settings.json",
    ".tools/venv/new",
    ".aws-sam/build/template.yaml",
    ".cargo/.config.toml.swp",
    ".github/workflows/new.yml",
    "new/folder/src/main.rs",
    "target/local/other.db",
    "Cargo.toml.orig",
    "Cargo.toml~",
    ".Cargo.toml.swp",
    "template.yaml.bak",
    "4913",
    "sedQx3Lw1",
    "docs/new.md",
    "tests/new.rs",
    "tests/api/new/mod.rs",
    "tests/web/__pycache__/stage.cpython-311.pyc",
    "benches/results.new.json",
    "events/new.json",
    "tools/requirements.txt",
    "seed/lost.json",
    "seed/__pycache__/load.cpython-311.pyc",
    "seed/.movies.json.swp",
    "seed/movies.json~",
    "src/.main.rs.swp",
    "src/.#main.rs",
    "src/#main.rs#",
    "src/._main.rs",
    "src/main.rs~",
    "src/main.rs.orig",
    "src/main.rs.rej",
    "src/main.rs.bak",
    "src/main.rs___jb_tmp___",
    "src/main.rs.Ab12Cd",
    "src/4913",
    "src/sedQx3Lw1",
    "src/notes.txt",
    "src/new folder/notes",
    "src/swagger_ui/__pycache__/refresh.cpython-311.pyc",
];

/// Files of the project that are neither compiled nor embedded.
const EDITED: [&str; 11] = [
    ".cargolambdaignore",
    ".gitignore",
    "Makefile",
    "README.md",
    "clippy.toml",
    "benches/bench.py",
    "events/rest-list.json",
    "seed/load.py",
    "template.yaml",
    "src/swagger_ui/refresh.py",
    "tests/processes/reload.rs",
];

/// A file of each kind that is compiled, embedded or read at the start.
const WATCHED: [&str; 6] =
    ["src/lib.rs", "src/openapi.json", "src/swagger_ui/start.js", "Cargo.toml", "Cargo.lock", "seed/movies.json"];

fn git(copy: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    succeeds(Command::new("git").args(identity).args(arguments).current_dir(copy));
}

/// Writes, rewrites and deletes files all over the project, and uses git.
fn work_in(copy: &Path) {
    for name in UNWATCHED {
        let file = copy.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        for content in ["", "first", "second"] {
            fs::write(&file, content).unwrap();
        }
        let moved = file.with_file_name(".moved");
        fs::rename(&file, &moved).unwrap();
        fs::remove_file(&moved).unwrap();
    }
    for name in EDITED {
        let file = copy.join(name);
        let mut content = fs::read(&file).unwrap();
        content.push(b'\n');
        fs::write(&file, content).unwrap();
    }
    git(copy, &["status"]);
    git(copy, &["commit", "--quiet", "--all", "--message", "Change"]);
}

/// How often the function was started.
fn starts(directory: &Path) -> usize {
    fs::read_to_string(directory.join("watch.log")).unwrap().matches("Running `").count()
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn only_what_is_compiled_or_embedded_restarts_the_function() {
    let (copy, directory) = (copy_of_the_project("reload"), new_directory());
    git(&copy, &["init", "--quiet"]);
    git(&copy, &["add", "--all"]);
    git(&copy, &["commit", "--quiet", "--message", "Start"]);
    let mut watch = Process::watch_package(&copy, &directory, &[], &[]);
    watch.patience = Duration::from_secs(15);
    assert_eq!(starts(&directory), 1);

    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                work_in(&copy);
            }
        });
        let responses: Vec<_> = (0..200)
            .map(|_| {
                thread::sleep(THROTTLE / 40);
                watch.exchange("GET", "/ns_movies/", &[], "").map(|response| response.status)
            })
            .take_while(|status| *status == Some(200))
            .collect();
        is_over.store(true, Ordering::Relaxed);
        worker.join().unwrap();
        assert_eq!(responses.len(), 200, "a request has no response");
    });
    thread::sleep(2 * THROTTLE);
    assert_eq!(starts(&directory), 1, "the function was restarted");

    for (at, name) in WATCHED.iter().enumerate() {
        let content = fs::read(copy.join(name)).unwrap();
        fs::write(copy.join(name), content).unwrap();
        watch.wait_until(COMPILING, || starts(&directory) == at + 2);
    }
    let page = copy.join("src/swagger_ui/index.html");
    let changed = fs::read_to_string(&page).unwrap().replace("</body>", "<!-- changed --></body>");
    fs::write(&page, changed).unwrap();
    watch.wait_until(COMPILING, || {
        watch.exchange("GET", "/", &[], "").is_some_and(|response| response.body.contains("<!-- changed -->"))
    });
    drop(watch);
    fs::remove_dir_all(copy).unwrap();
}

#[test]
fn each_file_that_is_compiled_or_embedded_is_watched() {
    let mut ignored = GitignoreBuilder::new(project(""));
    for list in [".cargolambdaignore", ".gitignore"] {
        assert!(ignored.add(project(list)).is_none(), "a pattern of {list} is wrong");
    }
    let ignored = ignored.build().unwrap();
    let mut files = Vec::new();
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
                    files.push(path.with_file_name("").join(embedded).canonicalize().unwrap());
                }
                files.push(path);
            }
        }
    }
    for file in &files {
        assert!(!ignored.matched_path_or_any_parents(file, false).is_ignore(), "{} is not watched", file.display());
    }
    assert!(files.contains(&project("src/openapi.json")), "what is embedded was not found");
}
