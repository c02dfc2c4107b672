//! An embedded DynamoDB emulator for `cargo lambda watch` and the tests (feature `local`).
//!
//! The emulator listens on a loopback port, and the store calls it in the same way as DynamoDB. Its data is an SQLite
//! file under `target/local/`. `cargo lambda watch --concurrency N` runs several copies of the function: each has its
//! own emulator, and all emulators open the same file. A new table of movies is seeded from `seed/movies.json`.
//!
//! A deployed build does not contain this module.

mod terminal;

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    thread,
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, DisplayErrorContext},
    operation::create_table::{CreateTableError, builders::CreateTableFluentBuilder},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};
use dynoxide::Database;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use url::{Host, Url};

use crate::{
    config::Config,
    movie::Movie,
    store::{Store, StoreError, YEAR_INDEX},
};

/// The variable that selects another DynamoDB than the embedded one.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

const NO_CREDENTIALS: &str = r#"no credentials: run eval "$(aws configure export-credentials --format env)" first"#;

/// The seed file.
const SEED: &str = "seed/movies.json";

pub use terminal::TerminalLine;

/// The DynamoDB for local work: the embedded one, or the one that `AWS_ENDPOINT_URL_DYNAMODB` names.
#[derive(Debug)]
pub struct Local {
    endpoint: String,
    /// Where the data is, for the message at the start.
    place: String,
}

impl Local {
    /// Starts the embedded emulator, unless the environment selects another DynamoDB.
    ///
    /// # Errors
    /// The emulator cannot start, or a DynamoDB on another machine needs credentials or a region.
    pub fn start() -> Result<Self, Error> {
        let Some(endpoint) = set(ENDPOINT) else { return Self::embed(&data_directory()) };
        for (name, problem) in [
            ("AWS_ACCESS_KEY_ID", NO_CREDENTIALS),
            ("AWS_SECRET_ACCESS_KEY", NO_CREDENTIALS),
            ("AWS_REGION", "no region"),
        ] {
            if !is_loopback(&endpoint) && set(name).is_none() {
                return Err(format!("{problem}; {endpoint} needs {name}").into());
            }
        }
        Ok(Self { place: endpoint.clone(), endpoint })
    }

    /// Serves the file in `directory`. The emulator has its own thread, because it blocks while another copy writes.
    fn embed(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let place = directory.join("movies.db").display().to_string();
        let database = Database::new(&place).map_err(|error| format!("{place}: {error}"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        // The tests and the benchmark use the emulator of the copy that started last.
        fs::write(directory.join("port"), port.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        thread::spawn(move || runtime.block_on(dynoxide::server::serve_on(listener, database)));
        Ok(Self { endpoint: format!("http://127.0.0.1:{port}"), place })
    }

    /// The default of an environment variable. An emulator needs a region and credentials, and accepts any.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "TABLE_NAME" => "movies",
            ENDPOINT => &self.endpoint,
            "IDEMPOTENCY_TABLE_NAME" if is_loopback(&self.endpoint) => "movies-keys",
            "AWS_REGION" if is_loopback(&self.endpoint) => "us-east-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" if is_loopback(&self.endpoint) => "local",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// Creates missing tables, and says where the movies are. Does not change a DynamoDB on another machine.
    ///
    /// An error is only printed. The function starts anyway and responds with 503.
    pub async fn prepare(&self, sdk: &SdkConfig, config: &Config) {
        let place = &self.place;
        if !is_loopback(&self.endpoint) {
            return println!("Movies: {place}");
        }
        match create_tables(sdk, config).await {
            Ok(true) => println!("Movies: {place}, new, loaded from {SEED}"),
            Ok(false) => println!("Movies: {place}"),
            Err(error) => println!("Movies: {place}. Every response is 503 until this is fixed: {error}"),
        }
    }
}

/// Responds to each request with the reason why the service cannot start, because `cargo lambda watch` never responds
/// if the function has ended.
pub async fn respond_with(reason: &Error) {
    if set("AWS_LAMBDA_RUNTIME_API").is_some() {
        let body = format!("The service cannot start: {reason}\n");
        let headers = json!({"content-type": "text/plain; charset=utf-8"});
        let reply = json!({"statusCode": 500, "headers": headers, "cookies": [], "body": body});
        // Runs until the Runtime API ends.
        let _ = Runtime::new(service_fn(async |_: LambdaEvent<IgnoredAny>| Ok::<_, Error>(&reply))).run().await;
    }
}

/// The value of an environment variable that is not empty.
fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

fn is_loopback(url: &str) -> bool {
    match Url::parse(url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `LOCAL_STORE_DIR`, or a folder under `target/`, which `make clean` deletes.
fn data_directory() -> PathBuf {
    set("LOCAL_STORE_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/local"), PathBuf::from)
}

/// Creates missing tables, and seeds a new table of movies. Returns whether that table is new. Reads the seed first, so
/// that an invalid seed does not leave an empty table.
async fn create_tables(sdk: &SdkConfig, config: &Config) -> Result<bool, Error> {
    let client = Client::new(sdk);
    let tables = client.list_tables().send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
    if let Some(name) = &config.idempotency_table_name
        && !tables.table_names().contains(name)
    {
        create_keys_table(&client, name).await?;
    }
    if tables.table_names().contains(&config.table_name) {
        return Ok(false);
    }
    let json =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(SEED)).map_err(|error| format!("{SEED}: {error}"))?;
    let movies = parse_seed(&json)?;
    if !create_movies_table(&client, &config.table_name).await? {
        return Ok(false);
    }
    let store = Store::new(sdk, &config.table_name);
    for movie in movies {
        let id = movie.id().map_err(|error| format!("{SEED}: {error:?}"))?;
        match store.create(&id, movie).await {
            Ok(_) | Err(StoreError::Exists) => {}
            Err(error) => return Err(format!("'{}' cannot be stored: {error}", id.as_str()).into()),
        }
    }
    Ok(true)
}

/// Creates the table of movies, with the keys and indexes that `template.yaml` defines. Returns whether it is new.
///
/// # Errors
/// DynamoDB does not create it.
pub async fn create_movies_table(client: &Client, name: &str) -> Result<bool, Error> {
    let year = GlobalSecondaryIndex::builder()
        .index_name(YEAR_INDEX)
        .key_schema(partition_key("year")?)
        .projection(Projection::builder().projection_type(ProjectionType::All).build());
    let table = client
        .create_table()
        .attribute_definitions(attribute("id", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("year", ScalarAttributeType::N)?)
        .key_schema(partition_key("id")?)
        .global_secondary_indexes(year.build()?);
    create(table, name).await
}

/// Creates the table of remembered requests, likewise.
///
/// # Errors
/// DynamoDB does not create it.
pub async fn create_keys_table(client: &Client, name: &str) -> Result<bool, Error> {
    let table = client
        .create_table()
        .attribute_definitions(attribute("key", ScalarAttributeType::S)?)
        .key_schema(partition_key("key")?);
    create(table, name).await
}

fn attribute(name: &str, kind: ScalarAttributeType) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
}

fn partition_key(name: &str) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build()
}

async fn create(table: CreateTableFluentBuilder, name: &str) -> Result<bool, Error> {
    match table.table_name(name).billing_mode(BillingMode::PayPerRequest).send().await {
        Ok(_) => Ok(true),
        // Another copy of the function has created it meanwhile.
        Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => Ok(false),
        Err(error) => Err(DisplayErrorContext(error).to_string().into()),
    }
}

/// Reads the content of a seed file: `{"movies_list": [movie, …]}`.
///
/// # Errors
/// What is wrong first, and in which line.
pub fn parse_seed(json: &[u8]) -> Result<Vec<Movie>, Error> {
    #[derive(Deserialize)]
    struct SeedFile {
        movies_list: Vec<Movie>,
    }
    let file: SeedFile = serde_json::from_slice(json).map_err(|error| format!("{SEED}: {error}"))?;
    Ok(file.movies_list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorials_two_movies_are_in_the_seed_file() {
        let movies = parse_seed(include_bytes!("../seed/movies.json")).unwrap();
        let ids: Vec<_> = movies.iter().take(2).map(|movie| movie.id().unwrap().as_str().to_owned()).collect();
        assert_eq!(ids, ["The Dare-2020", "Don't Click-2020"]);
        assert_eq!(movies[1].cast[0], "Valter Skarsgård");
    }

    #[test]
    fn a_broken_seed_names_the_file_the_line_and_what_is_wrong() {
        let field = Movie::FIELDS[0];
        for (json, problem) in [
            ("{\"movies_list\":[\n{}]}", format!("missing field `{field}` at line 2 column").as_str()),
            (&format!("{{\"movies_list\":[\n{{\"{field}\":true}}]}}"), "invalid type: boolean `true`, expected"),
            (&format!("{{\"movies_list\":[\n{{\"{field}\":\" \"}}]}}"), "must be "),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{}", "missing field `movies_list`"),
            (r#"{"movies_list":[7]}"#, "expected struct Movie at line 1 column"),
        ] {
            let error = parse_seed(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("seed/movies.json: ") && error.contains(problem), "{error}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://localhost:8000", "https://127.0.0.1", "http://127.9.9.9:1/x", "http://[::1]:8000"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["https://dynamodb.eu-west-1.amazonaws.com", "http://localhost.example.org", "http://10.0.0.1", "x"]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
