//! Runs of reconciliation on record.

use serde_json::json;
use stampede_application::ports::{PortError, ReconciliationRun, RunId};
use stampede_domain::Instant;

use super::{
    EmbeddedDatabase,
    failure::{inconsistent, unavailable},
};
use crate::run_row::{RunRow, drifts, known_words};

/// Puts a run on record and forgets old ones.
pub(super) async fn record(
    database: &EmbeddedDatabase,
    run: &ReconciliationRun,
) -> Result<RunId, PortError> {
    let mut writing = database.write().await?;
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO reconciliation_runs
             (started_at, finished_at, sales, mismatches, repaired, error, node, trigger,
              thoroughness, sku, raised, drifts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id",
    )
    .bind(run.started_at.millis())
    .bind(run.finished_at.millis())
    .bind(run.sales)
    .bind(run.mismatches)
    .bind(run.repaired)
    .bind(&run.error)
    .bind(&run.node)
    .bind(run.trigger.as_str())
    .bind(run.thoroughness.as_str())
    .bind(run.sku.as_ref().map(ToString::to_string))
    .bind(run.raised)
    .bind(drifts(&run.findings))
    .fetch_one(&mut *writing.transaction)
    .await
    .map_err(unavailable)?;
    sqlx::query(
        "DELETE FROM reconciliation_runs
         WHERE id <= ?1 - ?3 OR id <= ?1 - ?2 AND mismatches = 0 AND error IS NULL",
    )
    .bind(id)
    .bind(ReconciliationRun::KEPT_MAX)
    .bind(ReconciliationRun::TELLING_KEPT_MAX)
    .execute(&mut *writing.transaction)
    .await
    .map_err(unavailable)?;
    writing.commit().await?;
    Ok(RunId(id))
}

/// Runs before `before`, newest first.
pub(super) async fn page(
    database: &EmbeddedDatabase,
    before: Option<RunId>,
    limit: usize,
) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
    let (triggers, thoroughnesses) = known_words();
    let rows: Vec<RunRow<i64>> = sqlx::query_as(
        "SELECT id, started_at, finished_at, sales, mismatches, repaired, error, node, trigger,
                thoroughness, sku, raised, drifts
         FROM reconciliation_runs
         WHERE id < ?1 AND trigger IN (SELECT value FROM json_each(?3))
             AND thoroughness IN (SELECT value FROM json_each(?4))
         ORDER BY id DESC LIMIT ?2",
    )
    .bind(before.map_or(i64::MAX, |before| before.0))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(json!(triggers).to_string())
    .bind(json!(thoroughnesses).to_string())
    .fetch_all(database.readers())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(Instant::from_millis).map_err(inconsistent)).collect()
}
