#!/bin/sh
# Prints the path of a program that neither pip nor npm provides. If root runs it on Debian or Ubuntu, it installs a missing
# program: tools/system.sh chromium|valgrind|qemu-aarch64
set -eu
case $1 in
  chromium) programs='chromium chromium-browser google-chrome' packages=chromium wanted='Chromium is missing, so the browser tests are left out' ;;
  valgrind) programs=valgrind packages='valgrind libc6-dbg' wanted='valgrind is missing: install it with your package manager' ;;
  qemu-aarch64)
    programs=qemu-aarch64 packages='qemu-user libc6-arm64-cross'
    wanted='QEMU or glibc for arm64 is missing: install qemu-user and libc6-arm64-cross (names of Debian and Ubuntu)'
    test -e "${QEMU_LD_PREFIX:-/usr/aarch64-linux-gnu}/lib/ld-linux-aarch64.so.1" || programs=
    ;;
  *) echo "$1 is not supported" >&2; exit 2 ;;
esac
for program in $programs; do
  if command -v "$program"; then exit; fi
done
if test "$(id -u)" = 0 && command -v apt-get >/dev/null; then
  echo "Installing $1" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends $packages >/dev/null
  command -v "$1"
else
  echo "$wanted" >&2
  exit 1
fi
