//! How a Postgres is set up, as far as it matters to what a purchase is worth there.

use std::{collections::HashSet, time::Duration};

use sqlx::PgPool;
use stampede_application::ports::PortError;

use super::{deadline::within, failure::unavailable};

/// How long all these questions may take together.
const INSPECTION_MAX: Duration = Duration::from_secs(5);

/// What a Postgres says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresFacts {
    /// Its version, such as `15.8`.
    pub version: String,
    /// When it answers a commit: `on` once it is synced here, `off` before.
    pub synchronous_commit: String,
    /// Whether it syncs at all: `on` or `off`.
    pub fsync: String,
    /// Whether a page that a power loss tears can be repaired: `on` or `off`.
    pub full_page_writes: String,
    /// The standbys that a commit waits for; empty for none.
    pub synchronous_standby_names: String,
    /// Whether it only repeats another one, and takes no writes.
    pub standby: bool,
    /// How its tables stand to this program.
    pub tables: Tables,
}

/// How a database's tables stand to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// As this program wants them.
    UpToDate,
    /// So many migrations are missing.
    Pending(usize),
    /// So many migrations are unknown to this program: a newer one made them.
    Newer(usize),
}

/// Asks a Postgres how it is set up.
///
/// # Errors
///
/// [`PortError::Unavailable`] if it does not answer within five seconds.
pub async fn inspect(pool: &PgPool) -> Result<PostgresFacts, PortError> {
    within(INSPECTION_MAX, facts(pool)).await
}

async fn facts(pool: &PgPool) -> Result<PostgresFacts, PortError> {
    let (version, synchronous_commit, fsync, full_page_writes, synchronous_standby_names, standby) =
        sqlx::query_as::<_, (String, String, String, String, String, bool)>(
            "SELECT current_setting('server_version'), current_setting('synchronous_commit'),
                    current_setting('fsync'), current_setting('full_page_writes'),
                    current_setting('synchronous_standby_names'), pg_is_in_recovery()",
        )
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    let tables = tables(pool).await?;
    Ok(PostgresFacts {
        version,
        synchronous_commit,
        fsync,
        full_page_writes,
        synchronous_standby_names,
        standby,
        tables,
    })
}

async fn tables(pool: &PgPool) -> Result<Tables, PortError> {
    let wanted: HashSet<i64> = sqlx_macros::migrate!("../../migrations/postgres")
        .iter()
        .map(|step| step.version)
        .collect();
    let begun: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    let done: HashSet<i64> = if begun {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await
            .map_err(unavailable)?
            .into_iter()
            .collect()
    } else {
        HashSet::new()
    };
    let (pending, newer) = (wanted.difference(&done).count(), done.difference(&wanted).count());
    Ok(match (pending, newer) {
        (0, 0) => Tables::UpToDate,
        (_, 0) => Tables::Pending(pending),
        (_, _) => Tables::Newer(newer),
    })
}
