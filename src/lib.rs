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
//!      │ api/movies, api/service                                      │
//!      │ with api/{message, conditional, idempotency, …} and movie    │
//!      └───────┬──────────────────────────────────────────────▲───────┘
//!              │ MovieId, MoviePatch, Precondition            │ VersionedMovie, MoviePage, StoreError
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
//! Other modules: [`fields`] reads the fields of a JSON object that a client sent. [`config`] and [`aws`] run once, at
//! the start. `openapi.json` describes the API, and [`swagger_ui`] shows the description. `local` is the embedded store,
//! which only local builds contain.
//!
//! `docs/architecture.md` explains the path and the modules. `docs/changing.md` says which of these files a change
//! touches.

pub mod api;
pub mod aws;
pub mod config;
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

use std::time::Instant;

use lambda_runtime::Context;
use tracing::Instrument as _;

use crate::{
    api::App,
    event::{Event, EventSource, Reply},
    problem::Problem,
    telemetry::{RequestLog, Usage},
};

/// Handles one event. `context` is what Lambda says about the invocation, and `cold_start` whether it is the sandbox's
/// first.
pub async fn serve(app: &App, event: Event, context: &Context, cold_start: bool) -> Reply {
    let start = Instant::now();
    // Adds the request id to each log line of the request. An error span exists at every log level.
    let span = tracing::error_span!("request", request_id = context.request_id);
    let (message, source, ((route, response), usage)) = match event {
        Event::Http(source, request) => {
            let message = format!("{} {}", request.method, request.url_path);
            let operation = api::handle(app, *request, &context.request_id, context.deadline);
            (message, source, telemetry::measure_usage(operation).instrument(span.clone()).await)
        }
        Event::Unknown => {
            let response = Problem::NotARequest.into_response("/", &context.request_id);
            let message = "the event is not an HTTP request".to_owned();
            (message, EventSource::HttpApi, (("none", response), Usage::default()))
        }
    };
    let (status, duration) = (response.status().as_u16(), start.elapsed());
    span.in_scope(|| RequestLog { message, context, cold_start, route, status, duration, usage }.log());
    source.reply(response)
}
