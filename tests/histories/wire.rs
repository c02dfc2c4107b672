//! The way to DynamoDB and back, by the clock of a history: the emulator carries out each call at one moment, and each way
//! takes a while.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::config::{RuntimeComponents, http::HttpResponse};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
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

/// Longer than any call is on its way.
pub const LONGEST: Duration = Duration::from_secs(4);

/// The writes that reached the emulator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writes {
    pub arrived: usize,
    /// Those of them that it did not refuse.
    pub done: usize,
}

/// The wire of one client.
#[derive(Clone)]
pub struct Wire {
    pub clock: Clock,
    pub database: Database,
    pub trips: Arc<Mutex<Trips>>,
}

/// What a client's calls meet on the wire, and what became of them.
pub struct Trips {
    /// Where the delays come from.
    random: Rng,
    /// How many calls to come are carried out only after their attempt has timed out.
    pub overdue: usize,
    /// Which of the client's operations the calls to come belong to.
    pub operation: usize,
    /// What the emulator did with the writes of each operation.
    writes: BTreeMap<usize, Writes>,
}

impl Trips {
    pub fn new(random: Rng) -> Self {
        Self { random, overdue: 0, operation: 0, writes: BTreeMap::new() }
    }

    /// What became of the writes of an operation.
    pub fn writes(&self, operation: usize) -> Writes {
        self.writes.get(&operation).copied().unwrap_or_default()
    }

    /// How long a call and its response take.
    fn delays(&mut self) -> [Duration; 2] {
        let mut delays = [0; 2].map(|_: u64| match self.random.u8(..8) {
            0 => self.random.u64(10..400),
            _ => self.random.u64(1..15),
        });
        if self.overdue > 0 {
            self.overdue -= 1;
            delays[0] = self.random.u64(1_001..3_000);
        }
        delays.map(Duration::from_millis)
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let (operation, [there, back]) = {
            let mut trips = self.trips.lock().unwrap();
            (trips.operation, trips.delays())
        };
        let (sender, receiver) = oneshot::channel();
        let (database, trips) = (self.database.clone(), self.trips.clone());
        // A call that is on its way arrives, although the SDK may have given it up.
        self.clock.after(there, move || {
            let response = carry_out(&database, &name, &body);
            if ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&name.as_str()) {
                let mut trips = trips.lock().unwrap();
                let writes = trips.writes.entry(operation).or_default();
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

/// An emulator with the table of movies and that of keys. Nothing here asks for an index.
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

/// The emulator's response, as its server sends it.
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
