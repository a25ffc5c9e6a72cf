//! What Postgres' refusals mean to the ports.

use std::sync::Arc;

use sqlx::error::DatabaseError;
use stampede_application::ports::{CommitError, PortError};
use stampede_domain::SaleId;

use super::STORE;

/// The constraints that are the second line of invariants I1, I2 and I6: an entry of the current
/// epoch that breaks one proves that gate and ledger have drifted apart.
const DRIFT_CONSTRAINTS: [&str; 5] = [
    "sold_within_stock",
    "purchases_position_once",
    "purchases_ordinal_once",
    "purchases_within_limit",
    "purchases_key_once",
];

/// Postgres has no answer; what was asked may or may not have been done.
pub(super) fn unavailable(error: sqlx::Error) -> PortError {
    PortError::unavailable(STORE, error)
}

/// A row cannot be read as what it must be.
pub(super) fn inconsistent(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::inconsistent(STORE, what)
}

/// A commit failed outside of any one sale.
pub(super) fn not_committed(error: sqlx::Error) -> CommitError {
    CommitError::Port(unavailable(error))
}

/// Whether somebody else has held a row for longer than a statement waits.
pub(super) fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "55P03")
}

/// A statement about `sale` failed within a commit.
///
/// SQLSTATE class 22 (data exception) and class 23 (integrity) are faults of the data, the named
/// constraints are drift, and everything else may pass if it is repeated.
pub(super) fn refused(error: sqlx::Error, sale: &SaleId) -> CommitError {
    let Some(refusal) = error.as_database_error() else { return not_committed(error) };
    let broken = refusal.constraint().filter(|name| DRIFT_CONSTRAINTS.contains(name));
    if let Some(constraint) = broken {
        return CommitError::Drift { sale: sale.clone(), constraint: constraint.into() };
    }
    let of_the_data =
        refusal.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"));
    if of_the_data { CommitError::Data(Arc::new(error)) } else { not_committed(error) }
}
