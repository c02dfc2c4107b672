//! A history: which requests clients sent, when, and what came back.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use futures_util::future::join_all;
use movies::{api::App, aws, config::Config, local, store::Store};

use crate::{
    client::Client,
    clock::Clock,
    plan::{self, Step},
    specification::Action,
    support::{Faults, FaultyClient, Function, Response},
    wire::{Trips, Wire, Writes},
};
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedAsyncSleep;
use dynoxide::Database;

/// A request, and its response if it has one by now.
#[derive(Debug)]
pub struct Exchange {
    pub client: usize,
    pub number: usize,
    pub step: Step,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub start: Duration,
    pub end: Duration,
    pub response: Option<Response>,
    pub writes: Writes,
}

/// What happens to an exchange.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Invoked(usize),
    Returned(usize),
}

/// What has happened so far, as all clients saw it.
#[derive(Debug, Default)]
pub struct History {
    pub seed: u64,
    pub exchanges: Vec<Exchange>,
    pub events: Vec<Event>,
    /// The ETags that responses showed.
    pub seen: Vec<String>,
}

/// Lets the clients of a seed act, each with a copy of the function, on one store.
pub fn run(seed: u64) -> History {
    let mut random = Rng::with_seed(seed);
    // The SDK's delays between attempts.
    fastrand::seed(seed);
    let clients = plan::clients(&mut random);
    let ids = plan::IDS.len();
    let readers = vec![(0..ids).map(|id| Step::plain(Action::Read(id))).collect()];

    let clock = Clock::default();
    let database = Database::memory().unwrap();
    let history = Arc::new(Mutex::new(History { seed, ..History::default() }));
    let mut started = 0;
    let mut start = |steps: Vec<Step>| {
        let number = started;
        started += 1;
        let trips = Arc::new(Mutex::new(Trips::new(random.fork())));
        let wire = Wire { clock: clock.clone(), database: database.clone(), trips };
        let faults = Faults::default();
        let sdk = connect(seed, number, &wire, &faults);
        let config = Config::read(variable).unwrap();
        let function = Function::new(App { store: Store::new(&sdk, "movies"), config }, Vec::new());
        (Client { number, steps, function, faults, wire, history: history.clone() }, sdk)
    };
    let mut copies = Vec::new();
    for (round, steps) in [vec![clients[0].clone()], clients[1..].to_vec(), readers].into_iter().enumerate() {
        let round_of_clients: Vec<_> = steps.into_iter().map(&mut start).collect();
        if round == 0 {
            let sdk = aws_sdk_dynamodb::Client::new(&round_of_clients[0].1);
            assert!(clock.run(local::ensure_table(&sdk, "movies")).unwrap());
        }
        clock.run(join_all(round_of_clients.iter().map(|(client, _)| client.act())));
        // What is still on its way arrives before the last reads.
        if round == 1 {
            clock.run_out();
        }
        copies.extend(round_of_clients);
    }
    let writes: Vec<_> =
        copies.into_iter().map(|(client, _)| client.wire.trips.lock().unwrap().writes.clone()).collect();
    let mut history = std::mem::take(&mut *history.lock().unwrap());
    for exchange in &mut history.exchanges {
        exchange.writes = writes[exchange.client].get(&exchange.number).copied().unwrap_or_default();
    }
    history
}

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "TABLE_NAME" => "movies",
        "AWS_ENDPOINT_URL_DYNAMODB" => "http://localhost",
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
        _ => return None,
    };
    Some(value.to_owned())
}

/// The function's own configuration, on the wire of a history.
fn connect(seed: u64, client: usize, wire: &Wire, faults: &Faults) -> SdkConfig {
    thread_local! {
        static SDK: SdkConfig = aws::connect(variable).unwrap();
    }
    let http =
        FaultyClient { real: aws_sdk_dynamodb::config::SharedHttpClient::new(wire.clone()), faults: faults.clone() };
    SDK.with(SdkConfig::clone)
        .into_builder()
        // The SDK counts retries for each region of a process.
        .region(Region::new(format!("copy-{seed}-{client}")))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(wire.clock.clone()))
        .build()
}
