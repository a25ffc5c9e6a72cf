//! A worker records what the outbox brings in the ledger.

mod progress;
mod recorded;

use std::sync::Arc;

use stampede_domain::{SaleId, Shard, TraceParent};

use self::progress::Progress;
pub use self::recorded::Recorded;
use crate::ports::{
    Causes, CommitError, DeadLetter, Drift, Entry, EntryBody, Ledger, NoPlace, Outbox, PortError,
    Raised, Readmission, SaleGate, Settled,
};

/// What recording may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Times that the ledger may refuse one purchase for its data before it is raised.
    pub tries_max: u32,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self { tries_max: 3 }
    }
}

/// Records entries: one transaction for all that a read brought, and one more for each sale of
/// them whose row others hold, which is waited for once the rest is recorded.
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
        let mut progress = Progress::default();
        // Boxed: it is large, and others wait within larger ones.
        let outcome = Box::pin(self.record(shard, entries, &mut progress)).await;
        match outcome {
            Ok(()) => {
                progress.recorded.finish();
                Ok(progress.recorded)
            }
            Err(error) if progress.recorded.is_nothing() => Err(error),
            // What is done may leave, lest it be raised once more; the rest comes again.
            Err(error) => {
                tracing::warn!(%shard, error = %Causes(&error), "a part was not recorded");
                Ok(progress.recorded)
            }
        }
    }

    async fn record(
        &self,
        shard: Shard,
        entries: Vec<Entry>,
        progress: &mut Progress,
    ) -> Result<(), PortError> {
        let mut readable = Vec::with_capacity(entries.len());
        for entry in entries {
            match &entry.body {
                EntryBody::Purchases(_) | EntryBody::Change(_) => readable.push(entry),
                EntryBody::Newer { format } => {
                    tracing::warn!(format, id = ?entry.id, "an entry of a newer version is left");
                    progress.recorded.left += 1;
                }
                EntryBody::Broken { raw, error } => {
                    let letter = DeadLetter::unreadable(raw.clone(), error);
                    self.raise(shard, &letter, &mut progress.recorded).await?;
                    progress.recorded.done.extend(entry.id);
                }
            }
        }
        progress.waiting.push(readable);
        while let Some(batch) = progress.next() {
            if batch.is_empty() {
                continue;
            }
            match self.ledger.commit(&batch).await {
                Ok(settled) => self.settle_all(shard, batch, settled, progress).await,
                Err(CommitError::Port(error)) => return Err(error),
                Err(CommitError::Busy { sales, error }) => {
                    progress.put_off(batch, sales, &error);
                }
                Err(CommitError::Drift { sale, constraint }) => {
                    self.bring_together(sale, &constraint, progress).await?;
                    progress.waiting.push(batch);
                }
                Err(CommitError::Data(error)) => {
                    self.bisect(shard, batch, &error, progress).await?;
                }
            }
        }
        Ok(())
    }

    /// Makes a sale whose gate and ledger have drifted apart anew, after which its entries are of
    /// another epoch and go their way as such.
    async fn bring_together(
        &self,
        sale: SaleId,
        constraint: &str,
        progress: &mut Progress,
    ) -> Result<(), PortError> {
        tracing::error!(%sale, constraint, "gate and ledger disagree: making the sale anew");
        let still = PortError::inconsistent("ledger", "gate and ledger still disagree");
        if progress.recorded.apart.contains_key(&sale) {
            // It has no entry in the batch: to go on would be to go on for ever.
            return Err(still);
        }
        if !progress.again.insert(sale.clone()) {
            progress.recorded.set_apart(sale, &still);
            return Ok(());
        }
        match self.gate.rebuild(&sale).await {
            Err(error) => progress.recorded.set_apart(sale, &error),
            Ok(rebuilt) if rebuilt.raised == 0 => {
                progress.recorded.sold_twice.insert(sale);
            }
            Ok(_) => {}
        }
        Ok(())
    }

    /// Does for each entry what the ledger's answer asks for. What fails for one sale is
    /// committed once more: an offer that a gate of another life meets restores it, which gives
    /// the ledger what it lacked.
    async fn settle_all(
        &self,
        shard: Shard,
        batch: Vec<Entry>,
        settled: Vec<Settled>,
        progress: &mut Progress,
    ) {
        let mut again = Vec::new();
        let mut failed: Vec<(SaleId, PortError)> = Vec::new();
        for (entry, settled) in batch.into_iter().zip(settled) {
            let Some(sale) = entry.body.sale().cloned() else {
                progress.recorded.done.extend(entry.id);
                continue;
            };
            if failed.iter().any(|(failed, _)| *failed == sale) {
                again.push(entry);
            } else if let Err(error) = self.settle(shard, settled, &mut progress.recorded).await {
                failed.push((sale, error));
                again.push(entry);
            } else {
                progress.recorded.done.extend(entry.id);
            }
        }
        for (sale, error) in failed {
            if !progress.again.insert(sale.clone()) {
                progress.recorded.set_apart(sale, &error);
            }
        }
        progress.waiting.push(again);
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
                for purchase in purchases {
                    let letter = DeadLetter::of(purchase, NoPlace::SaleGone.as_str());
                    if self.raise(shard, &letter, recorded).await? == Raised::Now {
                        recorded.findings.raised(Drift::EntryOfAnOldGeneration, 1);
                    }
                }
            }
            Settled::Stale { purchases, epoch } => {
                let answers = self.outbox.readmit(&purchases, epoch).await?;
                for (purchase, answer) in purchases.into_iter().zip(answers) {
                    match answer {
                        Readmission::Adopted => recorded.readmitted += 1,
                        Readmission::Refused(why) => {
                            let sale = purchase.sale.clone();
                            let letter = DeadLetter::of(purchase, why.as_str());
                            let raised = self.raise(shard, &letter, recorded).await?;
                            recorded.refused(&sale, raised);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Splits a batch that the ledger refuses until the poisoned purchase stands alone; that one
    /// is raised after its tries.
    async fn bisect(
        &self,
        shard: Shard,
        mut batch: Vec<Entry>,
        error: &Arc<dyn std::error::Error + Send + Sync>,
        progress: &mut Progress,
    ) -> Result<(), PortError> {
        if batch.len() > 1 {
            let second = batch.split_off(batch.len() / 2);
            progress.waiting.push(second);
            progress.waiting.push(batch);
            return Ok(());
        }
        let Some(Entry { id, body }) = batch.pop() else { return Ok(()) };
        match body {
            EntryBody::Purchases(mut purchases) if purchases.len() > 1 => {
                let second = purchases.split_off(purchases.len() / 2);
                // The id goes with the half that is committed last: done is only the whole entry.
                let second = Entry { id, body: EntryBody::Purchases(second) };
                progress.waiting.push(vec![second]);
                let first = Entry { id: None, body: EntryBody::Purchases(purchases) };
                progress.waiting.push(vec![first]);
            }
            EntryBody::Purchases(purchases) => {
                let entry = Entry { id, body: EntryBody::Purchases(purchases.clone()) };
                match self.try_again(&entry, error).await {
                    Ok(settled) => self.settle_all(shard, vec![entry], settled, progress).await,
                    Err(CommitError::Port(error)) => return Err(error),
                    Err(CommitError::Drift { .. } | CommitError::Busy { .. }) => {
                        progress.waiting.push(vec![entry]);
                    }
                    Err(CommitError::Data(error)) => {
                        let (error, recorded) = (error.to_string(), &mut progress.recorded);
                        for purchase in purchases {
                            self.raise(shard, &DeadLetter::of(purchase, &error), recorded).await?;
                        }
                        progress.recorded.done.extend(entry.id);
                    }
                }
            }
            body @ (EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. }) => {
                let letter = DeadLetter::unreadable(format!("{body:?}"), &error.to_string());
                self.raise(shard, &letter, &mut progress.recorded).await?;
                progress.recorded.done.extend(id);
            }
        }
        Ok(())
    }

    /// Commits a purchase that the ledger refused once, within the tries that are left.
    async fn try_again(
        &self,
        entry: &Entry,
        refused: &Arc<dyn std::error::Error + Send + Sync>,
    ) -> Result<Vec<Settled>, CommitError> {
        let mut refused = refused.clone();
        for _ in 1..self.limits.tries_max {
            match self.ledger.commit(std::slice::from_ref(entry)).await {
                Err(CommitError::Data(again)) => refused = again,
                answer => return answer,
            }
        }
        Err(CommitError::Data(refused))
    }

    async fn raise(
        &self,
        shard: Shard,
        letter: &DeadLetter,
        recorded: &mut Recorded,
    ) -> Result<Raised, PortError> {
        let raised = self.outbox.raise(shard, letter).await?;
        let number = letter.purchase.as_ref().map(|lost| lost.purchase.no());
        recorded.letters.extend(number);
        let (purchase, reason) = (number.map(|number| number.to_string()), &letter.error);
        let trace = letter.purchase.as_ref().and_then(|lost| lost.traceparent.as_ref());
        let traceparent = trace.map(TraceParent::as_str);
        match raised {
            Raised::Now => {
                recorded.raised += 1;
                tracing::error!(
                    purchase,
                    reason,
                    traceparent,
                    "a purchase cannot be recorded and becomes a dead letter"
                );
            }
            // The letter keeps its first reason, and this may be another.
            Raised::Before => {
                tracing::warn!(purchase, reason, "a dead letter's purchase is refused again");
            }
        }
        Ok(raised)
    }
}
