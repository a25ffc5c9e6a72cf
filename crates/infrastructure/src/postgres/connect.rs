//! Connections to Postgres, and bringing its tables up to date.

use std::{str::FromStr, time::Duration};

use sqlx::{
    PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use stampede_application::ports::PortError;

use super::{STORE, deadline::lives, failure::unavailable};

/// What a node takes of Postgres, and how long it waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresLimits {
    /// Connections of this node. Postgres allows 100 in all unless told otherwise.
    pub connections_max: u32,
    /// How long a caller waits for a connection before it is told that the store is unavailable.
    pub acquire_timeout: Duration,
    /// How long this process waits for an answer, all statements of a transaction together,
    /// before it gives the connection up: for a Postgres that is not heard of any more.
    pub answer_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long a statement waits for a row that another transaction holds.
    pub lock_timeout: Duration,
    /// How long a transaction may stand idle, holding rows, before Postgres ends it: a node that
    /// freezes with a sale's row in its hand gives it back after this.
    pub idle_transaction_timeout: Duration,
    /// Sales that are not deleted which this installation may hold.
    pub sales_max: u32,
}

impl Default for PostgresLimits {
    /// 16 connections, 3 s for one, 12 s an answer, 10 s a statement, 5 s for a row, 15 s idle,
    /// 10,000 sales.
    fn default() -> Self {
        Self {
            connections_max: 16,
            acquire_timeout: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(12),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            idle_transaction_timeout: Duration::from_secs(15),
            sales_max: 10_000,
        }
    }
}

/// Makes the pool of `url` (`postgresql://…`), without connecting yet: a node starts, and decides
/// attempts, while Postgres is away.
///
/// # Errors
///
/// [`PortError::Inconsistent`] if `url` is no address of a Postgres.
pub fn connect(url: &str, limits: &PostgresLimits) -> Result<PgPool, PortError> {
    // The client would take any scheme for its own.
    if !["postgresql://", "postgres://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(PortError::inconsistent(STORE, "the address must begin with postgresql://"));
    }
    let millis = |limit: Duration| limit.as_millis().to_string();
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| PortError::inconsistent(STORE, error))?
        .application_name("stampede")
        .options([
            ("statement_timeout", millis(limits.statement_timeout)),
            ("lock_timeout", millis(limits.lock_timeout)),
            ("idle_in_transaction_session_timeout", millis(limits.idle_transaction_timeout)),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(limits.connections_max)
        .acquire_timeout(limits.acquire_timeout)
        .after_release(|connection, _| Box::pin(lives(connection)))
        .connect_lazy_with(options))
}

/// Brings the tables up to date. Repeating it is harmless; of many nodes at once one does it and
/// the others wait.
///
/// # Errors
///
/// [`PortError::Unavailable`] if Postgres does not answer, or a table is in use for longer than a
/// migration waits; [`PortError::Inconsistent`] if its
/// tables are those of another version of this program.
pub async fn migrate(pool: &PgPool) -> Result<(), PortError> {
    // A migration, and the wait for another node's, may take longer than a statement of a sale.
    let patient = (*pool.connect_options())
        .clone()
        .options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let own = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(pool.options().get_acquire_timeout())
        .connect_with(patient)
        .await
        .map_err(unavailable)?;
    let migrated = sqlx_macros::migrate!("../../migrations/postgres").run(&own).await;
    own.close().await;
    migrated.map_err(|error| {
        if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
            unavailable(error)
        } else {
            PortError::inconsistent(STORE, error)
        }
    })
}
