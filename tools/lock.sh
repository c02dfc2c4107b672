#!/bin/sh
# Rewrites the lock files from requirements-*.in and package.json, for all platforms, with hashes and without registry URLs.
# Needs uv and npm.
set -eu
cd "$(dirname "$0")"
# The groups share one environment, so uv resolves them together. checkov has its own environment.
all=$(ls requirements-*.in | grep -v checkov)
cat $all | grep -v '^-c' > all.in
uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate all.in --output-file all.txt
for requirements in requirements-*.in; do
  constraints=$(test "$requirements" = requirements-checkov.in || echo '--constraints all.txt')
  uv pip compile --quiet --universal --python-version 3.10 --no-header --generate-hashes $constraints "$requirements" \
    --output-file "${requirements%.in}.txt"
done
rm all.in all.txt
npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-fund --no-audit --silent
