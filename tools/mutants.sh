#!/bin/sh
# Runs mutants (.cargo/mutants.toml): those of the files whose paths begin with FILE, those of SHARD, such as 0/8, or all.
# The outcome is in target/mutants.out.
set -eu
cd "$(dirname "$0")/.."
# cargo-mutants works on copies of the project. Compiled dependencies stay here for the next one.
export CARGO_TARGET_DIR="$PWD/target/mutants"
# That a random input fails is enough. proptest need not look for the smallest one.
export PROPTEST_MAX_SHRINK_ITERS=0
cargo mutants --output target ${FILE:+--re "^$FILE"} ${SHARD:+--shard "$SHARD" --sharding round-robin}
