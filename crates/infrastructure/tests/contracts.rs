//! The contract suites of the ports, over every adapter.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "contracts/embedded.rs"]
mod embedded_engine;
