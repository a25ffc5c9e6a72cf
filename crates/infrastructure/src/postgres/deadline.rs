//! How long this process waits for Postgres, whatever Postgres does.
//!
//! Postgres ends its own statements, but a connection whose other end has vanished says nothing
//! for as long as TCP hopes, which is many minutes.

use std::{io, time::Duration};

use sqlx::{Connection as _, PgConnection};
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

/// Whether a connection answers before it goes back to the pool. The pool asks too, but has no
/// limit of its own, and keeps the place of whoever does not answer.
///
/// # Errors
///
/// The connection is of no further use, and is closed without another word.
pub(super) async fn lives(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match timeout(RETURN_MAX, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(elapsed) => Err(io::Error::from(elapsed).into()),
    }
}
