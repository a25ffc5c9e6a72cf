//! Reads one shard of the outbox: hands out a batch, reads the next one while it is recorded, and
//! removes what is.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use stampede_application::{
    live_sales::{LiveSales, given_way},
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
    pub(super) given_way: GivenWay,
    pub(super) batches: mpsc::Sender<Batch>,
    pub(super) finished: mpsc::Receiver<Finished>,
    pub(super) stop: CancellationToken,
    pub(super) state: State,
}

/// Until when the drains of a node give way, those of all its shards: what one of them records is
/// made up for by all, so that together they have one share of the time. Held for a moment.
#[derive(Clone, Debug)]
pub(super) struct GivenWay(Arc<Mutex<Instant>>);

impl GivenWay {
    /// Nobody has recorded anything.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Makes up for a batch that began then and ends now; until when its drain gives way.
    fn until(&self, begun: Instant, lag_max: Duration) -> Instant {
        let (now, took) = (Instant::now(), begun.elapsed());
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = (*until).max(begun) + took + given_way(took);
        // Nobody waits for longer, so that what is beyond would only be in the way of the next.
        *until = due.min(now + lag_max);
        *until
    }
}

/// What a reader knows from one batch to the next.
#[derive(Default)]
pub(super) struct State {
    /// Read while the batch before was recorded, and next to be handed out.
    ahead: Vec<Entry>,
    /// What of the batch before is recorded and not removed yet.
    recorded: Finished,
    /// When it is looked next for what others held; at once if never.
    take_over_at: Option<Instant>,
    /// Whether the last read was a take-over: what is new comes next, however much of what nobody
    /// can finish comes back meanwhile.
    took_over: bool,
    /// Whether nothing came of the last batch.
    stumbled: bool,
}

impl OutboxReader {
    /// Reads until it is stopped; a failure of the outbox is waited out here, with growing pauses.
    pub(super) async fn run(mut self) {
        let mut pause = self.limits.backoff_min;
        while !self.stop.is_cancelled() {
            match self.step().await {
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
        // What was read ahead is given up, and taken over from here.
        if let Err(error) = self.remove().await {
            tracing::warn!(shard = %self.shard, error = %Causes(&error),
                "what is recorded stays in the outbox, and comes again");
        }
    }

    /// Hands out one batch, if there is one, and waits until it is finished. Meanwhile it removes
    /// what the batch before recorded, and reads the next.
    async fn step(&mut self) -> Result<(), Pause> {
        let mut entries = mem::take(&mut self.state.ahead);
        if entries.is_empty() {
            entries = self.read(self.limits.read_wait).await?;
        }
        if entries.is_empty() {
            return Ok(());
        }
        let (begun, age) = (Instant::now(), self.age(&entries));
        let readable = entries.iter().any(|entry| !matches!(entry.body, EntryBody::Newer { .. }));
        let mut held = ids(&entries);
        if self.batches.send(Batch { entries: entries.into() }).await.is_err() {
            return Ok(());
        }
        let removed = self.remove().await;
        if removed.is_ok() && self.may_read_ahead(age) {
            // Whatever fails here is told when nothing is in hand: then it is read again.
            self.state.ahead = self.read(Duration::ZERO).await.unwrap_or_default();
            held.extend(ids(&self.state.ahead));
        }
        self.state.recorded = self.until_finished(&held).await;
        self.state.stumbled =
            self.state.recorded.is_empty() && readable && !self.stop.is_cancelled();
        if !self.state.ahead.is_empty() {
            return Ok(());
        }
        removed.and(self.remove().await)?;
        if self.state.stumbled {
            // Its sales wait, or the worker gave up, as after a panic: it is not asked at once.
            return Err(Pause::NothingRecorded);
        }
        self.give_way(begun, age).await;
        Ok(())
    }

    /// What others held for too long, when it is time to look for that; else what is new, for
    /// which it waits so long.
    async fn read(&mut self, wait: Duration) -> Result<Vec<Entry>, PortError> {
        let (now, state) = (Instant::now(), &mut self.state);
        let is_due = state.take_over_at.is_none_or(|at| now >= at) && !state.took_over;
        state.took_over = false;
        if is_due {
            let idle = self.limits.claim_idle;
            state.take_over_at = Some(now + idle / 2);
            let entries = self.outbox.take_over(self.shard, &self.consumer, idle).await?;
            if !entries.is_empty() {
                self.state.took_over = true;
                return Ok(entries);
            }
        }
        tokio::select! {
            read = self.outbox.read(self.shard, &self.consumer, self.limits.rows_max, wait) => read,
            () = self.stop.cancelled() => Ok(Vec::new()),
        }
    }

    /// Whether the next batch is read while one of that age is recorded. Not if buyers come first;
    /// not behind what was taken over, which may come again when this consumer looks back at what
    /// it holds; and a worker that records nothing has one batch at a time, with pauses.
    fn may_read_ahead(&self, age: Duration) -> bool {
        !(self.state.took_over || self.state.stumbled || self.gives_way(age))
    }

    /// Whether buyers come first: while anything is sold, unless what was read is old already.
    fn gives_way(&self, age: Duration) -> bool {
        age < self.limits.lag_max && self.live.is_selling()
    }

    /// Leaves processors and disks to the buyers while anything is sold, of which the batch that
    /// began then had its share; but no longer than what it brought may wait.
    async fn give_way(&self, begun: Instant, age: Duration) {
        if !self.gives_way(age) {
            return;
        }
        let left = self.limits.lag_max.saturating_sub(age);
        let until = self.given_way.until(begun, self.limits.lag_max);
        let end = until.min(Instant::now() + left);
        self.stop.run_until_cancelled(self.live.give_way(end)).await;
    }

    /// For how long the oldest purchase has waited, by the clock of the store that accepted it; 0
    /// if there is none, or if this node's idea of that clock is behind.
    fn age(&self, entries: &[Entry]) -> Duration {
        let oldest = entries.iter().find_map(|entry| match &entry.body {
            EntryBody::Purchases(purchases) => purchases.first(),
            EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => None,
        });
        let age_ms = oldest.map(|oldest| self.live.now().millis_since(oldest.purchase.at));
        Duration::from_millis(age_ms.and_then(|age_ms| age_ms.try_into().ok()).unwrap_or(0))
    }

    /// Waits for the worker, renewing the claim on all that is held, so that nobody takes it over
    /// meanwhile: what was read ahead has waited for two thirds of it at most.
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

    /// Removes what is recorded, within the time that a stop leaves; else it comes again.
    async fn remove(&mut self) -> Result<(), PortError> {
        let recorded = mem::take(&mut self.state.recorded);
        if recorded.is_empty() {
            return Ok(());
        }
        let limit = if self.stop.is_cancelled() { REMOVE_AT_STOP_MAX } else { REMOVE_MAX };
        match timeout(limit, self.outbox.done(self.shard, &recorded)).await {
            Ok(removed) => removed,
            Err(elapsed) => Err(PortError::unavailable("outbox", elapsed)),
        }
    }
}

/// Where the entries stand.
fn ids(entries: &[Entry]) -> Vec<EntryId> {
    entries.iter().filter_map(|entry| entry.id.clone()).collect()
}

/// Why the reader does not go on at once.
#[derive(Debug, thiserror::Error)]
enum Pause {
    #[error(transparent)]
    Outbox(#[from] PortError),
    #[error("nothing of a batch was recorded, its entries come again")]
    NothingRecorded,
}

/// How long the removal of recorded entries may take.
const REMOVE_MAX: Duration = Duration::from_secs(10);
/// The same while the process stops.
const REMOVE_AT_STOP_MAX: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use stampede_application::{live_sales::Freshness, ports::Snapshot};
    use stampede_domain::{Epoch, Version};
    use stampede_testkit::builders::{a_purchase, a_sale};
    use tempfile::TempDir;
    use tokio::time::advance;

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
            given_way: GivenWay::new(),
            batches,
            finished,
            stop: CancellationToken::new(),
            state: State::default(),
        };
        Fixture { reader, finish, _handed_out: handed_out, _engine: (engine, folder) }
    }

    /// The clock of a store may be ahead of what a node takes it for.
    #[tokio::test]
    async fn a_purchase_is_never_younger_than_none() {
        let Fixture { reader, _engine, .. } = fixture().await;
        let sale = a_sale().build();
        let mut recorded = a_purchase(&sale, Epoch { number: 1, nonce: 1 }).build();
        let mut age_after = |millis: i64| {
            recorded.purchase.at = reader.live.now().plus_millis(-millis);
            let body = EntryBody::Purchases(vec![recorded.clone()]);
            reader.age(&[Entry { id: None, body }])
        };
        assert_eq!(age_after(-60_000), Duration::ZERO);
        assert!(age_after(60_000) >= Duration::from_mins(1));
    }

    /// As of a sale whose row others hold: the worker has said so.
    #[tokio::test]
    async fn a_batch_of_which_nothing_was_recorded_is_not_said_to_be_unreadable() {
        let Fixture { mut reader, finish, _handed_out, _engine } = fixture().await;
        finish.send(Finished::new()).await.unwrap();
        let body = EntryBody::Broken { raw: "torn".into(), error: "torn".into() };
        reader.state.ahead = vec![Entry { id: Some(EntryId("1-0".into())), body }];
        let pause = reader.step().await.unwrap_err();
        assert_eq!(
            Causes(&pause).to_string(),
            "nothing of a batch was recorded, its entries come again"
        );
    }

    #[tokio::test]
    async fn the_drain_gives_way_while_anything_is_sold_and_for_no_longer() {
        let Fixture { mut reader, _engine, .. } = fixture().await;
        let (sale, first) =
            (a_sale().stock(10).build(), Epoch { number: 1, nonce: 1 }.first_version());
        let snapshot = Snapshot { stock: 10, sold: 0, version: first, sale: sale.clone() };
        reader.live.apply(&snapshot);
        let sell = |version: u64| {
            let left = 10 - u32::try_from(version).unwrap();
            assert!(reader.live.apply_stock(&sale.id, Version(first.0 + version), left));
        };
        let given = async |took_ms: u64, age_ms: u64| {
            let (took, age) = (Duration::from_millis(took_ms), Duration::from_millis(age_ms));
            let ended = Instant::now();
            reader.give_way(ended - took, age).await;
            ended.elapsed()
        };
        tokio::time::pause();
        advance(Duration::from_mins(1)).await;
        assert_eq!(given(10, 0).await, Duration::ZERO, "nothing is sold");
        assert!(reader.may_read_ahead(Duration::ZERO));
        sell(1);
        assert!(!reader.may_read_ahead(Duration::ZERO), "it would lie in its hand meanwhile");
        assert!(reader.may_read_ahead(Duration::from_secs(10)));
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
        let on_the_verge = given(10, 9_999).await;
        assert!((1..=2).contains(&on_the_verge.as_millis()), "no longer: {on_the_verge:?}");
        sell(4);
        reader.limits.lag_max = Duration::ZERO;
        let begun = Instant::now();
        reader.give_way(begun - Duration::from_millis(10), Duration::ZERO).await;
        assert_eq!(begun.elapsed(), Duration::ZERO, "it never does");
    }

    #[tokio::test(start_paused = true)]
    async fn drains_of_several_shards_have_one_share_of_the_time() {
        let (given_way, lag_max) = (GivenWay::new(), Duration::from_secs(10));
        let ended_after = async |took: Duration| {
            let begun = Instant::now();
            advance(took).await;
            begun
        };
        let given = |begun| (given_way.until(begun, lag_max) - Instant::now()).as_millis();
        let together = ended_after(Duration::from_millis(10)).await;
        assert_eq!([40, 90, 140], [(); 3].map(|()| given(together)), "one after the other");
        advance(Duration::from_millis(140)).await;
        let alone = ended_after(Duration::from_millis(10)).await;
        assert_eq!(given(alone), 40, "of what was made up for nothing is left");
        advance(Duration::from_millis(40)).await;
        let slow = ended_after(Duration::from_mins(1)).await;
        assert_eq!([1_000, 10_000], [(); 2].map(|()| given(slow)), "no longer than may be waited");
    }
}
