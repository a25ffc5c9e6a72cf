//! The workers, by apalis: one per shard that drains the outbox, one that reconciles.

mod outbox_backend;
mod outbox_gauges;
mod outbox_reader;
mod queue_metrics;
mod reconciliation;

use std::{sync::Arc, time::Duration};

use apalis::{
    layers::{
        WorkerBuilderExt,
        retry::{
            HasherRng, RetryPolicy,
            backoff::{ExponentialBackoffMaker, MakeBackoff},
        },
    },
    prelude::{BoxDynError, Data, Monitor, WorkerBuilder},
};
use stampede_application::{
    live_sales::LiveSales,
    ports::{Causes, Entry, Outbox},
    use_cases::{Reconcile, RecordPurchases, Recorded},
};
use stampede_domain::Shard;
use tokio_util::sync::CancellationToken;

use self::{
    outbox_backend::{Batch, OutboxBackend},
    outbox_reader::GivenWay,
    reconciliation::Reconciliation,
};

pub use queue_metrics::QueueMetrics;

/// What the workers may hold and wait for.
#[derive(Clone, Debug)]
pub struct QueueLimits {
    /// Purchases in one commit, about.
    pub rows_max: usize,
    /// How long a read waits for the first entry.
    pub read_wait: Duration,
    /// How long an entry may lie unrenewed with one consumer before another takes it over.
    pub claim_idle: Duration,
    /// How far the ledger may lag behind while the drain gives way to buyers; 0 and it never does.
    pub lag_max: Duration,
    /// The first pause after a failure; doubled up to `backoff_max`, with jitter.
    pub backoff_min: Duration,
    /// The longest pause after a failure.
    pub backoff_max: Duration,
    /// How long the workers may take to finish what they hold when the process stops.
    pub stop_max: Duration,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            rows_max: 1_000,
            read_wait: Duration::from_secs(1),
            claim_idle: Duration::from_secs(5),
            lag_max: Duration::from_secs(10),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(5),
            stop_max: Duration::from_secs(10),
        }
    }
}

/// What the workers work with.
#[derive(Clone)]
pub struct QueueParts {
    /// What they drain.
    pub outbox: Arc<dyn Outbox>,
    /// What they record it by.
    pub record: Arc<RecordPurchases>,
    /// What compares gate and ledger.
    pub reconcile: Arc<Reconcile>,
    /// Tells whether anything is sold, which the drain gives way to.
    pub live: Arc<LiveSales>,
}

/// The workers of one node.
pub struct Queue {
    parts: QueueParts,
    schedule: cron::Schedule,
    node: String,
    limits: QueueLimits,
    metrics: QueueMetrics,
}

impl Queue {
    /// Workers named after `node`, which no other node and no earlier life of this one is called:
    /// a shared name would strand what a dead worker held.
    #[must_use]
    pub fn new(
        parts: QueueParts,
        schedule: cron::Schedule,
        node: String,
        limits: QueueLimits,
        metrics: QueueMetrics,
    ) -> Self {
        Self { parts, schedule, node, limits, metrics }
    }

    /// Runs the workers until `stop`, then lets them finish what they hold.
    ///
    /// What cannot be finished in time stays in the outbox and is taken over by another node, or
    /// by this one when it is started again.
    pub async fn run(self, stop: CancellationToken) {
        let mut monitor = Monitor::new();
        let reconciliation =
            Arc::new(Reconciliation::new(self.parts.reconcile.clone(), self.schedule.clone()));
        let given_way = GivenWay::new();
        for shard in self.parts.outbox.shards() {
            monitor =
                self.register_shard(monitor, shard, given_way.clone(), reconciliation.clone());
        }
        monitor = reconciliation.clone().register(monitor, &self.node);
        let gauges = self.metrics.outbox.clone().watch(self.parts.outbox.clone(), stop.clone());
        let gauges = tokio::spawn(gauges);
        // What an earlier life left is found now, not at the first tick.
        let first = tokio::spawn({
            let stop = stop.clone();
            async move { stop.run_until_cancelled(reconciliation.run()).await }
        });
        let signal = async move {
            stop.cancelled().await;
            Ok(())
        };
        let ended = monitor
            .should_restart(|worker, error| {
                tracing::error!(worker = worker.name(), %error, "a worker is started again");
                true
            })
            .shutdown_timeout(self.limits.stop_max)
            .run_with_signal(signal)
            .await;
        if let Err(error) = ended {
            tracing::error!(%error, "the workers did not end in order");
        }
        if let Err(error) = gauges.await {
            tracing::error!(%error, "looking at the outbox did not end in order");
        }
        if let Err(error) = first.await {
            tracing::error!(%error, "the first reconciliation did not end in order");
        }
    }

    fn register_shard(
        &self,
        monitor: Monitor,
        shard: Shard,
        given_way: GivenWay,
        reconciliation: Arc<Reconciliation>,
    ) -> Monitor {
        let QueueParts { outbox, record, live, .. } = self.parts.clone();
        let (limits, metrics) = (self.limits.clone(), self.metrics.clone());
        let name = format!("{}-{shard}", self.node);
        monitor.register(move |_restart| {
            let backoff = ExponentialBackoffMaker::new(
                limits.backoff_min,
                limits.backoff_max,
                0.5,
                HasherRng::default(),
            );
            let retry = RetryPolicy::retries(usize::MAX);
            let job = Job {
                shard,
                record: record.clone(),
                reconciliation: reconciliation.clone(),
                metrics: metrics.clone(),
            };
            let (limits, given_way) = (limits.clone(), given_way.clone());
            let backend =
                OutboxBackend::new(outbox.clone(), live.clone(), shard, limits, given_way);
            let builder = WorkerBuilder::new(name.as_str())
                .backend(backend)
                .data(job)
                // Below the retries: a panic is not tried again in place, its entries come again.
                .catch_panic();
            match backoff {
                Ok(mut backoff) => {
                    builder.retry(retry.with_backoff(backoff.make_backoff())).build(record_batch)
                }
                Err(_) => unreachable!("the limits are checked when the settings are read"),
            }
        })
    }
}

/// What a shard's worker works with.
#[derive(Clone)]
struct Job {
    shard: Shard,
    record: Arc<RecordPurchases>,
    reconciliation: Arc<Reconciliation>,
    metrics: QueueMetrics,
}

/// Records what one read brought; a failure is tried again with the same entries.
async fn record_batch(batch: Batch, job: Data<Job>) -> Result<Recorded, BoxDynError> {
    let entries: Vec<Entry> = batch.entries.to_vec();
    let recording = job.record.run(job.shard, entries);
    match job.metrics.watch().recording(&batch.entries, recording).await {
        Ok(recorded) => {
            job.metrics.recorded(&recorded);
            job.reconciliation.drift_met(recorded.findings.clone()).await;
            Ok(recorded)
        }
        Err(error) => {
            tracing::warn!(shard = %job.shard, error = %Causes(&error),
                "purchases wait in the outbox");
            job.reconciliation.store_lost();
            Err(error.into())
        }
    }
}
