//! Swagger UI in a browser.

use crate::{
    process::Process,
    tools::{new_directory, succeeds, tool, web, web_tool},
};

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn it_works_at_the_root_and_under_a_stage() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let stage = Process::stage(&watch, &directory);
    for url in [format!("http://{}/", watch.address), format!("http://{}/prod/", stage.address)] {
        succeeds(web_tool("bin/python3").args([&web("browser.py"), &url, "--chromium", &tool("CHROMIUM")]));
    }
}
