//! The embedded engine: one process, one folder, one SQLite file.
//!
//! Architecture invariant: whoever writes the file takes the database's turn first and holds it
//! for one transaction, so that writers queue in the order they came and none is told "busy".

mod catalogue;
mod commit;
mod database;
<<<<<<< HEAD
mod failure;
mod insert;
mod ledger;
mod locked_sale;
mod probe;
mod rows;
=======
mod engine;
mod feed;
mod gate;
mod journal;
>>>>>>> embedded

pub use catalogue::EmbeddedCatalogue;
pub use database::{EmbeddedDatabase, OpenError};
<<<<<<< HEAD
pub use ledger::EmbeddedLedger;
pub use probe::EmbeddedProbe;
=======
pub use engine::{EmbeddedEngine, EngineLimits, EngineParts};
>>>>>>> embedded

/// The store's name in `/health`.
pub(crate) const STORE: &str = "sqlite";
