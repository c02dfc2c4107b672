//! Runs the tests in `seed/` of the programs that load and export movies.

use std::process::Command;

use crate::tools::{project, remove_variables, succeeds};

#[test]
#[ignore = "needs Python packages: `make test` has them"]
fn the_tests_of_the_programs_pass() {
    let mut tests = Command::new("python3");
    tests.args(["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(project("seed"));
    remove_variables(&mut tests);
    succeeds(&mut tests);
}
