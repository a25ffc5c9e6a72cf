//! The embedded engine: one process, one folder, one SQLite file.
//!
//! Architecture invariant: whoever writes the file takes the database's turn first and holds it
//! for one transaction, so that writers queue in the order they came and none is told "busy".

mod catalogue;
mod commit;
mod database;
mod engine;
mod failure;
mod feed;
mod gate;
mod insert;
mod journal;
mod ledger;
mod locked_sale;
mod log;
mod on_record;
mod probe;
mod rows;
mod runs;
mod standing;

pub use catalogue::EmbeddedCatalogue;
pub use database::{EmbeddedDatabase, OpenError};
pub use engine::{EmbeddedEngine, EngineLimits, EngineParts};
pub use ledger::EmbeddedLedger;
pub use probe::EmbeddedProbe;

/// The store's name in `/health`.
pub(crate) const STORE: &str = "sqlite";
