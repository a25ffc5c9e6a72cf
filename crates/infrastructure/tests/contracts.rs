//! The contract suites of the ports, over every adapter.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "contracts/redis.rs"]
mod redis_engine;
