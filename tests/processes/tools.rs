//! The programs that the tests run, and the directories that they need.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// The path of a tool that `make test` installs.
pub fn tool(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`, which installs the tool"))
}

/// One of the tools in `tools/` that use the service as a client.
pub fn web_tool(name: &str) -> Command {
    let mut command = Command::new(Path::new(&tool("WEB_TOOLS")).join(name));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A file of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file in `tests/web/`.
pub fn web(name: &str) -> String {
    project("tests/web").join(name).to_str().unwrap().to_owned()
}

/// Runs a program, and returns its output.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{printed}");
    printed
}

/// Removes what the tests' own `make` and cargo have set, because an inner cargo would build some packages again.
pub fn remove_variables(command: &mut Command) {
    let prefixes = ["MAKE", "CARGO_PKG_", "CARGO_MANIFEST_"];
    for (name, _) in env::vars().filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix))) {
        command.env_remove(name);
    }
}

/// Each test keeps its data in a folder that no other test uses.
pub fn new_directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = env::temp_dir().join(format!("movies-test-{}-{count}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// A copy of the project for a test that changes it, so that the project itself stays clean. Its path contains a blank. The
/// path and the dates of its files are the same in every run, so that `target` keeps one build of it.
pub fn copy_of_the_project() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    project("").hash(&mut hasher);
    let name = format!("copy-{:016x}", hasher.finish());
    let copy = env::temp_dir().join(format!("My {name}"));
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir_all(&copy).unwrap();
    let skipped = ["target", ".tools", ".aws-sam", ".git"];
    for entry in fs::read_dir(project("")).unwrap().map(Result::unwrap) {
        if !skipped.iter().any(|skipped| entry.file_name() == *skipped) {
            succeeds(Command::new("cp").arg("-pR").arg(entry.path()).arg(&copy));
        }
    }
    symlink(project(".tools"), copy.join(".tools")).unwrap();
    // With the same version, cargo would mix the builds of the project, and of copies in other folders.
    let version = concat!("name = \"movies\"\nversion = \"", env!("CARGO_PKG_VERSION"));
    for file in ["Cargo.toml", "Cargo.lock"].map(|file| copy.join(file)) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(version), "{}", file.display());
        fs::write(&file, text.replace(version, &format!("{version}-{name}"))).unwrap();
    }
    copy
}
