//! Runs the history of a seed.

use std::cell::RefCell;

use aws_sdk_dynamodb::config::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use fastrand::Rng;
use futures_util::future::join_all;

use crate::{
    client::Client,
    clock::Clock,
    history::History,
    plan,
    support::Service,
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
            let connector = SharedHttpConnector::new(wire.clone());
            let http = http_client_fn(move |_, _| connector.clone());
            // The SDK counts the retries of all clients in a region together. So each copy has its own region.
            let region = format!("copy-{seed}-{number}");
            let simulated = Some((http, SharedAsyncSleep::new(clock.clone())));
            let service = Service::new("http://localhost".to_owned(), region, simulated);
            Client { number, service, wire, history }.act(steps)
        };
        clock.run(join_all(plans.into_iter().zip(numbers.by_ref()).map(act)));
        // Calls that are still on their way reach the emulator before the next round begins.
        clock.run(clock.wait(wire::LONGEST));
    }
}
