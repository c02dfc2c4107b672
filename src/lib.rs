//! Movies on Lambda: one function, one table, create, read, update, rename, delete and list.
//!
//! # Layout
//! Data flows one way, and a module for each step:
//!
//! | step | module |
//! | --- | --- |
//! | Lambda event -> [`event::Request`] | [`event`]: what each front door sends and expects |
//! | request -> operation | [`route`]: method and path |
//! | operation -> response | [`api`]: bodies, preconditions, CORS, errors to problems |
//! | operation -> table | [`store`]: one conditional DynamoDB call each |
//! | response -> Lambda reply | [`event`] again |
//!
//! Beside it: [`movie`], the types whose values are always valid; [`cursor`], the page token; [`problem`], what a client
//! is told when something is wrong; [`openapi`], the API's description, and [`swagger_ui`], the page that shows it;
//! [`config`] and [`telemetry`]; and, in local builds only, `local`, the embedded store.
//!
//! [`serve`] is the whole of it, from an event to its reply, and never fails.

pub mod api;
pub mod config;
pub mod cursor;
pub mod event;
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

use serde_json::json;

use crate::{
    api::App,
    event::{Door, Event, Reply},
    problem::Problem,
    telemetry::{Level, log},
};

/// How much of a request's method and path a log line repeats.
const MAX_LOGGED_CHARS: usize = 1000;

/// Answers one event. `deadline` is the invocation's, in milliseconds since 1970.
pub async fn serve(app: &App, event: Event, request_id: &str, deadline: u64) -> Reply {
    let start = Instant::now();
    let Event::Http(door, request) = event else {
        log(Level::Warn, "the event is no HTTP request", json!({"request_id": request_id}));
        let detail = "The event is no HTTP request of an API Gateway, a Function URL or a load balancer.";
        return Door::HttpApi.reply(Problem::bad_request(detail).into_response("/", request_id));
    };
    let line: String = format!("{} {}", request.method, request.full_path).chars().take(MAX_LOGGED_CHARS).collect();
    let response = api::handle(app, *request, request_id, event::time_budget(deadline)).await;
    let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    let status = response.status().as_u16();
    log(Level::Info, &line, json!({"status": status, "duration_ms": milliseconds, "request_id": request_id}));
    door.reply(response)
}
