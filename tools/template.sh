#!/bin/sh
# Lints template.yaml and .github/deployment-role.yaml, and runs the tests in tests/deployment. Each finds faults that no other finds:
# cfn-lint an alarm's unknown operator (and, after SAM's transform, a circular reference), parliament an action on a resource that it
# does not support, and test_rules.py what only this project wants, such as a table that outlives the stack.
set -eu
cd "$(dirname "$0")/.."
python=.tools/venv/bin/python3
AWS_DEFAULT_REGION=us-east-1 $python .tools/venv/bin/cfn-lint -- template.yaml .github/deployment-role.yaml
cargo build --quiet --locked --features local
FUNCTION=$PWD/target/debug/movies $python -B -W ignore -m unittest discover --start-directory tests/deployment
