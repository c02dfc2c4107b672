#!/bin/sh
# Rewrites the lock files from requirements-*.in and package.json, for all platforms, with hashes and without registry URLs.
# Needs uv and npm.
set -eu
cd "$(dirname "$0")"
compile() { uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate "$@"; }
# All groups are installed into one environment, so uv resolves them together.
cat requirements-*.in > all.in
compile all.in --output-file all.txt
for requirements in requirements-*.in; do
  compile --generate-hashes --constraints all.txt "$requirements" --output-file "${requirements%.in}.txt"
done
rm all.in all.txt
npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-fund --no-audit --silent
