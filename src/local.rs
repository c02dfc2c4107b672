//! Feature `local`: a DynamoDB for `cargo lambda watch` and the tests, inside the process.
//!
//! The emulator keeps its data in a file under `target/local/` and is served on a loopback port, so that the store talks to
//! it as to the real thing; there is no second way to store a movie. Its table is made from
//! `template.yaml`'s own definition and seeded once from `seed/movies.json`.
//!
//! `cargo lambda watch --concurrency N` runs copies of the function side by side. They share one store: the first to
//! start holds a lock file and serves it, the rest use it, and when its process goes, one of them takes over on the same
//! port. A deployed build contains nothing of this module.

mod seed;
mod table;

use std::{
    env,
    fs::{self, File, TryLockError},
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::{Client, config::Credentials};
use dynoxide::Database;

use crate::store::{self, Store};

pub use seed::{SeedError, parse as parse_seed};
pub use table::ensure as ensure_table;

/// The table's name where `TABLE_NAME` is not set.
pub const TABLE_NAME: &str = "movies";

/// An address to be decided by the system, on this machine only.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

const POLL: Duration = Duration::from_millis(20);
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Anything that keeps the local store from starting, in words for the person who starts it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Connects `loader` to the DynamoDB for local work, and makes and seeds the table if it is not there: the embedded
/// one, or the one that `AWS_ENDPOINT_URL_DYNAMODB` names. A table that is not on this machine is used as it is.
///
/// # Errors
/// Why the embedded store cannot start. That a table cannot be made or seeded is printed only.
pub async fn connect(loader: ConfigLoader, table_name: &str) -> Result<SdkConfig, Error> {
    // The client that makes the table waits no longer than the store.
    let loader = loader.timeout_config(store::timeouts()).retry_config(store::retries());
    let Some(url) = variable("AWS_ENDPOINT_URL_DYNAMODB") else {
        let directory = data_directory();
        let server = Server::start(&directory)?;
        let loader = loader.credentials_provider(stand_in_credentials()).region(region());
        let sdk = loader.endpoint_url(server.url()).load().await;
        let prepared = prepare_table(&sdk, table_name).await;
        if server.is_leader {
            println!("{}", banner(&directory, prepared));
        }
        return Ok(sdk);
    };
    println!("Using the DynamoDB at {url}, table {table_name} (AWS_ENDPOINT_URL_DYNAMODB is set).");
    let loader = loader.endpoint_url(&url);
    if !is_loopback(&url) {
        return Ok(loader.load().await);
    }
    let has_credentials = variable("AWS_ACCESS_KEY_ID").or(variable("AWS_PROFILE")).is_some();
    let loader = if has_credentials { loader } else { loader.credentials_provider(stand_in_credentials()) };
    let sdk = loader.region(region()).load().await;
    match tokio::time::timeout(Duration::from_secs(1), prepare_table(&sdk, table_name)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => println!("The table is not there, and could not be made: {error}"),
        Err(_) => println!("The DynamoDB at {url} does not answer."),
    }
    Ok(sdk)
}

/// An environment variable; one that is set to nothing counts as not set.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// An emulator needs credentials, of whatever kind.
fn stand_in_credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}

/// An emulator needs a region too: the one that is set, or any.
fn region() -> Region {
    Region::new(variable("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()))
}

/// Makes the table if it is missing, and seeds a table that it made. The seed is read first, so that a broken one
/// leaves nothing half-done.
async fn prepare_table(sdk: &SdkConfig, table_name: &str) -> Result<bool, Error> {
    let client = Client::new(sdk);
    if table::exists(&client, table_name).await? {
        return Ok(false);
    }
    let movies = seed::read(&project_directory(), "seed/movies.json")?;
    let is_new = table::ensure(&client, table_name).await?;
    if is_new {
        let store = Store::new(sdk, table_name);
        for movie in movies {
            let id = movie.id().map_err(|error| format!("{error:?}"))?;
            match store.create(&id, movie).await {
                Ok(_) | Err(crate::store::StoreError::Exists) => {}
                Err(error) => return Err(format!("seeding '{id}' failed: {error:?}").into()),
            }
        }
    }
    Ok(is_new)
}

/// What a person needs to know at the start. A function that is not ready starts all the same, and answers 503: under
/// `cargo lambda watch`, requests to one that has exited would wait for ever.
fn banner(directory: &Path, prepared: Result<bool, Error>) -> String {
    // The Runtime API that `cargo lambda watch` serves is on the port that it takes requests at.
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    let port = api.split('/').find_map(|part| part.rsplit_once(':')?.1.parse::<u16>().ok()).unwrap_or(9000);
    let state = match prepared {
        Ok(true) => "new, seeded from seed/movies.json".to_owned(),
        Ok(false) => "kept from before".to_owned(),
        Err(error) => format!("no table, every answer is 503 until this is mended: {error}"),
    };
    let file = directory.join("movies.db");
    format!(
        "Movies   http://localhost:{port}/ns_movies/\nData     {}\n         {state}\nReset    stop, `make reset`, start again",
        file.display()
    )
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    ["localhost", "127.", "[::1]"].iter().any(|host| authority.starts_with(host))
}

/// The package's folder: where cargo runs it from, or where it was built.
fn project_directory() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// `LOCAL_STORE_DIR`, or a folder under `target/`, which `cargo lambda watch` does not watch: a database that changes
/// elsewhere in the package makes it rebuild for ever.
fn data_directory() -> PathBuf {
    env::var_os("LOCAL_STORE_DIR").map_or_else(|| project_directory().join("target/local"), PathBuf::from)
}

/// The embedded store, served by this process or by another copy of the function.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    is_leader: bool,
}

impl Server {
    /// Serves the database in `directory`, or finds who does.
    ///
    /// # Errors
    /// The folder cannot be written to, or whoever holds the lock does not serve.
    pub fn start(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let lock = File::create(directory.join("lock"))?;
        if try_lead(&lock)? {
            let address = lead(directory, lock, |listener| listener.or_else(|_| TcpListener::bind(ANY_PORT)))?;
            return Ok(Self { address, is_leader: true });
        }
        let address = wait_for_leader(directory)?;
        let directory = directory.to_owned();
        thread::spawn(move || stand_by(&directory, lock));
        Ok(Self { address, is_leader: false })
    }

    /// The endpoint for the SDK.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn try_lead(lock: &File) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Serves the database from a thread of its own for as long as the process lives, and the lock with it.
fn lead(
    directory: &Path,
    lock: File,
    or_else: impl FnOnce(io::Result<TcpListener>) -> io::Result<TcpListener>,
) -> Result<SocketAddr, Error> {
    let port_file = directory.join("port");
    // The port of the leader before, which its followers go on using.
    let listener = or_else(TcpListener::bind(recorded_address(&port_file).unwrap_or(ANY_PORT)))?;
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
    fs::write(port_file, address.port().to_string())?;
    Ok(address)
}

fn recorded_address(port_file: &Path) -> Option<SocketAddr> {
    let port = fs::read_to_string(port_file).ok()?.trim().parse().ok()?;
    Some(SocketAddr::new(ANY_PORT.ip(), port))
}

fn wait_for_leader(directory: &Path) -> Result<SocketAddr, Error> {
    let start = Instant::now();
    while start.elapsed() < START_TIMEOUT {
        let address = recorded_address(&directory.join("port"));
        if let Some(address) = address.filter(|address| TcpStream::connect(address).is_ok()) {
            return Ok(address);
        }
        thread::sleep(POLL);
    }
    Err(format!("another process holds {} but serves no store; stop it", directory.join("lock").display()).into())
}

/// Takes over when the leader's process goes.
fn stand_by(directory: &Path, lock: File) {
    loop {
        match try_lead(&lock) {
            Ok(false) => thread::sleep(POLL),
            Ok(true) => break,
            Err(error) => return tracing::error!(cause = %error, "the local store is not watched over any more"),
        }
    }
    if let Err(error) = lead(directory, lock, |listener| listener) {
        tracing::error!(cause = %error, "the local store cannot be taken over; start again");
    }
}
