#!/bin/sh
# Checks and lists the crates of a deployed build: no emulator, one TLS stack, one HTTP stack.
#   tools/deployed.sh tree           checks the crates, for both architectures
#   tools/deployed.sh sbom TARGET    writes them as CycloneDX to target/sbom.cdx.json
set -eu
cd "$(dirname "$0")/.."
forbidden='dynoxide.*|rusqlite|libsqlite3-sys|sqlite.*|aws-lc-.*|openssl|openssl-sys|native-tls|aws-smithy-http-client|h2|rustls-native-certs'

tree() {
  for target in aarch64-unknown-linux-gnu x86_64-unknown-linux-gnu; do
    crates=$(cargo tree --locked --edges normal --target $target --prefix none --format '{p}')
    crates=$(echo "$crates" | cut -d ' ' -f 1,2 | sort -u)
    if echo "$crates" | grep -E "^($forbidden) "; then
      echo "a deployed build for $target must not contain these crates" >&2
      exit 1
    fi
    for crate in http http-body hyper hyper-util ring rustls; do
      count=$(echo "$crates" | grep -c "^$crate " || true)
      if test "$count" -ne 1; then
        echo "a deployed build for $target must contain $crate once, not $count times" >&2
        exit 1
      fi
    done
    echo "A deployed build for $target has $(echo "$crates" | wc -l | tr -d ' ') crates, one TLS stack and one HTTP stack."
  done
}

sbom() {
  version=0.5.9
  if ! cargo cyclonedx --version 2>/dev/null | grep -q " $version$"; then
    echo "Installing cargo-cyclonedx $version"
    cargo install --quiet --locked --root .tools/venv cargo-cyclonedx@$version
  fi
  # Works on a copy without dev-dependencies, because they would add the crates of the local emulator.
  rm -rf target/sbom
  mkdir -p target/sbom
  cp -r Cargo.lock src target/sbom/
  sed '/^\[dev-dependencies\]/,/^$/d' Cargo.toml > target/sbom/Cargo.toml
  (cd target/sbom && cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps \
    --override-filename sbom.cdx --target "$1")
  sed 's#file://[^"]*/target/sbom#file:///movies#' target/sbom/sbom.cdx.json > target/sbom.cdx.json
  if grep -E "\"name\": \"($forbidden)\"" target/sbom.cdx.json; then exit 1; fi
}

"$@"
