//! A server process, and HTTP requests to it.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    iter,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::contract;

/// At the first request, `cargo lambda watch` may have to compile.
pub const COMPILING: Duration = Duration::from_mins(10);

/// How long a program takes to listen.
pub const STARTING: Duration = Duration::from_secs(20);

/// A process and its children, which are killed when this is dropped. The Runtime Interface Emulator starts the
/// function in another process group, which this does not kill. The function ends when its Runtime API ends.
pub struct Process {
    child: Child,
    pub address: String,
}

/// A response to an HTTP request. Header names are in lower case.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Process {
    pub fn start(mut command: Command, address: String, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        Self { child: command.spawn().unwrap(), address }
    }

    pub fn wait_until_it_listens(&self) {
        self.wait_until(STARTING, || TcpStream::connect(&self.address).is_ok());
    }

    pub fn wait_until(&self, patience: Duration, ready: impl Fn() -> bool) {
        let start = Instant::now();
        while !ready() {
            assert!(start.elapsed() < patience, "{} is not ready after {patience:?}", self.address);
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sends a request to the service, and compares the response with the OpenAPI document.
    pub fn call(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Response {
        let response = self.exchange(method, path, headers, body).expect("the service responds");
        let path = percent_decode_str(path.split('?').next().unwrap()).decode_utf8().unwrap();
        contract::check(method, &path, response.status.into(), &response.headers, response.body.as_bytes());
        response
    }

    pub fn get(&self, path: &str) -> Response {
        self.call("GET", path, &[], "")
    }

    /// Sends an HTTP/1.0 request, because its response does not have chunks. Returns `None` if the connection fails.
    pub fn exchange(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Option<Response> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(COMPILING)).unwrap();
        let headers = headers.iter().fold(String::new(), |all, header| all + header + "\r\n");
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Some(Response { status, headers, body: body.to_owned() })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// A different port for each process of these tests. It is below the ephemeral ports of the system, so that nothing
/// else can use it before the process does. Two test runs at the same time start at different ports.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(25_000);
    let offset = u16::try_from(std::process::id() % 5_000).unwrap();
    let mut ports = iter::repeat_with(|| offset + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
