//! The README's tour: each command prints the output that the README shows.

use std::{fs, process::Command};

use crate::{
    process::Process,
    tools::{new_directory, project},
};

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn the_tour_prints_what_it_says() {
    let readme = fs::read_to_string(project("README.md")).unwrap();
    let watch = Process::watch(&new_directory(), &[], &[]);
    watch.wait_until_it_is_healthy();
    let blocks = readme.split("```console\n$ ").skip(1).map(|block| block.split_once("```").unwrap().0);
    let steps: Vec<_> =
        blocks.flat_map(|block| block.split("\n$ ")).map(|step| step.split_once('\n').unwrap()).collect();
    assert!(steps.len() > 1 && steps.len() == readme.matches("\n$ ").count(), "{steps:?}");
    // The tour ends where it began, so that a reader can take it again.
    for (command, expected) in steps.iter().chain(&steps) {
        let output =
            Command::new("sh").args(["-c", &command.replace("localhost:9000", &watch.address)]).output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let same = output.lines().count() == expected.lines().count()
            && expected.lines().zip(output.lines()).all(|(pattern, line)| matches(pattern, line));
        assert!(same, "{command}\nprints\n{output}\nnot\n{expected}");
    }
}

/// Whether `line` matches `pattern`, in which `…` stands for any text.
fn matches(pattern: &str, line: &str) -> bool {
    let Some((before, after)) = pattern.split_once('…') else { return line == pattern };
    let is_rest = |rest: &str| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)));
    line.strip_prefix(before).is_some_and(is_rest)
}
