//! Third-party clients: two that are generated from the OpenAPI document, and a fuzzer that reads it.

use std::{fs, path::Path, process::Command};

use crate::{
    process::Process,
    tools::{new_directory, project, succeeds, tool, web, web_tool},
};

#[test]
#[ignore = "needs Node.js and a generator: `make test` has them"]
fn a_generated_typescript_client_compiles_and_calls_every_operation() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let stage = Process::stage(&watch, &directory);
    let document = format!("http://{}/swagger.json", watch.address);
    succeeds(
        web_tool("node_modules/.bin/openapi-ts").args(["-i", &document, "-o", "generated"]).current_dir(&directory),
    );
    fs::copy(web("client.ts"), directory.join("client.ts")).unwrap();
    fs::copy(project("tests/fixture.json"), directory.join("fixture.json")).unwrap();
    let types = Path::new(&tool("WEB_TOOLS")).join("node_modules/@types");
    succeeds(
        web_tool("node_modules/.bin/tsc")
            .args(["--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "commonjs"])
            .args([
                "--moduleResolution",
                "node10",
                "--resolveJsonModule",
                "--types",
                "node",
                "--outDir",
                "out",
                "--typeRoots",
            ])
            .arg(types)
            .arg("client.ts")
            .current_dir(&directory),
    );
    for url in [format!("http://{}", watch.address), format!("http://{}/prod", stage.address)] {
        succeeds(Command::new("node").args(["out/client.js", &url]).current_dir(&directory));
    }
}

#[test]
#[ignore = "needs a generator: `make test` has it"]
fn a_generated_python_client_uses_every_title() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let stage = Process::stage(&watch, &directory);
    let document = format!("http://{}/swagger.json", watch.address);
    succeeds(
        web_tool("bin/openapi-generator-cli")
            .args(["generate", "-i", &document, "-g", "python", "-o", "generated"])
            .current_dir(&directory),
    );
    for url in [format!("http://{}", watch.address), format!("http://{}/prod", stage.address)] {
        succeeds(
            web_tool("bin/python3").args([&web("client.py"), &url]).env("PYTHONPATH", directory.join("generated")),
        );
    }
}

#[test]
#[ignore = "needs schemathesis: `make test` has it"]
fn a_fuzzer_finds_no_response_that_the_document_lacks() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    // Uses a stage, because `cargo lambda watch` itself rejects some bodies.
    let stage = Process::stage(&watch, &directory);
    let url = format!("http://{}/prod", stage.address);
    let document = format!("{url}/swagger.json");
    let printed = succeeds(
        web_tool("bin/schemathesis")
            .args(["--config-file", &web("schemathesis.toml"), "run", &document, "--url", &url])
            .args(["--checks", "all"])
            .args(["--seed", "1", "--max-examples", "20", "--no-color"])
            .env("PYTHONPATH", web(""))
            .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
            .current_dir(&directory),
    );
    assert!(printed.contains(" passed") && !printed.contains(" failed"), "{printed}");
}
