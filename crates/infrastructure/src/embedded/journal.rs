//! The journal of the embedded engine, as its workers drain it.

mod claims;
mod dead_letters;
pub(super) mod format;

use std::{ops::RangeInclusive, time::Duration};

use async_trait::async_trait;
use futures::TryStreamExt;
use sqlx::SqlitePool;
use stampede_application::ports::{
    DeadLetter, DeadLetterId, Entry, EntryBody, EntryId, Outbox, PortError, Raised, Readmission,
};
use stampede_domain::{Epoch, Instant, RecordedPurchase, SaleId, Shard};
use tokio::{
    sync::{Mutex, watch},
    time::{self, timeout_at},
};

use self::claims::Claims;
use super::{
    EmbeddedDatabase,
    engine::{Command, EngineHandle},
    failure::unavailable,
};

/// Entries that one take-over brings at most.
const TAKE_OVER_MAX: usize = 64;
/// Purchases that one read hands out at most, whatever the worker would take: to record them holds
/// the turn to write, and buyers are answered by whoever has that next.
const PURCHASES_MAX: usize = 256;

/// The journal as an outbox.
///
/// It is one outbox for all sales, so that [`shards`](Outbox::shards) names a single shard, and
/// every other call takes whichever shard it is given. Who holds which entry is known to this
/// value alone: one process has the data folder, and with it end its workers, so that after a
/// restart every entry is anybody's again.
pub(super) struct EmbeddedJournal {
    database: EmbeddedDatabase,
    engine: EngineHandle,
    /// The id of the last row that is synced; wakes whoever waits for an entry.
    written: watch::Receiver<i64>,
    /// Held across the statement that hands entries out, so that none goes out twice.
    claims: Mutex<Claims>,
}

impl EmbeddedJournal {
    pub(super) fn new(
        database: EmbeddedDatabase,
        engine: EngineHandle,
        written: watch::Receiver<i64>,
    ) -> Self {
        Self { database, engine, written, claims: Mutex::default() }
    }

    fn readers(&self) -> &SqlitePool {
        self.database.readers()
    }

    /// Entries that nobody was given yet, of so much weight at most, but one in any case.
    async fn claim(&self, consumer: &str, weight_max: usize) -> Result<Vec<Entry>, PortError> {
        let mut claims = self.claims.lock().await;
        let mut rows = sqlx::query_as::<_, (i64, i64, Vec<u8>)>(
            "SELECT id, weight, body FROM journal WHERE id > ?1 ORDER BY id LIMIT ?2",
        )
        .bind(claims.handed_out())
        .bind(i64::try_from(weight_max).unwrap_or(i64::MAX))
        .fetch(self.readers());
        let mut entries = Vec::new();
        let mut weighed = 0;
        while weighed < weight_max
            && let Some((id, weight, body)) = rows.try_next().await.map_err(unavailable)?
        {
            weighed += usize::try_from(weight).unwrap_or(weight_max).max(1);
            if weighed > weight_max && !entries.is_empty() {
                break;
            }
            entries.push((id, body));
        }
        claims.hand_out(consumer, entries.iter().map(|(id, _)| *id));
        Ok(entries.into_iter().map(entry).collect())
    }

    async fn by_ids(&self, ids: &[i64]) -> Result<Vec<Entry>, PortError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT id, body FROM journal \
             WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
        )
        .bind(json_numbers(ids))
        .fetch_all(self.readers())
        .await
        .map_err(unavailable)?;
        Ok(rows.into_iter().map(entry).collect())
    }
}

#[async_trait]
impl Outbox for EmbeddedJournal {
    fn shards(&self) -> Vec<Shard> {
        Shard::all().take(1).collect()
    }

    async fn read(
        &self,
        _shard: Shard,
        consumer: &str,
        rows_max: usize,
        wait: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        let deadline = time::Instant::now() + wait;
        let mut written = self.written.clone();
        loop {
            written.mark_unchanged();
            let entries = self.claim(consumer, rows_max.min(PURCHASES_MAX)).await?;
            if !entries.is_empty() {
                return Ok(entries);
            }
            match timeout_at(deadline, written.changed()).await {
                Ok(Ok(())) => {}
                // The engine has ended: nothing will come any more.
                Ok(Err(_)) => {
                    time::sleep_until(deadline).await;
                    return Ok(entries);
                }
                Err(_) => return Ok(entries),
            }
        }
    }

    async fn take_over(
        &self,
        _shard: Shard,
        consumer: &str,
        idle: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        let mut claims = self.claims.lock().await;
        let idle = claims.idle(idle, TAKE_OVER_MAX);
        let entries = self.by_ids(&idle).await?;
        claims.hand_over(consumer, &idle);
        Ok(entries)
    }

    async fn renew(&self, _shard: Shard, consumer: &str, ids: &[EntryId]) -> Result<(), PortError> {
        self.claims.lock().await.renew(consumer, &row_ids(ids));
        Ok(())
    }

    async fn done(&self, _shard: Shard, ids: &[EntryId]) -> Result<(), PortError> {
        let ids = row_ids(ids);
        if ids.is_empty() {
            return Ok(());
        }
        let mut writing = self.database.write().await?;
        for run in runs(&ids) {
            sqlx::query("DELETE FROM journal WHERE id BETWEEN ?1 AND ?2")
                .bind(run.start())
                .bind(run.end())
                .execute(&mut *writing.transaction)
                .await
                .map_err(unavailable)?;
        }
        writing.commit().await?;
        self.claims.lock().await.release(&ids);
        Ok(())
    }

    /// Offers them to the gate of this process. The embedded ledger calls nothing stale, since
    /// the gate is made from this very journal; this is for entries of a folder's older life
    /// that a person brings back. Gate and ledger are always in one life.
    async fn readmit(
        &self,
        stale: &[RecordedPurchase],
        _epoch: Epoch,
    ) -> Result<Vec<Readmission>, PortError> {
        let stale = stale.to_vec();
        self.engine.ask(|reply| Command::Readmit { stale, reply }).await
    }

    async fn waiting(&self, id: &SaleId, entries_max: usize) -> Result<Vec<Entry>, PortError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT id, body FROM journal WHERE generation = ?1 ORDER BY id LIMIT ?2",
        )
        .bind(id.generation.0)
        .bind(i64::try_from(entries_max).unwrap_or(i64::MAX))
        .fetch_all(self.readers())
        .await
        .map_err(unavailable)?;
        Ok(rows.into_iter().map(entry).collect())
    }

    /// Gate and journal are of one life, that of the file.
    async fn waiting_in(
        &self,
        id: &SaleId,
        _epoch: Epoch,
        entries_max: usize,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        self.waiting(id, entries_max).await.map(Some)
    }

    async fn overdue(
        &self,
        _shard: Shard,
        before: Instant,
        entries_max: usize,
    ) -> Result<Vec<Entry>, PortError> {
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT id, body FROM journal ORDER BY id LIMIT ?1")
                .bind(i64::try_from(entries_max).unwrap_or(i64::MAX))
                .fetch_all(self.readers())
                .await
                .map_err(unavailable)?;
        Ok(rows.into_iter().map(entry).filter(|entry| is_older(entry, before)).collect())
    }

    async fn depth(&self) -> Result<u64, PortError> {
        let depth: i64 = sqlx::query_scalar("SELECT count(*) FROM journal")
            .fetch_one(self.readers())
            .await
            .map_err(unavailable)?;
        Ok(u64::try_from(depth).unwrap_or(0))
    }

    async fn raise(&self, _shard: Shard, letter: &DeadLetter) -> Result<Raised, PortError> {
        dead_letters::raise(&self.database, letter).await
    }

    async fn dead_letters(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        dead_letters::list(&self.database, after, limit).await
    }

    async fn dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        dead_letters::find(&self.database, id).await
    }

    async fn take_dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        dead_letters::take(&self.database, id).await
    }
}

/// Whether an entry was accepted before that instant; a journal's row has none of its own.
fn is_older(entry: &Entry, before: Instant) -> bool {
    match &entry.body {
        EntryBody::Purchases(purchases) => purchases.iter().all(|one| one.purchase.at < before),
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => true,
    }
}

fn entry((id, body): (i64, Vec<u8>)) -> Entry {
    Entry { id: Some(EntryId(id.to_string())), body: format::read(&body) }
}

/// Rows that the ids name; an id that is not ours names none.
fn row_ids(ids: &[EntryId]) -> Vec<i64> {
    ids.iter().filter_map(|id| id.0.parse().ok()).collect()
}

/// The ids as runs without a gap, of which what was read together is nearly always one.
fn runs(ids: &[i64]) -> Vec<RangeInclusive<i64>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let runs = ids.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    runs.filter_map(|run| Some(*run.first()?..=*run.last()?)).collect()
}

/// A JSON array, which one bound value carries into a statement however many there are.
fn json_numbers(ids: &[i64]) -> String {
    serde_json::Value::from(ids.to_vec()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_removed_by_runs_and_nothing_between_them_is() {
        assert_eq!(
            runs(&[7, 5, 6, 9, 6, -1, i64::MAX]),
            [-1..=-1, 5..=7, 9..=9, i64::MAX..=i64::MAX]
        );
        assert_eq!(runs(&[]), []);
    }
}
