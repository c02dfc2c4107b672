#!/bin/sh
# Runs all tests, and passes them the paths of the tools that they use.
set -eu
cd "$(dirname "$0")/.."
CARGO_LAMBDA=$(command -v cargo-lambda)
CHROMIUM=$(tools/system.sh chromium)
WEB_TOOLS=$PWD/.tools/venv
# The Runtime Interface Emulator is a Linux program.
AWS_LAMBDA_RIE=$(if test "$(uname -s)" = Linux; then readlink -f .tools/aws-lambda-rie; fi)
export CARGO_LAMBDA CHROMIUM WEB_TOOLS AWS_LAMBDA_RIE
cargo test --locked -- --include-ignored --skip deployed::
python3 -B -m pytest -q -p no:cacheprovider seed
