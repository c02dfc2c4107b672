//! An embedded DynamoDB emulator for `cargo lambda watch` and the tests (feature `local`).
//!
//! The emulator listens on a loopback port and stores its data in a file under `target/local/`. The store calls it in
//! the same way as DynamoDB. `template.yaml` defines its tables. A new table of movies is seeded from
//! `seed/movies.json`.
//!
//! `cargo lambda watch --concurrency N` runs several copies of the function, which share one store ([`server`]). A
//! deployed build does not contain this module.

mod seed;
mod server;
mod table;

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

use crate::{config::Config, store::Store};
use server::Server;

pub use seed::{SeedError, parse as parse_seed};
pub use table::{KEYS, MOVIES, ensure as ensure_table};

/// The name of the table of movies if `TABLE_NAME` is not set.
pub const TABLE_NAME: &str = "movies";

/// The name of the table of remembered requests if `IDEMPOTENCY_TABLE_NAME` is not set.
pub const IDEMPOTENCY_TABLE_NAME: &str = "movies-keys";

/// The variable that selects another DynamoDB than the embedded one.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// Why the local store cannot start. The text is for the person who starts it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The DynamoDB for local work: the embedded one, or the one that `AWS_ENDPOINT_URL_DYNAMODB` names.
#[derive(Debug)]
pub struct Local {
    endpoint: String,
    directory: PathBuf,
    /// The embedded store, if it is used.
    server: Option<Server>,
}

impl Local {
    /// Starts the embedded store, unless the environment selects another DynamoDB.
    ///
    /// # Errors
    /// The embedded store cannot start.
    pub async fn start() -> Result<Self, Error> {
        let directory = data_directory();
        let Some(endpoint) = env::var(ENDPOINT).ok().filter(|url| !url.is_empty()) else {
            let server = Server::start(&directory).await?;
            return Ok(Self { endpoint: server.url(), directory, server: Some(server) });
        };
        println!("Using the DynamoDB at {endpoint} ({ENDPOINT} is set).");
        Ok(Self { endpoint, directory, server: None })
    }

    /// The default of an environment variable. An emulator needs a region and credentials, and accepts any.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "TABLE_NAME" => TABLE_NAME,
            "IDEMPOTENCY_TABLE_NAME" if is_loopback(&self.endpoint) => IDEMPOTENCY_TABLE_NAME,
            ENDPOINT => &self.endpoint,
            "AWS_REGION" if is_loopback(&self.endpoint) => "us-east-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" if is_loopback(&self.endpoint) => "local",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// Creates missing tables, and seeds a new table of movies. Does not change a DynamoDB on another machine. An error
    /// is only printed: the function starts anyway, and responds with 503.
    pub async fn prepare(&self, sdk: &SdkConfig, config: &Config) {
        match &self.server {
            Some(server) => {
                let prepared = prepare_tables(sdk, config).await;
                if server.is_leader() {
                    println!("{}", banner(&self.directory, prepared));
                }
            }
            None if is_loopback(&self.endpoint) => {
                match tokio::time::timeout(Duration::from_secs(1), prepare_tables(sdk, config)).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => println!("The table does not exist and cannot be created: {error}"),
                    Err(_) => println!("The DynamoDB at {} does not respond.", self.endpoint),
                }
            }
            None => {}
        }
    }
}

/// Creates missing tables, and seeds a new table of movies. Returns whether that table is new. Reads the seed first, so
/// that an invalid seed does not leave an empty table.
async fn prepare_tables(sdk: &SdkConfig, config: &Config) -> Result<bool, Error> {
    let client = Client::new(sdk);
    if let Some(keys) = &config.idempotency_table_name
        && !table::exists(&client, keys).await?
    {
        table::ensure(&client, table::KEYS, keys).await?;
    }
    let table_name = &config.table_name;
    if table::exists(&client, table_name).await? {
        return Ok(false);
    }
    let movies = seed::read(&project_directory(), "seed/movies.json")?;
    let is_new = table::ensure(&client, table::MOVIES, table_name).await?;
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

/// The text that is printed at the start. A function that cannot prepare its tables starts anyway and responds with
/// 503, because `cargo lambda watch` never responds to a request if the function has exited.
fn banner(directory: &Path, prepared: Result<bool, Error>) -> String {
    // `cargo lambda watch` serves the Runtime API on the port on which it accepts requests.
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    let port = api.split('/').find_map(|part| part.rsplit_once(':')?.1.parse::<u16>().ok()).unwrap_or(9000);
    let state = match prepared {
        Ok(true) => "new, seeded from seed/movies.json".to_owned(),
        Ok(false) => "from an earlier run".to_owned(),
        Err(error) => format!("no table; every response is 503 until this is fixed: {error}"),
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

/// The package's folder. If cargo does not run the function, it is the folder in which the function was built.
fn project_directory() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// `LOCAL_STORE_DIR`, or a folder under `target/`, which `make clean` deletes.
fn data_directory() -> PathBuf {
    env::var_os("LOCAL_STORE_DIR").map_or_else(|| project_directory().join("target/local"), PathBuf::from)
}
