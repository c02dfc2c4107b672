//! A Lambda function that serves movies from one DynamoDB table.
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
//!              │ MovieId, MoviePatch, Precondition            │ VersionedMovie, Page, StoreError
//!      ┌───────▼──────────────────────────────────────────────┴───────┐
//!      │ store/movies     movies <-> items                            │
//!      ├──────────────────────────────────────────────────────────────┤
//!      │ store/{items, plan, paging}   one call, or one transaction   │
//!      └───────┬──────────────────────────────────────────────▲───────┘
//!              └──────────────── DynamoDB ────────────────────┘
//! ```
//!
//! [`serve`] implements this path.
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

pub use api::serve;

/// The examples in the page are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/own.md")]
pub mod own {}
