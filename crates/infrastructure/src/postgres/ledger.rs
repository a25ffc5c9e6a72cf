//! The ledger port over Postgres.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use stampede_application::ports::{
    CommitError, DeadLetter, Entry, Ledger, OnRecord, PortError, ReconciliationRun, RunId, Settled,
    Voided,
};
use stampede_domain::{Instant, Position, PurchaseNo, RecordedPurchase, SaleId};

use super::{
    PostgresLimits, commit,
    deadline::within,
    failure::{inconsistent, unavailable},
    on_record,
    rows::{PURCHASE_COLUMNS, PurchaseRow},
    runs,
};

/// The durable record of purchases in Postgres.
///
/// Cheap to clone. Beyond the port it has what only the redis engine's gate needs: the steps of
/// restore that belong to the ledger, and the dead letters that a restore raises.
#[derive(Clone, Debug)]
pub struct PostgresLedger {
    pub(super) pool: PgPool,
    pub(super) answer_max: Duration,
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

    async fn record_run(&self, run: &ReconciliationRun) -> Result<RunId, PortError> {
        within(self.answer_max, runs::record(&self.pool, run)).await
    }

    async fn runs(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
        within(self.answer_max, runs::page(&self.pool, before, limit)).await
    }

    async fn take_turn(
        &self,
        node: &str,
        lasts: Duration,
        rest: Duration,
    ) -> Result<bool, PortError> {
        within(self.answer_max, runs::take_turn(&self.pool, node, lasts, rest)).await
    }

    async fn end_turn(&self, node: &str, compared_all: bool) -> Result<(), PortError> {
        within(self.answer_max, runs::end_turn(&self.pool, node, compared_all)).await
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
    let rows: Vec<PurchaseRow> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT {PURCHASE_COLUMNS} FROM purchases WHERE generation = $1 AND position > $2
         ORDER BY position LIMIT $3"
    )))
    .bind(id.generation.0)
    .bind(after.map_or(0, |after| i64::try_from(after.0).unwrap_or(i64::MAX)))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(id)).collect()
}
