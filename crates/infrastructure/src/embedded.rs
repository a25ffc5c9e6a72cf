//! The embedded engine: one process, one folder, one SQLite file.

mod database;

pub use database::{EmbeddedDatabase, OpenError};

/// The store's name in `/health`.
pub(crate) const STORE: &str = "sqlite";
