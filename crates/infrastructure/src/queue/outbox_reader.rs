//! Reads one shard of the outbox: hands out a batch, waits until it is finished, removes it.

use std::{sync::Arc, time::Duration};

use stampede_application::{
    live_sales::LiveSales,
    ports::{Causes, Entry, EntryBody, EntryId, Outbox, PortError},
};
use stampede_domain::Shard;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    QueueLimits,
    outbox_backend::{Batch, Finished},
};

/// The task that reads for one worker.
pub(super) struct OutboxReader {
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) live: Arc<LiveSales>,
    pub(super) shard: Shard,
    pub(super) consumer: String,
    pub(super) limits: QueueLimits,
    pub(super) batches: mpsc::Sender<Batch>,
    pub(super) finished: mpsc::Receiver<Finished>,
    pub(super) stop: CancellationToken,
    /// Whether the last batch was taken over: what is new comes next, however much of what nobody
    /// can finish comes back meanwhile.
    pub(super) took_over: bool,
}

impl OutboxReader {
    /// Reads until it is stopped; a failure of the outbox is waited out here, with growing pauses.
    pub(super) async fn run(mut self) {
        let mut pause = self.limits.backoff_min;
        let mut take_over_at = Instant::now();
        while !self.stop.is_cancelled() {
            match self.step(&mut take_over_at).await {
                Ok(()) => pause = self.limits.backoff_min,
                Err(why) => {
                    tracing::warn!(shard = %self.shard, error = %Causes(&why),
                        "the outbox is read again after a pause");
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = self.stop.cancelled() => {}
                    }
                    pause = (pause * 2).min(self.limits.backoff_max);
                }
            }
        }
    }

    /// One batch from read to removal, if there is one.
    async fn step(&mut self, take_over_at: &mut Instant) -> Result<(), Pause> {
        let mut entries = Vec::new();
        let is_due = Instant::now() >= *take_over_at && !self.took_over;
        self.took_over = false;
        if is_due {
            *take_over_at = Instant::now() + self.limits.claim_idle / 2;
            let idle = self.limits.claim_idle;
            entries = self.outbox.take_over(self.shard, &self.consumer, idle).await?;
            self.took_over = !entries.is_empty();
        }
        if entries.is_empty() {
            let (rows, wait) = (self.limits.rows_max, self.limits.read_wait);
            entries = tokio::select! {
                read = self.outbox.read(self.shard, &self.consumer, rows, wait) => read?,
                () = self.stop.cancelled() => return Ok(()),
            };
        }
        if entries.is_empty() {
            return Ok(());
        }
        let (begun, age_ms) = (Instant::now(), self.age_ms(&entries));
        self.hand_out(entries).await?;
        self.give_way(begun.elapsed(), age_ms).await;
        Ok(())
    }

    /// Leaves processors and disks to the buyers while anything is sold, of which the batch that
    /// took so long had its share; but not if what it brought was old already.
    async fn give_way(&self, took: Duration, age_ms: i64) {
        if i128::from(age_ms)
            >= i128::try_from(self.limits.lag_max.as_millis()).unwrap_or(i128::MAX)
        {
            return;
        }
        let end = Instant::now() + (took * GIVEN_WAY).min(GIVEN_WAY_MAX);
        while self.live.is_selling() && !self.stop.is_cancelled() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(LOOK_EVERY)).await;
        }
    }

    /// For how many milliseconds the oldest purchase has waited, by the clock of the store that
    /// accepted it; 0 if there is none.
    fn age_ms(&self, entries: &[Entry]) -> i64 {
        let oldest = entries.iter().find_map(|entry| match &entry.body {
            EntryBody::Purchases(purchases) => purchases.first(),
            EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => None,
        });
        oldest.map_or(0, |oldest| self.live.now().millis_since(oldest.purchase.at))
    }

    async fn hand_out(&mut self, entries: Vec<Entry>) -> Result<(), Pause> {
        let readable = entries.iter().any(|entry| !matches!(entry.body, EntryBody::Newer { .. }));
        let ids: Vec<EntryId> = entries.iter().filter_map(|entry| entry.id.clone()).collect();
        if self.batches.send(Batch { entries: entries.into() }).await.is_err() {
            return Ok(());
        }
        let done = self.until_finished(&ids).await;
        if done.is_empty() && readable && !self.stop.is_cancelled() {
            // Its sales wait, or the worker gave up, as after a panic: it is not asked at once.
            return Err(Pause::NothingRecorded);
        }
        Ok(self.remove(done).await?)
    }

    /// Waits for the worker, renewing the claim so that nobody takes the batch over meanwhile.
    async fn until_finished(&mut self, ids: &[EntryId]) -> Finished {
        let renew_every = self.limits.claim_idle / 3;
        loop {
            match timeout(renew_every, self.finished.recv()).await {
                Ok(finished) => return finished.unwrap_or_default(),
                Err(_elapsed) => {
                    let renewed = self.outbox.renew(self.shard, &self.consumer, ids).await;
                    if let Err(error) = renewed {
                        tracing::warn!(shard = %self.shard,
                            error = %Causes(&error), "a claim is not renewed");
                    }
                }
            }
            if self.batches.is_closed() && self.finished.is_empty() {
                return Finished::new();
            }
        }
    }

    /// Removes recorded entries, within the time that a stop leaves; else they come again.
    async fn remove(&self, done: Finished) -> Result<(), PortError> {
        if done.is_empty() {
            return Ok(());
        }
        let limit = if self.stop.is_cancelled() { REMOVE_AT_STOP_MAX } else { REMOVE_MAX };
        match timeout(limit, self.outbox.done(self.shard, &done)).await {
            Ok(removed) => removed,
            Err(elapsed) => Err(PortError::unavailable("outbox", elapsed)),
        }
    }
}

/// Why the reader does not go on at once.
#[derive(Debug, thiserror::Error)]
enum Pause {
    #[error(transparent)]
    Outbox(#[from] PortError),
    #[error("nothing of a batch was recorded, its entries come again")]
    NothingRecorded,
}

/// How long a batch gives way to buyers, in its own lengths: a fifth of the time is the drain's.
const GIVEN_WAY: u32 = 4;
/// The longest time, whatever a batch took.
const GIVEN_WAY_MAX: Duration = Duration::from_secs(1);
/// How often it is looked whether anything is still sold.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the removal of recorded entries may take.
const REMOVE_MAX: Duration = Duration::from_secs(10);
/// The same while the process stops.
const REMOVE_AT_STOP_MAX: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use stampede_application::{live_sales::Freshness, ports::Snapshot};
    use stampede_domain::{Epoch, Version};
    use stampede_testkit::builders::a_sale;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        OsRandomness, SystemClock,
        embedded::{
            EmbeddedCatalogue, EmbeddedDatabase, EmbeddedEngine, EngineLimits, EngineParts,
        },
    };

    /// A reader over an engine of its own, and what both ends of its worker are held by.
    struct Fixture {
        reader: OutboxReader,
        finish: mpsc::Sender<Finished>,
        _handed_out: mpsc::Receiver<Batch>,
        _engine: (EmbeddedEngine, TempDir),
    }

    async fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let database = EmbeddedDatabase::open(folder.path()).await.unwrap();
        let clock = Arc::new(SystemClock::default());
        let parts = EngineParts {
            database: database.clone(),
            catalogue: Arc::new(EmbeddedCatalogue::new(database, 10)),
            clock: clock.clone(),
            randomness: Arc::new(OsRandomness),
            fatal: CancellationToken::new(),
        };
        let engine = EmbeddedEngine::start(parts, EngineLimits::default()).await.unwrap();
        let outbox = engine.outbox();
        let (batches, handed_out) = mpsc::channel(1);
        let (finish, finished) = mpsc::channel(1);
        let reader = OutboxReader {
            shard: outbox.shards()[0],
            outbox,
            live: Arc::new(LiveSales::new(clock, Freshness::Always)),
            consumer: "worker".into(),
            limits: QueueLimits::default(),
            batches,
            finished,
            stop: CancellationToken::new(),
            took_over: false,
        };
        Fixture { reader, finish, _handed_out: handed_out, _engine: (engine, folder) }
    }

    /// As of a sale whose row others hold: the worker has said so.
    #[tokio::test]
    async fn a_batch_of_which_nothing_was_recorded_is_not_said_to_be_unreadable() {
        let Fixture { mut reader, finish, _handed_out, _engine } = fixture().await;
        finish.send(Finished::new()).await.unwrap();
        let body = EntryBody::Broken { raw: "torn".into(), error: "torn".into() };
        let entry = Entry { id: Some(EntryId("1-0".into())), body };
        let pause = reader.hand_out(vec![entry]).await.unwrap_err();
        assert_eq!(
            Causes(&pause).to_string(),
            "nothing of a batch was recorded, its entries come again"
        );
    }

    #[tokio::test]
    async fn the_drain_gives_way_while_anything_is_sold_and_for_no_longer() {
        let Fixture { reader, _engine, .. } = fixture().await;
        let (sale, first) =
            (a_sale().stock(10).build(), Epoch { number: 1, nonce: 1 }.first_version());
        let snapshot = Snapshot { stock: 10, sold: 0, version: first, sale: sale.clone() };
        reader.live.apply(&snapshot);
        let sell = |version: u64| {
            let left = 10 - u32::try_from(version).unwrap();
            assert!(reader.live.apply_stock(&sale.id, Version(first.0 + version), left));
        };
        let given = async |took_ms: u64, age_ms: i64| {
            let begun = Instant::now();
            reader.give_way(Duration::from_millis(took_ms), age_ms).await;
            begun.elapsed()
        };
        tokio::time::pause();
        assert_eq!(given(10, 0).await, Duration::ZERO, "nothing is sold");
        sell(1);
        let given_way = given(10, 0).await;
        assert!((40..=41).contains(&given_way.as_millis()), "four times as long: {given_way:?}");
        sell(2);
        let until_sold = given(1_000, 0).await;
        assert!(
            (50..=70).contains(&until_sold.as_millis()),
            "nothing more is sold: {until_sold:?}"
        );
        sell(3);
        assert_eq!(given(10, 10_000).await, Duration::ZERO, "it has waited for long enough");
        assert!(given(10, 9_999).await > Duration::ZERO);
    }
}
