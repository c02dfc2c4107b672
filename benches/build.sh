#!/bin/sh
# Builds the artifact, its peers, and a local build that provides the emulator: benches/build.sh arm64|x86_64
set -eu
cd "$(dirname "$0")/.."
case $1 in arm64) flag=arm64 ;; *) flag=x86-64 ;; esac
echo 'Building the function, its peers and the emulator. The first build takes 15 minutes.'
SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 python3 -m samcli build --parameter-overrides Architecture="$1"
if rustup target list --installed | grep -q '^aarch64-unknown-linux-gnu'; then
  cargo lambda build --quiet --locked --release --arm64 --lambda-dir target/bench-arm64
else
  echo 'Skipping the size for arm64. To include it, run: rustup target add aarch64-unknown-linux-gnu'
fi
# hello-world and bare GetItem have the function's own profile (the root Cargo.toml), in which its own crate has "s", and its processor
# (cargo-lambda). Separate builds, because in one build cargo would unify their features.
for peer in hello bare; do
  CARGO_TARGET_DIR="$PWD/target/bench" cargo lambda build --quiet --locked --release "--$flag" --config Cargo.toml \
    --config "profile.release.package.$peer.opt-level='s'" --manifest-path "benches/$peer/Cargo.toml" --lambda-dir target/bench/peers
done
cargo build --quiet --locked --manifest-path benches/Cargo.toml --target-dir target/bench --release --package usual
CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
  cargo build --quiet --locked --release --features local --target-dir target/bench-emulator
