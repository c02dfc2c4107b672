//! Serves the embedded store to all copies of the function.
//!
//! The copy that holds the lock on a file is the leader: it serves the store and writes its port to another file. The
//! other copies use that port and wait for the lock. When the leader's process ends for any reason, the operating
//! system gives the lock to one of them.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::Client;
use dynoxide::Database;

use super::Error;
use crate::aws;

/// A loopback address whose port the operating system chooses.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

const POLL: Duration = Duration::from_millis(20);
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// The time within which the store must respond on the recorded port.
const ASK_TIMEOUT: Duration = Duration::from_secs(1);

/// The embedded store, served by this process or by another copy of the function.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    is_leader: bool,
}

impl Server {
    /// Serves the database in `directory`, or finds the copy that serves it.
    ///
    /// # Errors
    /// The folder cannot be written to, or the copy that holds the lock does not serve the store.
    pub async fn start(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let lock = File::create(directory.join("lock"))?;
        let start = Instant::now();
        while start.elapsed() < START_TIMEOUT {
            if try_lead(&lock)? {
                let address = lead(directory, lock, |listener| listener.or_else(|_| TcpListener::bind(ANY_PORT)))?;
                return Ok(Self { address, is_leader: true });
            }
            if let Some(address) = recorded_address(directory)
                && is_store(address).await
            {
                let directory = directory.to_owned();
                thread::Builder::new().name("standby".to_owned()).spawn(move || stand_by(&directory, lock))?;
                return Ok(Self { address, is_leader: false });
            }
            tokio::time::sleep(POLL).await;
        }
        Err(format!("another process holds {} but does not serve the store; stop it", directory.join("lock").display())
            .into())
    }

    /// The endpoint for the SDK.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Whether this process serves the store.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn try_lead(lock: &File) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Serves the database in a thread, which keeps the lock until the process ends.
fn lead(
    directory: &Path,
    lock: File,
    or_else: impl FnOnce(io::Result<TcpListener>) -> io::Result<TcpListener>,
) -> Result<SocketAddr, Error> {
    // Listens on the port of the previous leader, because the other copies still use it.
    let listener = or_else(TcpListener::bind(recorded_address(directory).unwrap_or(ANY_PORT)))?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let file = directory.join("movies.db");
    let database = Database::new(&file.to_string_lossy()).map_err(|error| format!("{}: {error}", file.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        let _lock = lock;
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => dynoxide::server::serve_on(listener, database).await,
                Err(error) => tracing::error!(cause = %error, "the local store cannot be served"),
            }
        });
    });
    fs::write(directory.join("port"), address.port().to_string())?;
    Ok(address)
}

fn recorded_address(directory: &Path) -> Option<SocketAddr> {
    let port = fs::read_to_string(directory.join("port")).ok()?.trim().parse().ok()?;
    Some(SocketAddr::new(ANY_PORT.ip(), port))
}

/// Whether a DynamoDB responds at `address`. Another program may use the port of an earlier leader.
async fn is_store(address: SocketAddr) -> bool {
    let variable = |name: &str| match name {
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(url(address)),
        "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        _ => None,
    };
    let Ok(sdk) = aws::connect(variable) else { return false };
    let tables = tokio::time::timeout(ASK_TIMEOUT, Client::new(&sdk).list_tables().send()).await;
    matches!(tables, Ok(Ok(tables)) if tables.table_names.is_some())
}

/// Takes over when the leader's process ends.
fn stand_by(directory: &Path, lock: File) {
    if let Err(error) = lock.lock() {
        return tracing::error!(cause = %error, "waiting for the lock failed: this process cannot take over the local store");
    }
    if let Err(error) = lead(directory, lock, |listener| listener) {
        tracing::error!(cause = %error, "the local store cannot be taken over: start again");
    }
}

#[cfg(test)]
mod tests {
    use std::{
        env,
        io::{Read as _, Write as _},
        path::PathBuf,
    };

    use super::*;

    fn new_directory(name: &str) -> PathBuf {
        let directory = env::temp_dir().join(format!("movies-server-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// A server that sends the same response to every request.
    fn another_program(response: &'static str) -> SocketAddr {
        let listener = TcpListener::bind(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map(Result::unwrap) {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(response.as_bytes());
            }
        });
        address
    }

    #[tokio::test]
    async fn another_program_on_the_recorded_port_is_not_the_store() {
        for (name, response) in [
            ("silent", ""),
            ("not HTTP", "SSH-2.0-OpenSSH_9.6\r\n"),
            ("not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            ("a page", "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<!doctype htm"),
            ("another JSON", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ] {
            assert!(!is_store(another_program(response)).await, "{name}");
        }
        assert!(!is_store(SocketAddr::new(ANY_PORT.ip(), 1)).await, "closed");
    }

    #[tokio::test]
    async fn a_copy_waits_for_the_leader_and_not_for_another_program() {
        let directory = new_directory("wait");
        let port = another_program("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").port();
        fs::write(directory.join("port"), port.to_string()).unwrap();
        let lock = File::create(directory.join("lock")).unwrap();
        lock.lock().unwrap();
        let leader = {
            let directory = directory.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(300));
                lead(&directory, lock, |_| TcpListener::bind(ANY_PORT)).unwrap()
            })
        };
        let copy = Server::start(&directory).await.unwrap();
        assert_eq!((copy.address, copy.is_leader), (leader.join().unwrap(), false));
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_copy_sleeps_until_the_leader_ends() {
        let directory = new_directory("sleep");
        let leader = Server::start(&directory).await.unwrap();
        let copy = Server::start(&directory).await.unwrap();
        assert_eq!((leader.is_leader, copy.is_leader, copy.address), (true, false, leader.address));
        // Counts how often the operating system has woken each waiting thread.
        let wakes = || -> Vec<String> {
            let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
            let standbys =
                tasks.filter(|task| fs::read_to_string(task.join("comm")).unwrap_or_default() == "standby\n");
            let status = standbys.map(|task| fs::read_to_string(task.join("status")).unwrap_or_default());
            let wakes = status.map(|status| status.lines().filter(|line| line.contains("ctxt_switches")).collect());
            wakes.collect()
        };
        // Several tries are necessary, because other tests start waiting threads at the same time.
        for _ in 0..20 {
            let before = wakes();
            tokio::time::sleep(Duration::from_millis(500)).await;
            if !before.is_empty() && wakes() == before {
                return;
            }
        }
        panic!("a waiting thread is woken repeatedly: {:?}", wakes());
    }
}
