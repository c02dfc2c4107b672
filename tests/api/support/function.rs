//! The function that a test calls: the library, or the artifact that the variable `ARTIFACT` names, under AWS's Runtime
//! Interface Emulator.

use std::{
    env, iter,
    net::{SocketAddr, TcpListener},
    ops::Deref,
    process::Stdio,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use lambda_runtime::Context;
use movies::{api::App, config::Config, event::Event};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::{Child, Command},
    sync::{Mutex, OnceCell},
};

pub struct Function {
    app: App,
    /// The environment variables of the artifact.
    variables: Vec<(String, String)>,
    artifact: OnceCell<Mutex<Artifact>>,
}

impl Function {
    pub fn new(app: App, variables: Vec<(String, String)>) -> Self {
        Self { app, variables, artifact: OnceCell::new() }
    }

    /// Whether tests run against an artifact. It does not contain what only local builds contain.
    pub fn is_artifact() -> bool {
        env::var_os("ARTIFACT").is_some()
    }

    /// Sets an environment variable. A function reads it at its start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(set, _)| set != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        let value = |name: &str| self.variables.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone());
        self.app.config = Config::read(value).unwrap();
        // An artifact that runs already has the former value.
        self.artifact = OnceCell::new();
    }

    /// The reply to an event's bytes, as JSON.
    pub async fn reply(&self, event: &[u8]) -> Value {
        if Self::is_artifact() {
            let artifact = self.artifact.get_or_init(async || Mutex::new(Artifact::start(&self.variables))).await;
            // The emulator accepts one event at a time.
            return artifact.lock().await.reply(event).await;
        }
        let mut context = Context::default();
        "test-request".clone_into(&mut context.request_id);
        let reply = movies::serve(&self.app, Event::from_bytes(event), &context, false).await;
        serde_json::from_slice(&serde_json::to_vec(&reply).unwrap()).unwrap()
    }
}

impl Deref for Function {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

struct Artifact {
    address: SocketAddr,
    /// The function ends when its Runtime API has ended.
    _emulator: Child,
}

impl Artifact {
    fn start(variables: &[(String, String)]) -> Self {
        let address = free_address();
        // The shell ends the emulator when its input closes: when this is dropped, or when the process of the tests ends,
        // which drops no statics.
        let emulator = Command::new("sh")
            .args(["-c", r#""$@" & read -r _; kill $!"#, "sh"])
            .arg(env::var("AWS_LAMBDA_RIE").expect("the emulator's path"))
            .args(["--runtime-interface-emulator-address", &address.to_string()])
            .args(["--runtime-api-address", &free_address().to_string()])
            .arg(env::var("ARTIFACT").expect("the artifact's path"))
            .envs(variables.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { address, _emulator: emulator }
    }

    async fn reply(&self, event: &[u8]) -> Value {
        let mut stream = self.connect().await;
        let path = "/2015-03-31/functions/function/invocations";
        // HTTP/1.0 does not have chunked responses.
        let head = format!("POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", event.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(event).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let body = response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{response}")).1;
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {response:.2000}"))
    }

    async fn connect(&self) -> TcpStream {
        for _ in 0..200 {
            if let Ok(stream) = TcpStream::connect(self.address).await {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the emulator does not listen")
    }
}

/// A different address for each emulator of this process. The port is below the ephemeral ports of the system, so that
/// nothing else can use it before the emulator does.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let mut addresses = iter::repeat_with(|| SocketAddr::from(([127, 0, 0, 1], NEXT.fetch_add(1, Ordering::Relaxed))));
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}
