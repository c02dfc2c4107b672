#!/bin/sh
# Lints template.yaml and .github/deployment-role.yaml, and runs the tests in tests/deployment.
set -eu
cd "$(dirname "$0")/.."
tools=$PWD/.tools
python=$tools/venv/bin/python3
SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 "$python" -m samcli validate --lint --template template.yaml
"$python" "$tools/venv/bin/cfn-lint" --append-rules cfn_lint_serverless.rules -- template.yaml .github/deployment-role.yaml
# --skip-download keeps checkov from loading rules over the network.
"$tools/venv-checkov/bin/python3" "$tools/venv-checkov/bin/checkov" --skip-download --compact --quiet \
  --framework cloudformation --file template.yaml .github/deployment-role.yaml
cargo build --quiet --locked --features local
AWS_LAMBDA_RIE=$(readlink -f "$tools/aws-lambda-rie") FUNCTION=target/debug/movies \
  "$python" -B -W ignore -m unittest discover --start-directory tests/deployment
