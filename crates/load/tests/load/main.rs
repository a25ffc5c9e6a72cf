//! The load generator against real TCP servers that answer as a test says.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod closed_loop;
mod open_loop;
mod server;
mod watchers;
