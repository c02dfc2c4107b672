//! Runs the history of a seed.

use std::cell::RefCell;

use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use fastrand::Rng;
use futures_util::future::join_all;
use movies::{api::App, aws, config::Config, store::Store};

use crate::{
    client::Client,
    clock::Clock,
    history::History,
    plan,
    support::{Faults, FaultyClient, Function},
    wire::{self, Wire},
};

/// Runs the clients of a seed. Each client has its own copy of the function, and all copies use one store.
pub fn run(seed: u64, history: &RefCell<History>) {
    let mut random = Rng::with_seed(seed);
    // The SDK takes its random delays between attempts from this generator.
    fastrand::seed(seed);
    let (clock, database) = (Clock::default(), wire::store());
    let mut numbers = 0..;
    for plans in plan::rounds(&mut random) {
        let act = |(steps, number)| {
            let wire = Wire::new(&clock, &database, random.fork());
            let faults = Faults::default();
            let function = function(&format!("copy-{seed}-{number}"), &wire, &faults);
            Client { number, function, faults, wire, history }.act(steps)
        };
        clock.run(join_all(plans.into_iter().zip(numbers.by_ref()).map(act)));
        // Calls that are still on their way reach the emulator before the next round begins.
        clock.run(clock.wait(wire::LONGEST));
    }
}

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "TABLE_NAME" => "movies",
        "IDEMPOTENCY_TABLE_NAME" => "keys",
        "AWS_ENDPOINT_URL_DYNAMODB" => "http://localhost",
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
        _ => return None,
    };
    Some(value.to_owned())
}

/// A copy of the function that calls DynamoDB through `wire`. The SDK counts the retries of all clients in a region together.
/// So each copy has its own region.
fn function(region: &str, wire: &Wire, faults: &Faults) -> Function {
    thread_local! {
        static SDK: SdkConfig = aws::connect(variable).unwrap();
    }
    let connector = SharedHttpConnector::new(wire.clone());
    let http = FaultyClient { real: http_client_fn(move |_, _| connector.clone()), faults: faults.clone() };
    let sdk = SDK
        .with(SdkConfig::clone)
        .into_builder()
        .region(Region::new(region.to_owned()))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(wire.clock.clone()))
        .build();
    let config = Config::read(variable).unwrap();
    Function::new(App { store: Store::new(&sdk, &config.table_name), config }, Vec::new())
}
