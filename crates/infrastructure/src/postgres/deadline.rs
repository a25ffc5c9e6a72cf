//! How long this process waits for Postgres, whatever Postgres does.
//!
//! Postgres ends its own statements, but a connection whose other end has vanished says nothing
//! for as long as TCP hopes, which is many minutes.

use std::{io, time::Duration};

use sqlx::{PgConnection, Row as _};
use stampede_application::ports::PortError;
use tokio::time::timeout;

use super::STORE;

/// How long a connection that is given back may take to show that it lives.
const RETURN_MAX: Duration = Duration::from_secs(1);

/// Waits no longer than `limit` for all that `work` asks of Postgres; whether it was done is not
/// known then. The connection in the midst of it is given up by [`lives`].
pub(super) async fn within<T, E: From<PortError>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let answered = timeout(limit, work).await;
    answered.unwrap_or_else(|elapsed| Err(PortError::unavailable(STORE, elapsed).into()))
}

/// Whether a connection answers before it goes back to the pool, and is in no transaction. The pool
/// asks too, but has no limit of its own, keeps the place of whoever does not answer, and does not
/// know of a transaction whose beginning was on its way when it was given up: what the next one
/// writes would be undone with it. Outside of any, a statement's time is its transaction's.
///
/// # Errors
///
/// The connection is of no further use, and is closed without another word.
pub(super) async fn lives(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let alone = sqlx::raw_sql("SELECT statement_timestamp() = transaction_timestamp()");
    match timeout(RETURN_MAX, alone.fetch_one(connection)).await {
        Ok(row) => row?.try_get(0),
        Err(elapsed) => Err(io::Error::from(elapsed).into()),
    }
}
