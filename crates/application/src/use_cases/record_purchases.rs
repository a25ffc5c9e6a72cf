//! A worker records what the outbox brings in the ledger.

use std::sync::Arc;

use stampede_domain::{RecordedPurchase, Shard};

use crate::ports::{
    Causes, CommitError, DeadLetter, Entry, EntryBody, EntryId, Ledger, Outbox, PortError,
    Readmission, SaleGate, Settled,
};

/// What recording may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Times that the ledger may refuse one purchase for its data before it is set aside.
    pub tries_max: u32,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self { tries_max: 3 }
    }
}

/// What became of a batch of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Entries that may leave the outbox.
    pub done: Vec<EntryId>,
    /// Purchases that are new in the ledger.
    pub inserted: usize,
    /// Purchases of another epoch that the gate has taken in again.
    pub readmitted: usize,
    /// Purchases that were set aside as dead letters.
    pub buried: usize,
    /// Entries of a newer version, left for a worker that can read them.
    pub left: usize,
}

/// Records entries: one transaction for all that a read brought.
///
/// Safe to run twice on the same entries, and at the same time as another worker.
pub struct RecordPurchases {
    ledger: Arc<dyn Ledger>,
    outbox: Arc<dyn Outbox>,
    gate: Arc<dyn SaleGate>,
    limits: RecordLimits,
}

impl RecordPurchases {
    /// Over the ledger; outbox and gate for what the ledger does not take.
    #[must_use]
    pub fn new(
        ledger: Arc<dyn Ledger>,
        outbox: Arc<dyn Outbox>,
        gate: Arc<dyn SaleGate>,
        limits: RecordLimits,
    ) -> Self {
        Self { ledger, outbox, gate, limits }
    }

    /// Records the entries of one shard; the caller then removes those that are done.
    ///
    /// # Errors
    ///
    /// [`PortError`]; what is not recorded stays in the outbox, and the same entries may be
    /// recorded again.
    pub async fn run(&self, shard: Shard, entries: Vec<Entry>) -> Result<Recorded, PortError> {
        let mut recorded = Recorded::default();
        match self.record(shard, entries, &mut recorded).await {
            Ok(()) => Ok(recorded),
            Err(error) if recorded.done.is_empty() => Err(error),
            // What is done may leave, lest it be set aside once more; the rest comes again.
            Err(error) => {
                tracing::warn!(%shard, error = %Causes(&error), "a part was not recorded");
                Ok(recorded)
            }
        }
    }

    async fn record(
        &self,
        shard: Shard,
        entries: Vec<Entry>,
        recorded: &mut Recorded,
    ) -> Result<(), PortError> {
        let mut readable = Vec::with_capacity(entries.len());
        for entry in entries {
            match &entry.body {
                EntryBody::Purchases(_) | EntryBody::Change(_) => readable.push(entry),
                EntryBody::Newer { format } => {
                    tracing::warn!(format, id = ?entry.id, "an entry of a newer version is left");
                    recorded.left += 1;
                }
                EntryBody::Broken { raw, error } => {
                    let (raw, error) = (Some(raw.clone()), error.clone());
                    let letter = DeadLetter { purchase: None, raw, error };
                    self.bury(shard, &letter, recorded).await?;
                    recorded.done.extend(entry.id);
                }
            }
        }
        // Halves that are still to be committed, the first half on top.
        let mut waiting = vec![readable];
        while let Some(batch) = waiting.pop() {
            if batch.is_empty() {
                continue;
            }
            match self.commit(&batch).await {
                Ok(settled) => {
                    for (entry, settled) in batch.into_iter().zip(settled) {
                        self.settle(shard, settled, recorded).await?;
                        recorded.done.extend(entry.id);
                    }
                }
                Err(CommitError::Port(error)) => return Err(error),
                Err(CommitError::Drift { .. }) => {
                    let drift = "gate and ledger still disagree after the sale was made anew";
                    return Err(PortError::inconsistent("ledger", drift));
                }
                Err(CommitError::Data(error)) => {
                    self.bisect(shard, batch, &error, &mut waiting, recorded).await?;
                }
            }
        }
        Ok(())
    }

    /// Commits; if gate and ledger have drifted apart, the sale is made anew once, after which its
    /// entries are of another epoch and go their way as such.
    async fn commit(&self, batch: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        match self.ledger.commit(batch).await {
            Err(CommitError::Drift { sale, constraint }) => {
                tracing::error!(%sale, constraint, "gate and ledger disagree: making the sale anew");
                self.gate.rebuild(&sale).await?;
                self.ledger.commit(batch).await
            }
            other => other,
        }
    }

    async fn settle(
        &self,
        shard: Shard,
        settled: Settled,
        recorded: &mut Recorded,
    ) -> Result<(), PortError> {
        match settled {
            Settled::Committed { inserted } => recorded.inserted += inserted,
            Settled::Dropped => {}
            Settled::Orphaned(purchases) => {
                let error = "its sale is deleted, and its archive has it not";
                self.bury_all(shard, purchases, error, recorded).await?;
            }
            Settled::Stale { purchases, epoch } => {
                let answers = self.outbox.readmit(&purchases, epoch).await?;
                let mut refused = Vec::new();
                for (purchase, answer) in purchases.into_iter().zip(answers) {
                    match answer {
                        Readmission::Adopted => recorded.readmitted += 1,
                        Readmission::Refused => refused.push(purchase),
                    }
                }
                let error = "acknowledged at the gate, lost in a fault";
                self.bury_all(shard, refused, error, recorded).await?;
            }
        }
        Ok(())
    }

    /// Splits a batch that the ledger refuses until the poisoned purchase stands alone; that one
    /// is set aside after its tries.
    async fn bisect(
        &self,
        shard: Shard,
        mut batch: Vec<Entry>,
        error: &Arc<dyn std::error::Error + Send + Sync>,
        waiting: &mut Vec<Vec<Entry>>,
        recorded: &mut Recorded,
    ) -> Result<(), PortError> {
        if batch.len() > 1 {
            let second = batch.split_off(batch.len() / 2);
            waiting.push(second);
            waiting.push(batch);
            return Ok(());
        }
        let Some(Entry { id, body }) = batch.pop() else { return Ok(()) };
        match body {
            EntryBody::Purchases(mut purchases) if purchases.len() > 1 => {
                let second = purchases.split_off(purchases.len() / 2);
                // The id goes with the half that is committed last: done is only the whole entry.
                waiting.push(vec![Entry { id, body: EntryBody::Purchases(second) }]);
                waiting.push(vec![Entry { id: None, body: EntryBody::Purchases(purchases) }]);
            }
            EntryBody::Purchases(purchases) => {
                let entry = Entry { id: None, body: EntryBody::Purchases(purchases.clone()) };
                match self.try_again(&entry).await? {
                    Some(settled) => self.settle(shard, settled, recorded).await?,
                    None => self.bury_all(shard, purchases, &error.to_string(), recorded).await?,
                }
                recorded.done.extend(id);
            }
            body @ (EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. }) => {
                let raw = Some(format!("{body:?}"));
                let letter = DeadLetter { purchase: None, raw, error: error.to_string() };
                self.bury(shard, &letter, recorded).await?;
                recorded.done.extend(id);
            }
        }
        Ok(())
    }

    /// What becomes of a purchase that the ledger refused once; `None` if it refuses it within the
    /// tries that are left.
    async fn try_again(&self, entry: &Entry) -> Result<Option<Settled>, PortError> {
        for _ in 1..self.limits.tries_max {
            match self.commit(std::slice::from_ref(entry)).await {
                Ok(settled) => return Ok(settled.into_iter().next()),
                Err(CommitError::Port(error)) => return Err(error),
                Err(CommitError::Data(_) | CommitError::Drift { .. }) => {}
            }
        }
        Ok(None)
    }

    async fn bury_all(
        &self,
        shard: Shard,
        purchases: Vec<RecordedPurchase>,
        error: &str,
        recorded: &mut Recorded,
    ) -> Result<(), PortError> {
        for purchase in purchases {
            let letter =
                DeadLetter { purchase: Some(purchase), raw: None, error: error.to_owned() };
            self.bury(shard, &letter, recorded).await?;
        }
        Ok(())
    }

    async fn bury(
        &self,
        shard: Shard,
        letter: &DeadLetter,
        recorded: &mut Recorded,
    ) -> Result<(), PortError> {
        tracing::error!(
            purchase = letter.purchase.as_ref().map(|lost| lost.purchase.no().to_string()),
            reason = letter.error,
            "a purchase cannot be recorded and is set aside as a dead letter"
        );
        self.outbox.bury(shard, letter).await?;
        recorded.buried += 1;
        Ok(())
    }
}
