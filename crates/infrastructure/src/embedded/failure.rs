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

/// SQLite's extended codes for a sync of a file or folder that failed.
const FAILED_SYNC_CODES: [&str; 2] = ["1034", "1290"];

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

/// Whether a sync failed: the system may have dropped what it could not write, and would say that
/// all is well the next time it is asked.
pub(super) fn is_failed_sync(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| FAILED_SYNC_CODES.contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, error::Error, fmt};

    use sqlx::error::ErrorKind;

    use super::*;

    /// What SQLite says with that extended code; a disk that fails is not to be had in a test.
    #[derive(Debug)]
    struct Said(&'static str);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn a_failed_sync_is_told_from_a_full_disk() {
        let is_fatal = |code| is_failed_sync(&sqlx::Error::Database(Box::new(Said(code))));
        // SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC.
        assert!(is_fatal("1034") && is_fatal("1290"));
        // SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_BUSY.
        assert!(!is_fatal("13") && !is_fatal("778") && !is_fatal("5"));
        assert!(!is_failed_sync(&sqlx::Error::PoolClosed));
    }
}
