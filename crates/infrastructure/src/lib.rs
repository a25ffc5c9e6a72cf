//! The adapters: how the ports are met by `SQLite`, Postgres and Redis, and the workers.
//!
//! Architecture invariant: nothing outside this crate names a store's client. Failures become
//! [`PortError`](stampede_application::ports::PortError) beside the call that failed.

pub mod embedded;
pub mod postgres;
pub mod queue;
pub mod redis;
pub mod worth;

mod column;
mod os_randomness;
mod packed;
mod run_row;
mod settlement;
mod system_clock;
mod watched;

pub use os_randomness::OsRandomness;
pub use system_clock::SystemClock;
pub use watched::{ERROR_TYPE, Spans, Watch};
