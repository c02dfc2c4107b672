//! A service with its own table.

use std::{
    collections::BTreeMap,
    env, process,
    sync::atomic::{AtomicUsize, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    config::{SharedAsyncSleep, SharedHttpClient},
};
use dynoxide::Database;
use movies::{api::App, aws, config::Config, local, movie::Movie, store::Store};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{Call, EventFormat, Faults, FaultyClient, Function, Response, collection, parsed, stored, stored_2};

/// The service, and faults for its calls to DynamoDB.
pub struct Service {
    pub app: Function,
    pub faults: Faults,
    /// A client of the emulator, for calls that the service does not make. The faults also affect it.
    pub dynamodb: Client,
    endpoint: String,
    region: String,
}

impl Service {
    pub async fn start() -> Self {
        static TESTS: AtomicUsize = AtomicUsize::new(0);
        let endpoint = match env::var("DYNAMODB_ENDPOINT") {
            Ok(endpoint) => endpoint,
            Err(_) => emulator().await,
        };
        // Tables belong to a region, so tests can share an endpoint. The SDK also counts retries for each region, and
        // retries less often if many calls fail.
        let region = format!("test-{}-{}", process::id(), TESTS.fetch_add(1, Ordering::Relaxed));
        let service = Self::new(endpoint, region, None);
        assert!(local::create_movies_table(&service.dynamodb, "movies").await.unwrap());
        assert!(local::create_keys_table(&service.dynamodb, "keys").await.unwrap());
        service
    }

    /// A copy of the function. `simulated` replaces the network and its time.
    pub fn new(endpoint: String, region: String, simulated: Option<(SharedHttpClient, SharedAsyncSleep)>) -> Self {
        let faults = Faults::default();
        let variables = [
            ("TABLE_NAME", "movies"),
            ("IDEMPOTENCY_TABLE_NAME", "keys"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
            ("AWS_REGION", &region),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let variable = |name: &str| variables.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone());
        let config = Config::read(variable).unwrap();
        let sdk = aws::connect(variable).unwrap();
        let real = || (sdk.http_client().unwrap(), SharedAsyncSleep::new(faults.clock.clone()));
        let (real, clock) = simulated.unwrap_or_else(real);
        let http = FaultyClient { real, faults: faults.clone() };
        let sdk = sdk.into_builder().http_client(http).sleep_impl(clock).build();
        let app = App { store: Store::new(&sdk, &config.table_name), config };
        let app = Function::new(app, variables);
        Self { app, faults, dynamodb: Client::new(&sdk), endpoint, region }
    }

    /// A service with the fixture's two movies in the table.
    pub async fn seeded() -> Self {
        let service = Self::start().await;
        for example in [stored(), stored_2()] {
            service.put(parsed(&example.body)).await;
        }
        service
    }

    pub async fn put(&self, movie: Movie) {
        self.app.store.create(&movie.id().unwrap(), movie).await.unwrap();
    }

    /// Another copy of the function with the same table. Its calls never fail.
    pub fn other_copy(&self) -> Self {
        Self::new(self.endpoint.clone(), self.region.clone(), None)
    }

    /// A request through a REST API, which is the default event source.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.call_through(EventFormat::Rest, method, path)
    }

    pub fn call_through(&self, source: EventFormat, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.app, source, method, path)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.call("GET", path).send().await
    }

    pub async fn post(&self, movie: &Value) -> Response {
        self.call("POST", collection()).json(movie).send().await
    }

    /// Every movie, page by page.
    pub async fn list_all(&self, first: &str) -> BTreeMap<String, Value> {
        let mut movies = BTreeMap::new();
        let mut next = Some(first.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            for (id, movie) in page.json().as_object().unwrap() {
                assert_eq!(movies.insert(id.clone(), movie.clone()), None, "{id} is listed twice");
            }
            next = page.next();
        }
        movies
    }
}

/// A separate embedded emulator.
async fn emulator() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
    endpoint
}
