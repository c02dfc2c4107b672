#!/bin/sh
# Runs mutants (.cargo/mutants.toml): those of the files whose paths begin with FILE, those of SHARD, such as 0/8, or all.
# The outcome is in target/mutants.out.
set -eu
cd "$(dirname "$0")/.."
# cargo-mutants works on copies of the project. All copies use this directory, so cargo compiles the dependencies only once.
export CARGO_TARGET_DIR="$PWD/target/mutants"
# One random input that fails is enough, so proptest does not search for a smaller one.
export PROPTEST_MAX_SHRINK_ITERS=0
cargo mutants --output target ${FILE:+--re "^$FILE"} ${SHARD:+--shard "$SHARD" --sharding round-robin}
