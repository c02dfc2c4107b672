//! A Lambda function that creates, reads, updates, renames, deletes and lists movies in one DynamoDB table.
//!
//! # The path of a request
//! ```text
//!            event                                          reply
//! Lambda ──────┐                                              ▲
//!   main       │ lambda_runtime                               │
//!      ┌───────▼────────┐                             ┌───────┴───────┐
//!      │ event          │      serve, then one        │ event::reply  │
//!      │ event/payload  │      line of telemetry      │               │
//!      └───────┬────────┘                             └───────▲───────┘
//!              │ Request                             Response │
//!      ┌───────▼──────────────────────────────────────────────┴───────┐
//!      │ api::handle      route, time budget, CORS, Problem           │
//!      └───────┬──────────────────────────────────────────────▲───────┘
//!              │ Route                      Response, Problem │
//!      ┌───────▼──────────────────────────────────────────────┴───────┐
//!      │ api/{list, create, read, update, delete, health, …}          │
//!      │ with api/{body, query, conditional, location, …} and movie   │
//!      └───────┬──────────────────────────────────────────────▲───────┘
//!              │ MovieId, MoviePatch, ListQuery               │ VersionedMovie, MoviePage, StoreError
//!      ┌───────▼──────────────────────────────────────────────┴───────┐
//!      │ store/movies     movies <-> items                            │
//!      ├──────────────────────────────────────────────────────────────┤
//!      │ store/{items, plan, paging}   one call, or one transaction   │
//!      └───────┬──────────────────────────────────────────────▲───────┘
//!              └──────────────── DynamoDB ────────────────────┘
//! ```
//!
//! [`serve`] implements this path. It turns one event into one reply and never fails.
//!
//! Other modules: [`fields`] reads the fields of a JSON object that a client sent. [`config`] and
//! [`aws`] run once, at the start. [`cursor`] encodes where a listing continues. `openapi.json` describes the API, and
//! [`swagger_ui`] shows the description. `local` is the embedded store, which only local builds contain.
//!
//! `docs/architecture.md` explains the path and the modules. `docs/changing.md` says which of these files a change
//! touches.

pub mod api;
pub mod aws;
pub mod config;
pub mod cursor;
pub mod event;
pub mod fields;
#[cfg(feature = "local")]
pub mod local;
pub mod movie;
pub mod problem;
pub mod route;
pub mod store;
pub mod swagger_ui;
pub mod telemetry;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::Instrument as _;

use crate::{
    api::App,
    event::{Event, EventSource, Reply},
    problem::Problem,
    telemetry::{RequestLog, scope},
};

/// What Lambda says about an invocation, in addition to the event.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Lambda's id of the invocation. A client can quote it when it reports a problem.
    pub request_id: String,
    /// X-Ray's tracing header, such as `Root=1-…;Parent=…;Sampled=1`.
    pub trace_header: Option<String>,
    /// When Lambda ends the invocation, in milliseconds since 1970.
    pub deadline: u64,
    /// Whether this is the sandbox's first invocation.
    pub cold_start: bool,
}

impl Invocation {
    /// The id of the X-Ray trace.
    fn trace_id(&self) -> Option<&str> {
        self.trace_header.as_deref()?.split(';').find_map(|field| field.strip_prefix("Root="))
    }

    /// The time limit of an operation. It ends before the deadline. Together with the start of a sandbox, it stays below
    /// the 5 s within which a client gets a response. `cargo lambda watch` sends a meaningless deadline in 1970.
    fn time_budget(&self) -> Duration {
        const LONGEST: Duration = Duration::from_millis(3500);
        const SHORTEST: Duration = Duration::from_millis(100);
        const TO_REPLY: Duration = Duration::from_millis(500);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        match Duration::from_millis(self.deadline).checked_sub(now) {
            Some(left) => left.saturating_sub(TO_REPLY).clamp(SHORTEST, LONGEST),
            None => LONGEST,
        }
    }
}

/// Handles one event.
pub async fn serve(app: &App, event: Event, invocation: &Invocation) -> Reply {
    let start = Instant::now();
    // Adds the request id to each log line of the request. An error span exists at every log level.
    let span = tracing::error_span!("request", request_id = invocation.request_id);
    let line = |message, route, status: u16, usage| {
        let log = RequestLog { message, invocation, route, status, duration: start.elapsed(), usage };
        span.in_scope(|| log.log());
    };
    let Event::Http(source, request) = event else {
        line("the event is not an HTTP request".to_owned(), "none", 400, scope::Usage::default());
        let detail = "The event is not an HTTP request from an API Gateway, a Function URL or a load balancer.";
        return EventSource::HttpApi.reply(Problem::bad_request(detail).into_response("/", &invocation.request_id));
    };
    let message = format!("{} {}", request.method, request.url_path);
    let operation = api::handle(app, *request, &invocation.request_id, invocation.time_budget());
    let ((route, response), usage) = scope::run(operation).instrument(span.clone()).await;
    line(message, route, response.status().as_u16(), usage);
    source.reply(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_may_take_what_is_left_of_the_invocation_within_bounds() {
        let budget = |deadline| Invocation { deadline, ..Invocation::default() }.time_budget();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        for (left, shortest, longest) in [(60_000, 3500, 3500), (3000, 2000, 2500), (550, 100, 100)] {
            let deadline = u64::try_from(now.as_millis()).unwrap() + left;
            let expected = Duration::from_millis(shortest)..=Duration::from_millis(longest);
            assert!(expected.contains(&budget(deadline)), "{left} ms are left");
        }
        assert_eq!(budget(1000), Duration::from_millis(3500), "a deadline in 1970");
    }
}
