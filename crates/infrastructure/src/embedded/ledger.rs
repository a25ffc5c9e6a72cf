//! The ledger port over the embedded engine's file.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use sqlx::SqliteConnection;
use stampede_application::ports::{
    CommitError, DeadLetter, Entry, Ledger, OnRecord, PortError, ReconciliationRun, RunId, Settled,
    Voided,
};
use stampede_domain::{Instant, Position, PurchaseNo, RecordedPurchase, SaleId};

use super::{
    EmbeddedDatabase, commit,
    failure::{inconsistent, unavailable},
    on_record,
    rows::read_purchases,
    runs,
};

/// The durable record of purchases in the embedded engine's file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EmbeddedLedger {
    database: EmbeddedDatabase,
}

impl EmbeddedLedger {
    /// The ledger in `database`.
    #[must_use]
    pub fn new(database: EmbeddedDatabase) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Ledger for EmbeddedLedger {
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        commit::commit(&self.database, entries).await
    }

    async fn known(
        &self,
        _id: &SaleId,
        numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError> {
        let mut connection = self.database.readers().acquire().await.map_err(unavailable)?;
        known(&mut connection, numbers).await
    }

    async fn page(
        &self,
        id: &SaleId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        let page: String = sqlx::query_scalar(include_str!("purchases_page.sql"))
            .bind(id.generation.0)
            .bind(after.map_or(0, |after| i64::try_from(after.0).unwrap_or(i64::MAX)))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_one(self.database.readers())
            .await
            .map_err(unavailable)?;
        read_purchases(id, &page)
    }

    async fn on_record(&self, id: &SaleId, numbers: &[PurchaseNo]) -> Result<OnRecord, PortError> {
        on_record::on_record(&self.database, id, numbers).await
    }

    async fn count_between(
        &self,
        id: &SaleId,
        after: Position,
        to: Position,
    ) -> Result<u64, PortError> {
        on_record::count_between(&self.database, id, after, to).await
    }

    async fn void(&self, letter: &DeadLetter, at: Instant) -> Result<Voided, PortError> {
        on_record::void(&self.database, letter, at).await
    }

    async fn record_run(&self, run: &ReconciliationRun) -> Result<RunId, PortError> {
        runs::record(&self.database, run).await
    }

    async fn runs(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
        runs::page(&self.database, before, limit).await
    }

    /// One process alone has the folder.
    async fn take_turn(&self, _: &str, _: Duration, _: Duration) -> Result<bool, PortError> {
        Ok(true)
    }

    async fn end_turn(&self, _: &str, _: bool) -> Result<(), PortError> {
        Ok(())
    }
}

/// Which of these purchases the ledger has: standing, archived or voided.
pub(super) async fn known(
    connection: &mut SqliteConnection,
    numbers: &[PurchaseNo],
) -> Result<HashSet<PurchaseNo>, PortError> {
    if numbers.is_empty() {
        return Ok(HashSet::new());
    }
    let numbers: Vec<&str> = numbers.iter().map(PurchaseNo::as_str).collect();
    let known: Vec<String> = sqlx::query_scalar(include_str!("known_purchases.sql"))
        .bind(json!(numbers).to_string())
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    known.iter().map(|number| PurchaseNo::parse(number).map_err(inconsistent)).collect()
}
