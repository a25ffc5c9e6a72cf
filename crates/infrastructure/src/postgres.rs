//! The catalogue and the ledger in Postgres, for every engine that has its ledger there.
//!
//! Architecture invariant: whoever writes purchases of a sale, or changes it, holds the sale's row
//! for the whole transaction, and takes the rows of several sales in the order of their
//! generations. So writers never deadlock, and what a statement reads of a sale stays true.

mod catalogue;
mod commit;
mod connect;
mod dead_letters;
mod deadline;
mod failure;
mod insert;
mod inspection;
mod ledger;
mod locked_sale;
mod on_record;
mod probe;
mod restore;
mod restore_tally;
mod rows;
mod runs;
mod standing;

pub use catalogue::PostgresCatalogue;
pub use connect::{PostgresLimits, connect, migrate};
pub use dead_letters::LedgerLetter;
pub use inspection::{PostgresFacts, Tables, inspect};
pub use ledger::PostgresLedger;
pub use probe::PostgresProbe;
pub use restore::Restorable;

/// The store's name in `/health`.
pub(crate) const STORE: &str = "postgresql";
