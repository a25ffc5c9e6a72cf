//! The checker of histories: right histories pass, each kind of wrong one is caught, and on small
//! ones it agrees with a search through every order of operations.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod generated;
mod known_bad;
mod model;
mod search;
