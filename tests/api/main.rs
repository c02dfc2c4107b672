//! Black-box tests: event bytes in, reply bytes out, over the embedded `DynamoDB` emulator, one table each.

mod conditions;
mod crud;
mod doors;
mod errors;
mod events;
mod faults;
mod hostile;
mod listing;
mod model;
mod support;
