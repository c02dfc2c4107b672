//! The files that `cargo lambda watch` watches. It reads the lists of ignored files with the same crate.

use std::{fs, path::Path};

use ignore::gitignore::GitignoreBuilder;

use crate::tools::project;

/// Files that commands, tools, editors and people write while the function runs: one for each kind of place or name.
const UNWATCHED: [&str; 8] = [
    "README.md",
    "core",
    "target/local/other.db",
    "seed/load.py",
    "seed/lost.json",
    "src/.#main.rs",
    "src/main.rs~",
    "src/swagger_ui/refresh.py",
];

#[test]
fn each_file_that_is_compiled_embedded_or_read_is_watched_and_no_other() {
    let mut ignored = GitignoreBuilder::new(project(""));
    for list in [".cargolambdaignore", ".gitignore"] {
        assert!(ignored.add(project(list)).is_none(), "a pattern of {list} is wrong");
    }
    let ignored = ignored.build().unwrap();
    let is_ignored = |path: &Path| ignored.matched_path_or_any_parents(path, false).is_ignore();
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
        assert!(!is_ignored(file), "{} is not watched", file.display());
    }
    assert!(files.contains(&project("src/openapi.json")), "what is embedded was not found");
    for name in UNWATCHED {
        assert!(is_ignored(&project(name)), "{name} is watched");
    }
}
