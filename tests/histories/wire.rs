//! Simulates the network between the function and DynamoDB, with the clock of a history. The emulator carries out each call
//! at one moment. The call and its response each have a delay.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture},
        orchestrator::HttpRequest,
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use fastrand::Rng;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio::sync::oneshot;

use crate::clock::Clock;

/// Longer than any call takes to reach the emulator.
pub const LONGEST: Duration = Duration::from_secs(4);

/// The attempts of an operation to write.
#[derive(Default)]
pub struct Writes {
    /// Those that reached the emulator.
    pub arrived: usize,
    /// Those that the emulator carried out.
    pub done: usize,
}

/// The network between one client's function and the emulator.
#[derive(Clone)]
pub struct Wire {
    pub clock: Clock,
    database: Database,
    trips: Arc<Mutex<Trips>>,
}

/// What the next calls of a client need.
struct Trips {
    /// The source of their delays.
    random: Rng,
    /// How many of the next attempts to write the emulator carries out only after the SDK's timeout.
    overdue: usize,
    /// The attempts of the operation to which they belong.
    writes: Arc<Mutex<Writes>>,
}

impl Wire {
    pub fn new(clock: &Clock, database: &Database, random: Rng) -> Self {
        let trips = Arc::new(Mutex::new(Trips { random, overdue: 0, writes: Arc::default() }));
        Self { clock: clock.clone(), database: database.clone(), trips }
    }

    /// Begins an operation of the client, and returns its attempts to write.
    pub fn begin(&self, overdue: usize) -> Arc<Mutex<Writes>> {
        let mut trips = self.trips.lock().unwrap();
        (trips.overdue, trips.writes) = (overdue, Arc::default());
        trips.writes.clone()
    }
}

impl Trips {
    /// The delays of a call and of its response.
    fn delays(&mut self, is_write: bool) -> [Duration; 2] {
        let mut delays = [0; 2].map(|_: u64| match self.random.u8(..8) {
            0 => self.random.u64(10..400),
            _ => self.random.u64(1..15),
        });
        if is_write && self.overdue > 0 {
            self.overdue -= 1;
            delays[0] = self.random.u64(1_001..3_000);
        }
        delays.map(Duration::from_millis)
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let is_write = ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&name.as_str());
        let (writes, [there, back]) = {
            let mut trips = self.trips.lock().unwrap();
            (trips.writes.clone(), trips.delays(is_write))
        };
        let (sender, receiver) = oneshot::channel();
        let database = self.database.clone();
        // A call reaches the emulator even if the SDK no longer waits for it.
        self.clock.after(there, move || {
            let response = carry_out(&database, &name, &body);
            if is_write {
                let mut writes = writes.lock().unwrap();
                writes.arrived += 1;
                writes.done += usize::from(response.status().is_success());
            }
            drop(sender.send(response));
        });
        let clock = self.clock.clone();
        HttpConnectorFuture::new(async move {
            let response = receiver.await.map_err(|error| ConnectorError::other(error.into(), None))?;
            clock.wait(back).await;
            Ok(response)
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// An emulator with the table of movies and the table of keys, without indexes, because no history uses one.
pub fn store() -> Database {
    let database = Database::memory().unwrap();
    for (table, key) in [("movies", "id"), ("keys", "key")] {
        let table = json!({
            "TableName": table, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        });
        database.create_table(serde_json::from_value(table).unwrap()).unwrap();
    }
    database
}

/// Carries out a call, and returns the response that the emulator's server would send.
fn carry_out(database: &Database, name: &str, body: &[u8]) -> HttpResponse {
    let result = match name {
        "GetItem" => respond(body, |request| database.get_item(request)),
        "PutItem" => respond(body, |request| database.put_item(request)),
        "UpdateItem" => respond(body, |request| database.update_item(request)),
        "Scan" => respond(body, |request| database.scan(request)),
        "TransactWriteItems" => respond(body, |request| database.transact_write_items(request)),
        other => panic!("{other} is not expected"),
    };
    let (status, text) = result.unwrap_or_else(|error| (error.status_code(), error.to_json()));
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(text))
}

fn respond<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<(u16, String), DynoxideError> {
    let request = serde_json::from_slice(body).unwrap();
    operation(request).map(|response| (200, serde_json::to_string(&response).unwrap()))
}
