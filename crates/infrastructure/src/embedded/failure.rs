//! What SQLite's refusals mean to the ports.

use std::sync::Arc;

use sqlx::error::DatabaseError;
use stampede_application::ports::{CommitError, PortError};
use stampede_domain::SaleId;

use super::STORE;

/// The constraints that are the second line of invariants I1, I2 and I6, each with what SQLite
/// says when one is broken: it names a CHECK by its name and a UNIQUE by its columns.
const DRIFT_CONSTRAINTS: [(&str, &str); 5] = [
    ("sold_within_stock", "sold_within_stock"),
    ("purchases_within_limit", "purchases_within_limit"),
    ("purchases_position_once", "purchases.generation, purchases.position"),
    ("purchases_ordinal_once", "purchases.generation, purchases.buyer, purchases.ordinal"),
    ("purchases_key_once", "purchases.generation, purchases.buyer, purchases.key_hash"),
];

/// Primary result codes that blame the value: `TOOBIG`, `CONSTRAINT`, `MISMATCH`.
const DATA_CODES: [u32; 3] = [18, 19, 20];

/// SQLite has no answer; what was asked may or may not have been done.
pub(super) fn unavailable(error: sqlx::Error) -> PortError {
    PortError::unavailable(STORE, error)
}

/// A row cannot be read as what it must be.
pub(super) fn inconsistent(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::inconsistent(STORE, what)
}

/// A statement about `sale` failed within a commit.
pub(super) fn refused(error: sqlx::Error, sale: &SaleId) -> CommitError {
    let Some(refusal) = error.as_database_error() else { return unavailable(error).into() };
    let broken = DRIFT_CONSTRAINTS.iter().find(|(_, said)| refusal.message().ends_with(said));
    if let Some((constraint, _)) = broken {
        return CommitError::Drift { sale: sale.clone(), constraint: (*constraint).into() };
    }
    if blames_the_data(refusal) {
        CommitError::Data(Arc::new(error))
    } else {
        unavailable(error).into()
    }
}

/// Whether a refusal lies in the value; its code is an extended one, the primary its low byte.
fn blames_the_data(refusal: &dyn DatabaseError) -> bool {
    let code = refusal.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| DATA_CODES.contains(&(code & 0xff)))
}
