//! The ledger port over Postgres.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgPool};
use stampede_application::ports::{
    CommitError, DeadLetter, Entry, Ledger, OnRecord, PortError, ReconciliationRun, Settled, Voided,
};
use stampede_domain::{Instant, Position, PurchaseNo, RecordedPurchase, SaleId};

use super::{
    PostgresLimits, commit,
    deadline::within,
    failure::{inconsistent, unavailable},
    on_record,
    rows::PurchaseRow,
};

/// The durable record of purchases in Postgres.
///
/// Cheap to clone. Beyond the port it has what only the redis engine's gate needs: the steps of
/// restore that belong to the ledger, and the dead letters that a restore raises.
#[derive(Clone, Debug)]
pub struct PostgresLedger {
    pub(super) pool: PgPool,
    answer_max: Duration,
}

impl PostgresLedger {
    /// The ledger behind `pool`, whose tables are up to date.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, answer_max: PostgresLimits::default().answer_timeout }
    }

    /// The same, but waiting no longer than `answer_max` for what a call asks of Postgres.
    #[must_use]
    pub fn answering_within(self, answer_max: Duration) -> Self {
        Self { answer_max, ..self }
    }
}

#[async_trait]
impl Ledger for PostgresLedger {
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        within(self.answer_max, commit::commit(&self.pool, entries)).await
    }

    async fn known(
        &self,
        _id: &SaleId,
        numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError> {
        within(self.answer_max, async {
            let mut connection = self.pool.acquire().await.map_err(unavailable)?;
            known(&mut connection, numbers).await
        })
        .await
    }

    async fn page(
        &self,
        id: &SaleId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        within(self.answer_max, async {
            let mut connection = self.pool.acquire().await.map_err(unavailable)?;
            page(&mut connection, id, after, limit).await
        })
        .await
    }

    async fn on_record(&self, id: &SaleId, numbers: &[PurchaseNo]) -> Result<OnRecord, PortError> {
        within(self.answer_max, on_record::on_record(&self.pool, id, numbers)).await
    }

    async fn count_between(
        &self,
        id: &SaleId,
        after: Position,
        to: Position,
    ) -> Result<u64, PortError> {
        within(self.answer_max, on_record::count_between(&self.pool, id, after, to)).await
    }

    async fn void(&self, letter: &DeadLetter, at: Instant) -> Result<Voided, PortError> {
        within(self.answer_max, on_record::void(&self.pool, letter, at)).await
    }

    async fn record_run(&self, run: &ReconciliationRun) -> Result<(), PortError> {
        sqlx::query(
            "WITH newest AS (
                 INSERT INTO reconciliation_runs
                     (started_at, finished_at, sales, mismatches, repaired, error)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 RETURNING id)
             DELETE FROM reconciliation_runs WHERE id <= (SELECT id FROM newest) - $7",
        )
        .bind(run.started_at.to_utc())
        .bind(run.finished_at.to_utc())
        .bind(i64::from(run.sales))
        .bind(i64::from(run.mismatches))
        .bind(i64::from(run.repaired))
        .bind(&run.error)
        .bind(ReconciliationRun::KEPT_MAX)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    async fn last_run(&self) -> Result<Option<ReconciliationRun>, PortError> {
        let row: Option<RunRow> = sqlx::query_as(
            "SELECT started_at, finished_at, sales, mismatches, repaired, error
             FROM reconciliation_runs ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        row.map(RunRow::read).transpose()
    }
}

/// Which of these purchases the ledger has: standing, archived or voided. One round trip.
pub(super) async fn known(
    connection: &mut PgConnection,
    numbers: &[PurchaseNo],
) -> Result<HashSet<PurchaseNo>, PortError> {
    let numbers: Vec<&str> = numbers.iter().map(PurchaseNo::as_str).collect();
    let known: Vec<String> = sqlx::query_scalar(include_str!("known_purchases.sql"))
        .bind(numbers)
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    known.iter().map(|number| PurchaseNo::parse(number).map_err(inconsistent)).collect()
}

/// Purchases of the sale by position. One round trip.
pub(super) async fn page(
    connection: &mut PgConnection,
    id: &SaleId,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<RecordedPurchase>, PortError> {
    let rows: Vec<PurchaseRow> = sqlx::query_as(
        "SELECT bits, epoch_number, epoch_nonce, buyer, purchased_at, qty, key_hash, remaining,
                position, ordinal, held_after, cancelled, traceparent, unit_price_minor, currency
         FROM purchases WHERE generation = $1 AND position > $2
         ORDER BY position LIMIT $3",
    )
    .bind(id.generation.0)
    .bind(after.map_or(0, |after| i64::try_from(after.0).unwrap_or(i64::MAX)))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(id)).collect()
}

/// A run's row.
#[derive(FromRow)]
struct RunRow {
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
    sales: i64,
    mismatches: i64,
    repaired: i64,
    error: Option<String>,
}

impl RunRow {
    fn read(self) -> Result<ReconciliationRun, PortError> {
        let count = |column: i64| u32::try_from(column).map_err(inconsistent);
        Ok(ReconciliationRun {
            started_at: self.started_at.into(),
            finished_at: self.finished_at.into(),
            sales: count(self.sales)?,
            mismatches: count(self.mismatches)?,
            repaired: count(self.repaired)?,
            error: self.error,
        })
    }
}
