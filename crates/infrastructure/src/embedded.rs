//! The embedded engine: one process, one folder, one SQLite file.

mod database;
mod engine;
mod feed;
mod gate;
mod journal;

pub use database::{EmbeddedDatabase, OpenError};
pub use engine::{EmbeddedEngine, EngineLimits, EngineParts};

/// The store's name in `/health`.
pub(crate) const STORE: &str = "sqlite";
