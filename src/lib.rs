//! Movies on Lambda: one function, one table, create, read, update, rename, delete and list.
//!
//! # The path of a request
//! ```text
//!            event                                          reply
//! Lambda ──────┐                                              ▲
//!   main       │ lambda_runtime                               │
//!      ┌───────▼────────┐                             ┌───────┴───────┐
//!      │ event          │      serve, then one        │ event::reply  │
//!      │ event/rest_api │      line of telemetry      │               │
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
//!              │ MovieId, MoviePatch, ListQuery               │ VersionedMovie, Page, StoreError
//!      ┌───────▼──────────────────────────────────────────────┴───────┐
//!      │ store/movies     movies <-> items, with store/record         │
//!      ├──────────────────────────────────────────────────────────────┤
//!      │ store/{items, transaction, paging}   one conditional call    │
//!      └───────┬──────────────────────────────────────────────▲───────┘
//!              └──────────────── DynamoDB ────────────────────┘
//! ```
//!
//! [`serve`] is the whole of it, from an event to its reply, and never fails.
//!
//! Beside the path: [`fields`] turns an entity's table of fields into parsers, patches and schemas; [`config`] and [`aws`] are
//! read once, at start; [`cursor`] makes the page token; [`openapi`] describes the API, and [`swagger_ui`] shows the
//! description; in local builds only, `local` is the embedded store.
//! `docs/architecture.md` explains the path and the modules. `docs/changing.md` says which of these files a change touches.

pub mod api;
pub mod aws;
pub mod config;
pub mod cursor;
pub mod event;
pub mod fields;
#[cfg(feature = "local")]
pub mod local;
pub mod movie;
pub mod openapi;
pub mod problem;
pub mod route;
pub mod store;
pub mod swagger_ui;
pub mod telemetry;

use std::time::Instant;

use tracing::Instrument as _;

use crate::{
    api::App,
    event::{Event, EventSource, Reply},
    problem::Problem,
    telemetry::{RequestLog, scope},
};

/// What Lambda tells of an invocation beside its event.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Lambda's own id of it, which a client can name when it reports a problem.
    pub request_id: String,
    /// X-Ray's tracing header, such as `Root=1-…;Parent=…;Sampled=1`.
    pub trace_header: Option<String>,
    /// When Lambda will end it, in milliseconds since 1970.
    pub deadline: u64,
    /// Whether it is the sandbox's first.
    pub cold_start: bool,
}

impl Invocation {
    /// The id by which X-Ray finds the trace.
    fn trace_id(&self) -> Option<&str> {
        self.trace_header.as_deref()?.split(';').find_map(|field| field.strip_prefix("Root="))
    }
}

/// Handles one event.
pub async fn serve(app: &App, event: Event, invocation: &Invocation) -> Reply {
    let start = Instant::now();
    // The request id is on each line of the request. A span of this level exists whatever the level of the log.
    let span = tracing::error_span!("request", request_id = invocation.request_id);
    let line = |message, route, status: u16, usage| {
        let log = RequestLog { message, invocation, route, status, duration: start.elapsed(), usage };
        span.in_scope(|| log.log());
    };
    let Event::Http(source, request) = event else {
        line("the event is not an HTTP request".to_owned(), "none", 400, scope::Usage::default());
        let detail = "The event is not an HTTP request of an API Gateway, a Function URL or a load balancer.";
        return EventSource::HttpApi.reply(Problem::bad_request(detail).into_response("/", &invocation.request_id));
    };
    let message = format!("{} {}", request.method, request.full_path);
    let budget = event::time_budget(invocation.deadline);
    let operation = api::handle(app, *request, &invocation.request_id, budget);
    let ((route, response), usage) = scope::run(operation).instrument(span.clone()).await;
    line(message, route, response.status().as_u16(), usage);
    source.reply(response)
}
