//! Reads one shard of the outbox: hands out a batch, waits until it is finished, removes it.

use std::{sync::Arc, time::Duration};

use stampede_application::ports::{Causes, Entry, EntryBody, EntryId, Outbox, PortError};
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
                Err(error) => {
                    tracing::warn!(shard = %self.shard, error = %Causes(&error),
                        "the outbox cannot be read");
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
    async fn step(&mut self, take_over_at: &mut Instant) -> Result<(), PortError> {
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
        if entries.is_empty() { Ok(()) } else { self.hand_out(entries).await }
    }

    async fn hand_out(&mut self, entries: Vec<Entry>) -> Result<(), PortError> {
        let readable = entries.iter().any(|entry| !matches!(entry.body, EntryBody::Newer { .. }));
        let ids: Vec<EntryId> = entries.iter().filter_map(|entry| entry.id.clone()).collect();
        if self.batches.send(Batch { entries: entries.into() }).await.is_err() {
            return Ok(());
        }
        let done = self.until_finished(&ids).await;
        if done.is_empty() && readable && !self.stop.is_cancelled() {
            // The worker gave up, as after a panic: it is not asked again at once.
            return Err(PortError::unavailable("outbox", GivenUp));
        }
        self.remove(done).await
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

/// A batch came back with nothing done.
#[derive(Debug, thiserror::Error)]
#[error("a batch was given up; its entries come again")]
struct GivenUp;

/// How long the removal of recorded entries may take.
const REMOVE_MAX: Duration = Duration::from_secs(10);
/// The same while the process stops.
const REMOVE_AT_STOP_MAX: Duration = Duration::from_secs(3);
