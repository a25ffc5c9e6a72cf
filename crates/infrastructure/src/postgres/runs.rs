//! Runs of reconciliation on record, and whose turn it is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use stampede_application::ports::{PortError, ReconciliationRun, RunId};
use stampede_domain::Instant;

use super::failure::{inconsistent, unavailable};
use crate::run_row::{RunRow, drifts, known_words};

/// Puts a run on record and forgets old ones. One round trip.
pub(super) async fn record(pool: &PgPool, run: &ReconciliationRun) -> Result<RunId, PortError> {
    let id: i64 = sqlx::query_scalar(
        "WITH newest AS (
             INSERT INTO reconciliation_runs
                 (started_at, finished_at, sales, mismatches, repaired, error, node, trigger,
                  thoroughness, sku, raised, drifts)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb)
             RETURNING id),
         forgotten AS (
             DELETE FROM reconciliation_runs
             WHERE id <= (SELECT id FROM newest) - $14
                OR id <= (SELECT id FROM newest) - $13 AND mismatches = 0 AND error IS NULL)
         SELECT id FROM newest",
    )
    .bind(run.started_at.to_utc())
    .bind(run.finished_at.to_utc())
    .bind(i64::from(run.sales))
    .bind(i64::from(run.mismatches))
    .bind(i64::from(run.repaired))
    .bind(&run.error)
    .bind(&run.node)
    .bind(run.trigger.as_str())
    .bind(run.thoroughness.as_str())
    .bind(run.sku.as_ref().map(ToString::to_string))
    .bind(i64::from(run.raised))
    .bind(drifts(&run.findings))
    .bind(ReconciliationRun::KEPT_MAX)
    .bind(ReconciliationRun::TELLING_KEPT_MAX)
    .fetch_one(pool)
    .await
    .map_err(unavailable)?;
    Ok(RunId(id))
}

/// Runs before `before`, newest first. One round trip.
pub(super) async fn page(
    pool: &PgPool,
    before: Option<RunId>,
    limit: usize,
) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
    let (triggers, thoroughnesses) = known_words();
    let rows: Vec<RunRow<DateTime<Utc>>> = sqlx::query_as(
        "SELECT id, started_at, finished_at, sales, mismatches, repaired, error, node, trigger,
                thoroughness, sku, raised, drifts::text AS drifts
         FROM reconciliation_runs
         WHERE id < $1 AND trigger = ANY($3) AND thoroughness = ANY($4)
         ORDER BY id DESC LIMIT $2",
    )
    .bind(before.map_or(i64::MAX, |before| before.0))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(triggers)
    .bind(thoroughnesses)
    .fetch_all(pool)
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(Instant::from).map_err(inconsistent)).collect()
}

/// Takes or renews the turn. The clock is this server's alone; a turn that ends further away than
/// any is given was given by another server's, before a failover.
pub(super) async fn take_turn(
    pool: &PgPool,
    node: &str,
    lasts: Duration,
    rest: Duration,
) -> Result<bool, PortError> {
    let taken = sqlx::query(
        "UPDATE reconciliation_turn
         SET node = $1, until = clock_timestamp() + $2, ended = false
         WHERE node = $1
            OR until <= clock_timestamp() - CASE WHEN ended THEN $3 ELSE INTERVAL '0' END
            OR until > clock_timestamp() + 2 * $2",
    )
    .bind(node)
    .bind(lasts)
    .bind(rest)
    .execute(pool)
    .await
    .map_err(unavailable)?;
    Ok(taken.rows_affected() > 0)
}

/// Ends a node's turn now; others rest from then on if it compared all.
pub(super) async fn end_turn(
    pool: &PgPool,
    node: &str,
    compared_all: bool,
) -> Result<(), PortError> {
    sqlx::query(
        "UPDATE reconciliation_turn SET until = clock_timestamp(), ended = $2 WHERE node = $1",
    )
    .bind(node)
    .bind(compared_all)
    .execute(pool)
    .await
    .map_err(unavailable)?;
    Ok(())
}
