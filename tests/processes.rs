//! The function as a process: under `cargo lambda watch` as a newcomer runs it, and under AWS's Runtime Interface
//! Emulator as Lambda runs it. `make test` installs both and runs these tests; plain `cargo test` leaves them out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![allow(missing_docs, reason = "tests are named as sentences")]

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

#[path = "api/contract.rs"]
mod contract;

/// `cargo lambda watch` compiles at the first request, if need be.
const COMPILING: Duration = Duration::from_mins(10);

/// A process with its children, in a folder of its own, killed when dropped. The emulator puts the function into a
/// process group of its own, which this does not reach: the function ends by itself, when its Runtime API has.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(mut command: Command, address: String, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        Self { child: command.spawn().unwrap(), address }
    }

    /// `cargo lambda watch`, with its data in `directory`.
    fn watch(directory: &Path, arguments: &[&str]) -> Self {
        let port = free_port().to_string();
        let mut command = Command::new(tool("CARGO_LAMBDA"));
        command
            .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("LOCAL_STORE_DIR", directory);
        // What cargo tells the tests would make the cargo below build some packages anew.
        for (name, _) in
            env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
        let watch = Self::start(command, format!("127.0.0.1:{port}"), &directory.join("watch.log"));
        watch.wait_until(COMPILING, |watch| {
            watch.exchange("GET", "/health", &[], "").is_some_and(|(status, ..)| status == 200)
        });
        watch
    }

    /// The Runtime Interface Emulator with this package's binary.
    fn emulator(directory: &Path, log: &str, variables: &[(&str, &str)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(tool("AWS_LAMBDA_RIE"));
        command
            .args(["--runtime-interface-emulator-address", &address])
            .args(["--runtime-api-address", &format!("127.0.0.1:{}", free_port())])
            .arg(env!("CARGO_BIN_EXE_movies"))
            .env("LOCAL_STORE_DIR", directory)
            .envs(variables.iter().copied());
        let emulator = Self::start(command, address, &directory.join(log));
        emulator.wait_until(Duration::from_secs(20), |emulator| TcpStream::connect(&emulator.address).is_ok());
        emulator
    }

    /// A REST API's stage in front of `cargo lambda watch`; its root is `/prod/`.
    fn stage(watch: &Self, directory: &Path) -> Self {
        let port = free_port().to_string();
        let mut command = Command::new("python3");
        let function = format!("http://{}", watch.address);
        command.args(["-B", &web("stage.py"), &function, "--port", &port]);
        let stage = Self::start(command, format!("127.0.0.1:{port}"), &directory.join("stage.log"));
        stage.wait_until(Duration::from_secs(20), |stage| TcpStream::connect(&stage.address).is_ok());
        stage
    }

    fn wait_until(&self, patience: Duration, ready: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !ready(self) {
            assert!(start.elapsed() < patience, "not ready after {patience:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// A request to the service, whose answer must be one that the OpenAPI document has: status, head and body.
    fn call(&self, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String, String) {
        let (status, head, body) = self.exchange(method, path, headers, body).expect("the service answers");
        let path = percent_decode_str(path.split('?').next().unwrap()).decode_utf8().unwrap();
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        contract::check(method, &path, status.into(), &headers, body.as_bytes());
        (status, head, body)
    }

    /// An HTTP/1.1 request: status, head and body, or `None` when no connection was made.
    fn exchange(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Option<(u16, String, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(COMPILING)).unwrap();
        let headers = headers.iter().fold(String::new(), |all, header| all + header + "\r\n");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let lines = head.lines().map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}\n", name.to_lowercase()),
            None => format!("{line}\n"),
        });
        Some((status, lines.collect(), body.to_owned()))
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> (u16, String, String) {
        self.call(method, path, &["Content-Type: application/json"], &body.to_string())
    }

    /// Sends an event to the emulator, and gives its reply.
    fn invoke(&self, event: &[u8]) -> Value {
        let text = String::from_utf8_lossy(event);
        let path = "/2015-03-31/functions/function/invocations";
        let (status, _, body) = self.exchange("POST", path, &[], &text).expect("the emulator answers");
        assert_eq!(status, 200, "{body}");
        let reply: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        let event: Value = serde_json::from_slice(event).unwrap_or_default();
        if let (Some(method), Some(path)) = (event["httpMethod"].as_str(), event["path"].as_str()) {
            let headers = reply["headers"].as_object().unwrap().iter();
            let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
            let (status, body) = (reply["statusCode"].as_u64().unwrap(), reply["body"].as_str().unwrap_or_default());
            let path = percent_decode_str(path).decode_utf8().unwrap();
            contract::check(method, &path, status, &headers, body.as_bytes());
        }
        reply
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

fn tool(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`, which installs the tool"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn new_directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = env::temp_dir().join(format!("movies-test-{}-{count}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn movie(title: &str) -> Value {
    json!({"title": title, "year": 2000, "cast": [], "image": "https://example.org/a.jpg", "description": "é"})
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn cargo_lambda_watch_serves_the_tutorials_movies_and_keeps_changes() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let (status, head, body) = watch.call("GET", "/ns_movies/", &[], "");
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: application/json") && head.contains("etag: \""), "{head}");
    let movies: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(movies.as_object().unwrap().keys().collect::<Vec<_>>(), ["Don't Click-2020", "The Dare-2020"]);

    for title in
        ["Face/Off", "50/50", "100% Wolf", "What?", "C#", "a b", "é", "日本", "..", "a+b", "a\\b", &"x".repeat(1_900)]
    {
        let (status, head, body) = watch.json("POST", "/ns_movies/", &movie(title));
        assert_eq!(status, 200, "{title}: {body}");
        let original = head.lines().find_map(|line| line.strip_prefix("location: ..")).unwrap().to_owned();
        let (status, _, body) = watch.call("GET", &original, &[], "");
        assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (200, movie(title)), "{title}");
        let (status, ..) = watch.json("PUT", &original, &json!({"year": 1999}));
        assert_eq!(status, 200, "{title}");
        assert_eq!(watch.call("GET", &original, &[], "").0, 404, "{title}");
    }
    assert_eq!(watch.json("POST", "/ns_movies", &movie("C#")).0, 200);
    assert_eq!(watch.json("POST", "/ns_movies", &movie("C#")).0, 409);
    let (status, head, body) = watch.call("OPTIONS", "/ns_movies/", &[], "");
    assert_eq!((status, body.as_str()), (204, ""));
    assert!(head.contains("allow: GET, HEAD, POST, OPTIONS"), "{head}");
    let (status, head, body) = watch.call("HEAD", "/ns_movies/The%20Dare-2020", &[], "");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(!head.contains("content-length: 0"), "{head}");
    assert_eq!(watch.call("DELETE", "/ns_movies/The%20Dare-2020", &[], "").0, 200);

    let port = watch.address.rsplit_once(':').unwrap().1;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("events")).unwrap() {
        let invoked = Command::new(tool("CARGO_LAMBDA"))
            .args(["lambda", "invoke", "--invoke-address", "127.0.0.1", "--invoke-port", port, "--data-file"])
            .arg(entry.unwrap().path())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let reply: Value = serde_json::from_slice(&invoked.stdout).unwrap_or_else(|_| panic!("{invoked:?}"));
        assert!(reply["statusCode"].as_u64().is_some_and(|status| status < 500), "{reply}");
    }

    let log = fs::read_to_string(directory.join("watch.log")).unwrap();
    for line in ["/ns_movies/", "movies.db", "make reset"] {
        assert!(log.contains(line), "the start says {line}");
    }
    drop(watch);

    let again = Process::watch(&directory, &[]);
    assert_eq!(again.call("GET", "/ns_movies/The%20Dare-2020", &[], "").0, 404, "what was deleted stays so");
    assert_eq!(again.call("GET", "/ns_movies/C%23-2000", &[], "").0, 200, "what was made stays");
}

/// A file of the tests in a browser, by a fuzzer and with a generated client.
fn web(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web").join(name).to_str().unwrap().to_owned()
}

/// A program among the tools of those tests.
fn web_tool(name: &str) -> Command {
    let mut command = Command::new(Path::new(&tool("WEB_TOOLS")).join(name));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

#[test]
#[ignore = "needs a browser: `make test` has it"]
fn swagger_ui_works_in_a_browser_at_the_root_and_under_a_stage() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let stage = Process::stage(&watch, &directory);
    for url in [format!("http://{}/", watch.address), format!("http://{}/prod/", stage.address)] {
        succeeds(web_tool("bin/python3").args([&web("browser.py"), &url, "--chromium", &tool("CHROMIUM")]));
    }
}

#[test]
#[ignore = "needs Node.js and a generator: `make test` has them"]
fn a_generated_client_compiles_and_makes_the_whole_round() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    let stage = Process::stage(&watch, &directory);
    let document = format!("http://{}/swagger.json", watch.address);
    succeeds(
        web_tool("node_modules/.bin/openapi-ts").args(["-i", &document, "-o", "generated"]).current_dir(&directory),
    );
    fs::copy(web("client.ts"), directory.join("client.ts")).unwrap();
    let types = Path::new(&tool("WEB_TOOLS")).join("node_modules/@types");
    succeeds(
        web_tool("node_modules/.bin/tsc")
            .args(["--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "commonjs"])
            .args(["--moduleResolution", "node10", "--types", "node", "--outDir", "out", "--typeRoots"])
            .arg(types)
            .arg("client.ts")
            .current_dir(&directory),
    );
    for url in [format!("http://{}", watch.address), format!("http://{}/prod", stage.address)] {
        succeeds(Command::new("node").args(["out/client.js", &url]).current_dir(&directory));
    }
}

#[test]
#[ignore = "needs schemathesis: `make test` has it"]
fn a_fuzzer_finds_no_answer_that_the_document_lacks() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &[]);
    // Through a stage, since `cargo lambda watch` refuses some bodies by itself.
    let stage = Process::stage(&watch, &directory);
    let document = format!("http://{}/prod/swagger.json", stage.address);
    let fuzz = |arguments: &[&str]| {
        let said = succeeds(
            web_tool("bin/schemathesis")
                .args(["--config-file", &web("schemathesis.toml"), "run", &document, "--checks", "all"])
                .args(["--seed", "1", "--max-examples", "20", "--no-color"])
                .args(arguments)
                .env("PYTHONPATH", web(""))
                .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
                .current_dir(&directory),
        );
        assert!(said.contains(" passed") && !said.contains(" failed"), "{said}");
    };
    fuzz(&["--exclude-method", "OPTIONS"]);
    // OPTIONS tells what a path can do: also that of a movie that was just deleted, which is no use after free.
    fuzz(&["--include-method", "OPTIONS", "--phases", "examples,coverage,fuzzing"]);
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn the_smoke_test_passes_and_leaves_nothing_behind() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &["--concurrency", "4"]);
    let stage = Process::stage(&watch, &directory);
    let list = || watch.call("GET", "/ns_movies/?limit=1000", &[], "").2;
    let before = list();
    let smoke = |url: &str| {
        let mut command = Command::new("python3");
        command.args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smoke.py"), "--url", url]);
        command
    };
    for url in [format!("http://{}", watch.address), format!("http://{}/prod/", stage.address)] {
        let said = succeeds(&mut smoke(&url));
        assert!(said.contains(" 0 failed") && !said.contains("FAIL"), "{said}");
        assert_eq!(list(), before);
    }
    // Where there is no such service, it says so.
    for url in [&format!("http://{}/elsewhere", watch.address), "http://127.0.0.1:1"] {
        let output = smoke(url).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

/// Whether `line` is `pattern`, in which `…` stands for any text.
fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let mut rest = line.strip_prefix(parts.next().unwrap_or_default());
    for part in parts {
        rest = rest
            .and_then(|rest| if part.is_empty() { Some("") } else { rest.split_once(part).map(|(_, after)| after) });
    }
    rest == Some("")
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn the_readmes_tour_prints_what_it_says() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let watch = Process::watch(&new_directory(), &[]);
    let blocks = readme.split("```console\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let mut commands = 0;
    for block in blocks {
        for step in block.split("$ ").skip(1) {
            let (command, expected) = step.split_once('\n').unwrap();
            let output =
                Command::new("sh").args(["-c", &command.replace("localhost:9000", &watch.address)]).output().unwrap();
            let output = String::from_utf8(output.stdout).unwrap().replace('\r', "");
            let same = output.lines().count() == expected.lines().count()
                && expected.lines().zip(output.lines()).all(|(pattern, line)| matches(pattern, line));
            assert!(same, "{command}\nprints\n{output}\nnot\n{expected}");
            commands += 1;
        }
    }
    assert!(commands > 8, "the tour has {commands} commands");
}

#[test]
#[ignore = "needs cargo-lambda: `make test` has it"]
fn copies_of_the_function_race_on_one_store() {
    let directory = new_directory();
    let watch = Process::watch(&directory, &["--concurrency", "4"]);
    for round in 0..3 {
        let movie = movie(&format!("Race {round}"));
        let statuses: Vec<u16> = thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| watch.json("POST", "/ns_movies/", &movie).0)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let won = statuses.iter().filter(|status| **status == 200).count();
        let lost = statuses.iter().filter(|status| **status == 409).count();
        assert_eq!((won, lost), (1, 7), "{statuses:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn the_runtime_never_reports_an_error() {
    let directory = new_directory();
    let emulator = Process::emulator(&directory, "emulator.log", &[]);
    let list =
        emulator.invoke(br#"{"httpMethod":"GET","path":"/ns_movies/","requestContext":{"path":"/Prod/ns_movies/"}}"#);
    assert_eq!(list["statusCode"], 200);
    for event in [
        &b""[..],
        b"garbage{",
        b"null",
        b"[1]",
        b"{}",
        b"{} {}",
        "{\"path\":\"\u{fffd}".as_bytes(),
        &b"[".repeat(100_000),
    ] {
        assert_eq!(emulator.invoke(event)["statusCode"], 400, "{:.20}", String::from_utf8_lossy(event));
    }
    let create = json!({"httpMethod": "POST", "path": "/ns_movies/", "body": movie("Emulated").to_string()});
    assert_eq!(emulator.invoke(create.to_string().as_bytes())["statusCode"], 200);
    assert_eq!(emulator.invoke(create.to_string().as_bytes())["statusCode"], 409);
    let log = fs::read_to_string(directory.join("emulator.log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("status: error"), "{log}");
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn every_log_line_is_json_and_bears_no_secret() {
    let directory = new_directory();
    let lines = |level: &str, log: &str| -> Vec<Value> {
        let variables = [
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", level),
            ("AWS_LAMBDA_FUNCTION_NAME", "movies-test"),
        ];
        let emulator = Process::emulator(&directory, log, &variables);
        for (method, path, body) in [
            ("GET", "/ns_movies/The%20Dare-2020", String::new()),
            ("GET", "/ns_movies/", String::new()),
            ("POST", "/ns_movies/", movie("Logged").to_string()),
            ("POST", "/ns_movies/", movie("Logged").to_string()),
            ("GET", "/elsewhere", String::new()),
            ("DELETE", "/ns_movies/Logged-2000", String::new()),
        ] {
            let headers = json!({"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "Cookie": "s3cret"});
            let query = json!({"token": ["s3cret"]});
            let event = json!({
                "httpMethod": method, "path": path, "headers": headers, "multiValueQueryStringParameters": query,
                "body": body.replace("example.org", "s3cret.org"),
            });
            emulator.invoke(event.to_string().as_bytes());
        }
        emulator.invoke(b"{}");
        // Read before the emulator ends: the function logs that as an error, if it is still waiting for an event then.
        let log = fs::read_to_string(directory.join(log)).unwrap();
        // The emulator's own lines are no JSON objects.
        let lines = log.lines().filter(|line| line.starts_with('{'));
        let lines = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
        lines.inspect(|line: &Value| assert!(!line.to_string().contains("s3cret"), "{line}")).collect()
    };

    let all = lines("DEBUG", "debug.log");
    let requests: Vec<_> = all.iter().filter(|line| line.get("route").is_some()).collect();
    let told: Vec<_> =
        requests.iter().map(|line| (line["route"].as_str().unwrap(), line["status"].as_u64().unwrap())).collect();
    let expected =
        [("read", 200), ("list", 200), ("create", 200), ("create", 409), ("none", 404), ("delete", 200), ("none", 400)];
    assert_eq!(told, expected);
    for (at, line) in requests.iter().enumerate() {
        assert_eq!((&line["level"], &line["cold_start"]), (&json!("INFO"), &json!(at == 0)), "{line}");
        assert!(line["request_id"].as_str().is_some_and(|id| id.len() == 36), "{line}");
        let asks = line["route"] != "none";
        assert!(line["duration_ms"].as_f64().is_some_and(|duration| !asks || duration > 0.0), "{line}");
        assert_eq!(line["attempts"], json!(u32::from(asks)), "{line}");
        // The embedded metric format: each metric is a number, each dimension a text, at the top of the line.
        for metrics in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            for dimension in metrics["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}: {line}");
            }
            for metric in metrics["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}: {line}");
            }
        }
        assert_eq!(
            (&line["Function"], &line["Conflicts"]),
            (&json!("movies-test"), &if at == 3 { json!(1) } else { json!(null) })
        );
    }
    assert!(all.iter().all(|line| line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z'))), "{all:?}");
    let is_of_a_request = |line: &&Value| line["request_id"].as_str().is_some_and(|id| id.len() == 36);
    let attempts = all.iter().filter(|line| line["level"] == "DEBUG" && line["target"] == "movies::store::attempts");
    assert_eq!(attempts.filter(is_of_a_request).filter(|line| line["status"].is_number()).count(), 5, "{all:?}");

    let info = lines("INFO", "info.log");
    assert!(info.iter().all(|line| line["level"] == "INFO"), "{info:?}");
    assert!(lines("WARN", "warn.log").iter().all(|line| line.get("route").is_none()));
    assert!(lines("TRACE", "trace.log").iter().all(|line| line["level"] != "TRACE"));
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn another_copy_takes_the_store_over() {
    let directory = new_directory();
    let create = |title: &str| {
        json!({"httpMethod": "POST", "path": "/ns_movies/", "body": movie(title).to_string()}).to_string()
    };
    let list = br#"{"httpMethod":"GET","path":"/ns_movies/"}"#;
    let leader = Process::emulator(&directory, "leader.log", &[]);
    assert_eq!(leader.invoke(create("First").as_bytes())["statusCode"], 200);
    let copy = Process::emulator(&directory, "copy.log", &[]);
    assert_eq!(copy.invoke(create("Second").as_bytes())["statusCode"], 200);
    drop(leader);
    assert_eq!(copy.invoke(create("Third").as_bytes())["statusCode"], 200);
    let movies = copy.invoke(list)["body"].as_str().unwrap().to_owned();
    for title in ["First", "Second", "Third"] {
        assert!(movies.contains(title), "{title} is in {movies}");
    }
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn another_dynamodb_can_be_named() {
    let (directory, other) = (new_directory(), new_directory());
    let first = Process::emulator(&directory, "first.log", &[]);
    let create = json!({"httpMethod": "POST", "path": "/ns_movies/", "body": movie("Shared").to_string()}).to_string();
    assert_eq!(first.invoke(create.as_bytes())["statusCode"], 200);
    let endpoint = format!("http://127.0.0.1:{}", fs::read_to_string(directory.join("port")).unwrap());
    let named = |table| [("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()), ("TABLE_NAME", table)];
    let mut with_keys = named("movies").to_vec();
    with_keys.extend([("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own"), ("AWS_REGION", "")]);
    let same = Process::emulator(&other, "same.log", &with_keys);
    assert_eq!(same.invoke(create.as_bytes())["statusCode"], 409);
    // A table that is not there yet is made, and seeded.
    let new = Process::emulator(&other, "new.log", &named("others"));
    assert_eq!(new.invoke(create.as_bytes())["statusCode"], 200);
    let list = new.invoke(br#"{"httpMethod":"GET","path":"/ns_movies/"}"#).to_string();
    assert!(list.contains("The Dare-2020"), "{list}");
    assert!(!other.join("movies.db").exists());
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs AWS's Runtime Interface Emulator: `make test` has it"]
fn a_store_that_is_away_is_503_in_time() {
    // A port where nobody listens, and one where nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [format!("127.0.0.1:{}", free_port()), silent.local_addr().unwrap().to_string()] {
        let directory = new_directory();
        let endpoint = format!("http://{address}");
        let emulator = Process::emulator(&directory, "away.log", &[("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)]);
        for path in ["/ns_movies/", "/health", "/ns_movies/The%20Dare-2020"] {
            let event = json!({"httpMethod": "GET", "path": path}).to_string();
            // The first invocation waits for the start too.
            emulator.invoke(b"{}");
            let start = Instant::now();
            let reply = emulator.invoke(event.as_bytes());
            assert_eq!((&reply["statusCode"], &reply["headers"]["retry-after"]), (&json!(503), &json!("1")), "{reply}");
            assert!(start.elapsed() < Duration::from_secs(5), "{path} took {:?}", start.elapsed());
        }
    }
}
