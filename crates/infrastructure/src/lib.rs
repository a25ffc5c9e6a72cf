//! The adapters: how the ports are met by `SQLite`, Postgres and Redis.
//!
//! Architecture invariant: nothing outside this crate names a store's client. Failures become
//! [`PortError`](stampede_application::ports::PortError) beside the call that failed.

pub mod embedded;
pub mod postgres;
pub mod redis;

mod column;
mod settlement;
