//! What tests stand on: real servers, the contract suites of the ports, builders, a shop.
//!
//! A dev-dependency only, but of the proof and the benchmark: nothing that ships may name this
//! crate.
//! A missing server fails the test that needs it and says what to install; it never skips it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

pub mod builders;
pub mod drifts;
pub mod servers;
pub mod shop;
#[cfg(feature = "suites")]
pub mod suites;
