//! The time budget of a request. A call to DynamoDB that never ends does not outlast it, even if the SDK waits on.

use std::{future::pending, time::Duration};

use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::support::{
    Fault, Other, Service, collection, item_of, new,
    requests::{reads, writes},
    string,
};

/// Much longer than the budget, whose length is tested beside its code, and shorter than the test's SDK waits.
const MUCH_LONGER: Duration = Duration::from_secs(30);

/// A call whose response never arrives. The SDK's own limits do not end it.
fn endless() -> Fault {
    Fault::Meanwhile(Other::new(pending()))
}

#[tokio::test]
async fn a_call_that_never_ends_is_503_within_the_budget() {
    let mut requests = JoinSet::new();
    for request in reads().into_iter().chain(writes()) {
        requests.spawn(async move {
            let service = Service::seeded().await;
            service.faults.inject([endless()]);
            let response = timeout(MUCH_LONGER, request.send(&service)).await.unwrap_or_else(|_| panic!("{request:?}"));
            assert_eq!(response.status, 503, "{request:?}: {response:?}");
            // Only a write can have happened.
            assert_eq!(response.body.contains("may or may not"), request.method != "GET", "{request:?}: {response:?}");
        });
    }
    requests.join_all().await;
}

/// A service whose listing takes two calls. DynamoDB ends its page after 1 MB, and the listing does not read the attribute
/// that takes the space.
async fn service_with_two_pages() -> Service {
    let service = Service::start().await;
    for n in 1..=5 {
        let mut item = item_of(&new(n));
        item.insert("other".to_owned(), string(&"x".repeat(390_000)));
        service.put_item(&item).await;
    }
    service
}

/// The deadline of a listing lies within the budget, so what was found until then still reaches the client.
#[tokio::test]
async fn a_listing_whose_second_call_never_ends_has_the_movies_of_the_first() {
    let service = service_with_two_pages().await;
    service.faults.inject([Fault::None, endless()]);
    let page = service.get(collection()).await;
    assert_eq!(page.status, 200, "{page:?}");
    let found = page.json().as_object().unwrap().len();
    assert!((1..5).contains(&found), "{page:?}");
    assert_eq!(service.list_all(&page.next().unwrap()).await.len(), 5 - found);
}

#[tokio::test]
async fn a_listing_waits_for_a_second_call_that_takes_a_while() {
    let service = service_with_two_pages().await;
    let while_it_takes = Other::new(sleep(Duration::from_millis(500)));
    service.faults.inject([Fault::None, Fault::Meanwhile(while_it_takes)]);
    let page = service.get(collection()).await;
    assert_eq!((page.json().as_object().unwrap().len(), page.next()), (5, None), "{page:?}");
}
