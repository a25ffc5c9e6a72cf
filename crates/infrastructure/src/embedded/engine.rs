//! The embedded engine: a gate in memory with a synced journal, in one task.
//!
//! Decide in memory, write by one sync for all that queued while the last one ran, then answer:
//! every outcome, rejections too, since a rejection may rest on an acceptance that is not written.
//!
//! Architecture invariant: one task owns the state. There is no lock in the gate, and no answer
//! that is older or newer than the journal.

mod command;
mod group;
mod load;
mod memory;
mod open_sale;
mod run;

use std::sync::Arc;

use stampede_application::ports::{
    Causes, Clock, Outbox, PortError, Randomness, SaleFeed, SaleGate,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use self::{group::Group, load::Loader, run::Task};
use super::{
    EmbeddedCatalogue, EmbeddedDatabase, EmbeddedLedger, STORE, feed::EmbeddedFeed,
    gate::EmbeddedSaleGate, journal::EmbeddedJournal,
};

pub(super) use command::{Command, Reply};

/// What the engine may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Batches and other questions that wait; one more is shed.
    pub queue_max: usize,
    /// Questions that go into one sync, a batch of 256 attempts being one.
    pub group_max: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self { queue_max: 4_096, group_max: 1_024 }
    }
}

/// What the engine stands on.
pub struct EngineParts {
    /// The data folder's database, with the journal in it.
    pub database: EmbeddedDatabase,
    /// Which sales exist.
    pub catalogue: Arc<EmbeddedCatalogue>,
    /// The time by which sales are judged.
    pub clock: Arc<dyn Clock>,
    /// Where epochs get their nonces.
    pub randomness: Arc<dyn Randomness>,
}

/// The running engine of one data folder.
///
/// Dropping it ends its task at once, as a crash would; [`stop`](Self::stop) first answers what
/// has queued.
pub struct EmbeddedEngine {
    handle: EngineHandle,
    database: EmbeddedDatabase,
    catalogue: Arc<EmbeddedCatalogue>,
    written: watch::Receiver<i64>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl EmbeddedEngine {
    /// Makes the gate from ledger and journal, every sale under a new epoch, and runs it.
    ///
    /// # Errors
    ///
    /// [`PortError`] if the database cannot be read or written.
    pub async fn start(parts: EngineParts, limits: EngineLimits) -> Result<Self, PortError> {
        let EngineParts { database, catalogue, clock, randomness } = parts;
        let loader = Loader {
            database: database.clone(),
            catalogue: catalogue.clone(),
            ledger: EmbeddedLedger::new(database.clone()),
            clock,
            randomness,
        };
        let memory = loader.everything().await?;
        let last_row = loader.last_row().await?;
        let (questions, commands) = mpsc::channel(limits.queue_max);
        let (writing, written) = watch::channel(last_row);
        let stop = CancellationToken::new();
        let task = Task {
            commands,
            group_max: limits.group_max,
            loader,
            connection: None,
            memory: Some(memory),
            group: Group::after(last_row),
            written: writing,
            stop: stop.clone(),
            retry_at: None,
        };
        let task = tokio::spawn(task.run());
        Ok(Self { handle: EngineHandle { questions }, database, catalogue, written, stop, task })
    }

    /// The gate of this process.
    #[must_use]
    pub fn gate(&self) -> Arc<dyn SaleGate> {
        Arc::new(EmbeddedSaleGate::new(self.handle.clone()))
    }

    /// The journal as the workers drain it. Claims are its own: make one a process.
    #[must_use]
    pub fn outbox(&self) -> Arc<dyn Outbox> {
        let (database, written) = (self.database.clone(), self.written.clone());
        Arc::new(EmbeddedJournal::new(database, self.handle.clone(), written))
    }

    /// What tells this process of its sales when it starts.
    #[must_use]
    pub fn feed(&self) -> Arc<dyn SaleFeed> {
        Arc::new(EmbeddedFeed::new(self.catalogue.clone(), self.gate()))
    }

    /// Answers what has queued, refuses what comes after, and ends.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(
                error = %Causes(&error),
                "the engine did not end well"
            );
        }
    }
}

impl Drop for EmbeddedEngine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A way to ask the engine; cheap to clone.
#[derive(Clone)]
pub(super) struct EngineHandle {
    questions: mpsc::Sender<Command>,
}

/// The engine did not take a question, or ended before it answered.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("as much as may wait for the engine is waiting")]
    Full,
    #[error("the engine has ended")]
    Ended,
}

impl EngineHandle {
    /// Asks and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`PortError`] of the engine, or because it is full or gone.
    pub(super) async fn ask<T>(
        &self,
        question: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, PortError> {
        let (reply, answer) = oneshot::channel();
        self.questions.try_send(question(reply)).map_err(|refused| {
            let why = match refused {
                mpsc::error::TrySendError::Full(_) => NoAnswer::Full,
                mpsc::error::TrySendError::Closed(_) => NoAnswer::Ended,
            };
            PortError::unavailable(STORE, why)
        })?;
        answer.await.unwrap_or_else(|_| Err(PortError::unavailable(STORE, NoAnswer::Ended)))
    }
}
