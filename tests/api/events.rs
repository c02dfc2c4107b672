//! The sample events: each has the outcome that its name promises.
