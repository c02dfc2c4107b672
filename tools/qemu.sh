#!/bin/sh
# Runs the artifact for arm64 on a machine with another processor. QEMU emulates the one that cargo-lambda compiles for: Neoverse N1
# (Graviton2), the oldest of Lambda's arm64 processors, which does not have the instructions of newer ones.
exec qemu-aarch64 -cpu neoverse-n1 -L "${QEMU_LD_PREFIX:-/usr/aarch64-linux-gnu}" "$(dirname "$0")/../.aws-sam/build/MoviesFunction/bootstrap"
