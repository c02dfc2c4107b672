#!/bin/sh
# Runs all tests, and passes them the paths of the tools that they use. Without Chromium, it leaves out the tests that need it.
set -eu
cd "$(dirname "$0")/.."
CARGO_LAMBDA=$(command -v cargo-lambda)
CHROMIUM=$(tools/system.sh chromium) || CHROMIUM=
WEB_TOOLS=$PWD/.tools/venv
# The Runtime Interface Emulator is a Linux program.
AWS_LAMBDA_RIE=$(if test "$(uname -s)" = Linux; then readlink -f .tools/aws-lambda-rie; fi)
export CARGO_LAMBDA CHROMIUM WEB_TOOLS AWS_LAMBDA_RIE
if test -n "$CHROMIUM"; then skipped=; else skipped='--skip browser::'; fi
# Some tests wait most of the time, so four run at once. $skipped is no argument or two.
cargo test --locked -- --include-ignored --test-threads 4 --skip deployed:: $skipped
if test -n "$skipped"; then
  count=$(cargo test --quiet --locked --test processes -- --list browser:: | grep -c ': test$')
  echo "$count browser tests were left out. To run them, install Chromium or Google Chrome, then run: make test" >&2
  # CI fails if a test is left out.
  test "$count" -eq 0 || test -z "${CI:-}"
fi
