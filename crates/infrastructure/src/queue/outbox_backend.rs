//! The outbox as a backend of apalis: one task is what one read brought.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    error::BoxDynError,
    task::{ExecutionContext, Task, builder::TaskBuilder, task_id::TaskId},
    worker::{
        context::WorkerContext,
        ext::ack::{Acknowledge, AcknowledgeLayer},
    },
};
use futures::{FutureExt, future::BoxFuture};
use stampede_application::{
    live_sales::LiveSales,
    ports::{Entry, EntryId, Outbox},
    use_cases::Recorded,
};
use stampede_domain::Shard;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    QueueLimits,
    outbox_reader::{GivenWay, OutboxReader, State},
};

/// What one read brought; cheap to clone, because a retried task is a clone.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The entries, in order.
    pub(super) entries: Arc<[Entry]>,
}

/// Entries that a worker has finished with: removed if they are recorded, else given up.
pub(super) type Finished = Vec<EntryId>;

/// Never surfaced: the reader gets over its own failures, and an error here would end the worker.
#[derive(Debug, thiserror::Error)]
#[error("the outbox is not readable")]
pub(super) struct OutboxBackendError;

/// Reads one shard of the outbox for one worker; one batch is recorded at a time.
pub(super) struct OutboxBackend {
    outbox: Arc<dyn Outbox>,
    live: Arc<LiveSales>,
    shard: Shard,
    limits: QueueLimits,
    given_way: GivenWay,
    finished: mpsc::Sender<Finished>,
    /// Both ends are made first and taken when the worker starts.
    unstarted: Option<mpsc::Receiver<Finished>>,
    batches: Option<mpsc::Receiver<Batch>>,
    stop: CancellationToken,
    reader: Option<JoinHandle<()>>,
    closing: Option<BoxFuture<'static, ()>>,
}

impl OutboxBackend {
    pub(super) fn new(
        outbox: Arc<dyn Outbox>,
        live: Arc<LiveSales>,
        shard: Shard,
        limits: QueueLimits,
        given_way: GivenWay,
    ) -> Self {
        let (finished, unstarted) = mpsc::channel(1);
        Self {
            outbox,
            live,
            shard,
            limits,
            given_way,
            finished,
            unstarted: Some(unstarted),
            batches: None,
            stop: CancellationToken::new(),
            reader: None,
            closing: None,
        }
    }
}

impl Drop for OutboxBackend {
    /// A worker that ended by a panic must not leave its reader behind.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Backend for OutboxBackend {
    type Task = Task<Batch>;
    type Error = OutboxBackendError;

    fn poll_ready(
        &mut self,
        _context: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        if let Some(finished) = self.unstarted.take() {
            let (batches, receiver) = mpsc::channel(1);
            self.batches = Some(receiver);
            let reader = OutboxReader {
                outbox: self.outbox.clone(),
                live: self.live.clone(),
                shard: self.shard,
                consumer: worker.name().to_owned(),
                limits: self.limits.clone(),
                given_way: self.given_way.clone(),
                batches,
                finished,
                stop: self.stop.clone(),
                state: State::default(),
            };
            self.reader = Some(tokio::spawn(reader.run()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        let Some(batches) = &mut self.batches else { return Poll::Pending };
        batches.poll_recv(context).map(|batch| {
            batch.map(|batch| {
                let first = batch.entries.first().and_then(|entry| entry.id.as_ref());
                let name = first.map_or_else(|| self.shard.to_string(), |id| id.0.clone());
                Ok(TaskBuilder::new(batch).task_id(TaskId::from_string(name)).build())
            })
        })
    }

    /// Called once every running task has ended: what they finished is removed before this ends.
    fn poll_close(
        &mut self,
        context: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        let closing = self.closing.get_or_insert_with(|| {
            self.stop.cancel();
            if let Some(batches) = &mut self.batches {
                batches.close();
            }
            let reader = self.reader.take();
            async move {
                if let Some(reader) = reader
                    && let Err(error) = reader.await
                {
                    tracing::error!(%error, "the outbox reader did not end in order");
                }
            }
            .boxed()
        });
        closing.poll_unpin(context).map(Ok)
    }
}

impl BackendConfig for OutboxBackend {
    type Args = Batch;
    type Id = TaskId;
    type Kind = Ephemeral;
    type Config = QueueLimits;
    type Layer = AcknowledgeLayer<Finish>;

    fn config(&self) -> &QueueLimits {
        &self.limits
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Self::Layer {
        AcknowledgeLayer::new(Finish(self.finished.clone()))
    }
}

/// Tells the reader which entries a task has finished; sees the result after all retries.
#[derive(Clone, Debug)]
pub(super) struct Finish(mpsc::Sender<Finished>);

impl Acknowledge<Recorded> for Finish {
    type Error = OutboxBackendError;
    type Future = BoxFuture<'static, Result<(), Self::Error>>;

    fn ack(
        &mut self,
        result: &Result<Recorded, BoxDynError>,
        _context: &ExecutionContext,
    ) -> Self::Future {
        // Not recorded: nothing is removed, and the entries come again.
        let done = result.as_ref().map_or_else(|_| Vec::new(), |recorded| recorded.done.clone());
        let finished = self.0.clone();
        async move { finished.send(done).await.map_err(|_| OutboxBackendError) }.boxed()
    }
}
