//! Programs that use the service: clients that are generated from the OpenAPI document, a fuzzer that reads it, the smoke
//! test, and the programs in `seed/`.

use std::{fs, path::Path, process::Command};

use crate::{
    fixture::collection,
    tools::{project, remove_variables, succeeds, tool, web, web_tool},
    watch::Service,
};

#[test]
#[ignore = "needs Node.js and a generator: `make test` has them"]
fn a_generated_typescript_client_compiles_and_calls_every_operation() {
    let service = Service::start(&[], &[]);
    let document = service.root() + "/swagger.json";
    let run = |command: &mut Command| succeeds(command.current_dir(&service.directory));
    run(web_tool("node_modules/.bin/openapi-ts").args(["-i", &document, "-o", "generated"]));
    fs::copy(web("client.ts"), service.directory.join("client.ts")).unwrap();
    fs::copy(project("tests/fixture.json"), service.directory.join("fixture.json")).unwrap();
    run(web_tool("node_modules/.bin/tsc")
        .args(["client.ts", "--outDir", "out", "--strict", "--resolveJsonModule", "--module", "commonjs"])
        .args(["--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--moduleResolution", "node10"])
        .args(["--types", "node", "--typeRoots"])
        .arg(Path::new(&tool("WEB_TOOLS")).join("node_modules/@types")));
    for url in [service.root(), service.stage()] {
        run(Command::new("node").args(["out/client.js", &url]));
    }
}

#[test]
#[ignore = "needs a generator: `make test` has it"]
fn a_generated_python_client_calls_every_operation_and_lists_many_movies() {
    let service = Service::start(&[], &[]);
    let (document, generated) = (service.root() + "/swagger.json", service.directory.join("generated"));
    let generate = ["generate", "-g", "python", "-i", &document, "-o"];
    succeeds(web_tool("bin/openapi-generator-cli").args(generate).arg(&generated).current_dir(&service.directory));
    for url in [service.root(), service.stage()] {
        succeeds(web_tool("bin/python3").args([&web("client.py"), &url]).env("PYTHONPATH", &generated));
    }
}

#[test]
#[ignore = "needs schemathesis: `make test` has it"]
fn a_fuzzer_finds_no_response_that_the_document_lacks() {
    // Uses a stage, because `cargo lambda watch` itself rejects some bodies.
    let service = Service::start(&[], &[]);
    let (url, document) = (service.stage(), service.stage() + "/swagger.json");
    let printed = succeeds(
        web_tool("bin/schemathesis")
            .args(["--config-file", &web("schemathesis.toml"), "run", &document, "--url", &url])
            .args(["--checks", "all", "--seed", "1", "--max-examples", "20", "--no-color"])
            .env("PYTHONPATH", web(""))
            .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
            .current_dir(&service.directory),
    );
    assert!(printed.contains(" passed") && !printed.contains(" failed"), "{printed}");
}

/// Eight copies of the function with one store serve its requests. Some of them are sent at the same time.
#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn the_smoke_test_passes_and_leaves_nothing_behind() {
    let service = Service::start(&["--concurrency", "8"], &[]);
    let list = || service.watch.get(&format!("{}?limit=1000", collection())).body;
    let before = list();
    let smoke = |url: &str| {
        let mut command = Command::new("python3");
        command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider"]).arg(project("tests/smoke")).args(["--url", url]);
        command
    };
    for url in [service.root(), service.stage() + "/"] {
        succeeds(&mut smoke(&url));
        assert_eq!(list(), before, "{url}");
    }
    let log = fs::read_to_string(service.directory.join("watch.log")).unwrap();
    assert_eq!(log.matches("starting lambda function instance").count(), 8, "{log}");
    for (name, url) in [("another path", service.root() + "/elsewhere"), ("closed", "http://127.0.0.1:1".to_owned())] {
        let output = smoke(&url).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
    }
}

#[test]
#[ignore = "needs Python packages: `make test` has them"]
fn the_tests_of_the_programs_in_seed_pass() {
    let mut tests = Command::new("python3");
    tests.args(["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(project("seed"));
    remove_variables(&mut tests);
    succeeds(&mut tests);
}
