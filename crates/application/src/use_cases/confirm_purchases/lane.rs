//! One way to the ledger: a commit at a time, for all that waits.

use std::mem;

use stampede_domain::{RecordedPurchase, SaleId, Shard};
use tokio::sync::{mpsc, oneshot};

use super::{ConfirmStores, Confirmed};
use crate::ports::{Causes, CommitError, Entry, EntryBody, EntryId, OnRecord, PortError, Settled};

/// A batch or a lookup that waits to be confirmed.
pub(super) struct Confirming {
    pub(super) id: SaleId,
    /// What the batch put into the outbox.
    pub(super) entry: Option<Entry>,
    /// Purchases that may be recorded already.
    pub(super) named: Vec<RecordedPurchase>,
    /// Who waits may have gone.
    pub(super) reply: oneshot::Sender<Confirmed>,
}

impl Confirming {
    fn rows(&self) -> usize {
        self.named.len()
            + self.entry.as_ref().map_or(0, |entry| entry.body.purchase_numbers().count())
    }
}

/// A part of a commit, and whose it is.
struct Part {
    /// The place of its request.
    of: usize,
    purchases: Vec<RecordedPurchase>,
}

/// What has become of one request.
struct Progress {
    confirmed: Confirmed,
    /// The entry that leaves the outbox, while all of it is committed.
    entry: Option<EntryId>,
}

/// Takes all that waits, and commits it as one.
pub(super) struct Lane {
    stores: ConfirmStores,
    rows_max: usize,
}

impl Lane {
    pub(super) fn new(stores: ConfirmStores, rows_max: usize) -> Self {
        Self { stores, rows_max }
    }

    /// Works until nobody can ask any more.
    pub(super) async fn run(self, mut waiting: mpsc::Receiver<Confirming>) {
        while let Some(first) = waiting.recv().await {
            let mut rows = first.rows();
            let mut gathered = vec![first];
            while rows < self.rows_max
                && let Ok(next) = waiting.try_recv()
            {
                rows += next.rows();
                gathered.push(next);
            }
            self.confirm(gathered).await;
        }
    }

    async fn confirm(&self, mut gathered: Vec<Confirming>) {
        let mut progress: Vec<Progress> = gathered
            .iter()
            .map(|one| Progress {
                confirmed: Confirmed::default(),
                entry: one.entry.as_ref().and_then(|entry| entry.id.clone()),
            })
            .collect();
        let mut parts = Vec::new();
        for (of, one) in gathered.iter_mut().enumerate() {
            if let Some(Entry { body: EntryBody::Purchases(purchases), .. }) = one.entry.take() {
                parts.push(Part { of, purchases });
            }
            let named = mem::take(&mut one.named);
            match self.unrecorded(&one.id, named, &mut progress[of].confirmed).await {
                Ok(purchases) if purchases.is_empty() => {}
                Ok(purchases) => parts.push(Part { of, purchases }),
                Err(error) => {
                    tracing::warn!(sale = %one.id, error = %Causes(&error),
                        "the ledger does not say what it has");
                }
            }
        }
        self.commit(&gathered, parts, &mut progress).await;
        let mut done = Vec::new();
        for (one, Progress { confirmed, entry }) in gathered.into_iter().zip(progress) {
            done.extend(entry.map(|entry| (Shard::of(&one.id.sku), entry)));
            // Whoever has stopped waiting repeats the attempt.
            let _ = one.reply.send(confirmed);
        }
        self.remove(done).await;
    }

    /// What of `named` is yet to be recorded; notes what is, and what never will be.
    async fn unrecorded(
        &self,
        id: &SaleId,
        named: Vec<RecordedPurchase>,
        confirmed: &mut Confirmed,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        if named.is_empty() {
            return Ok(named);
        }
        let numbers: Vec<_> = named.iter().map(|one| one.purchase.no()).collect();
        confirmed.note(self.stores.ledger.on_record(id, &numbers).await?);
        let missing = named.into_iter().filter(|one| !confirmed.is_settled(one));
        Ok(missing.collect())
    }

    /// Commits all parts as one; what the ledger refuses is left to the workers, and keeps nothing
    /// else from being confirmed.
    async fn commit(&self, gathered: &[Confirming], parts: Vec<Part>, progress: &mut [Progress]) {
        // Halves of what was refused, the first half on top.
        let mut waiting = vec![parts];
        while let Some(mut parts) = waiting.pop() {
            if parts.is_empty() {
                continue;
            }
            let entries: Vec<_> = parts.iter_mut().map(entry_of).collect();
            let committed = self.stores.ledger.commit(&entries).await;
            for (part, entry) in parts.iter_mut().zip(entries) {
                part.purchases = purchases_of(entry.body);
            }
            match committed {
                Ok(settled) => {
                    for (part, settled) in parts.into_iter().zip(settled) {
                        let of = part.of;
                        self.settle(&gathered[of].id, part, &settled, &mut progress[of]).await;
                    }
                }
                Err(CommitError::Drift { sale, constraint }) => {
                    tracing::error!(%sale, constraint, "gate and ledger disagree: making the sale anew");
                    self.rebuild(sale.clone());
                    let (drifted, others): (Vec<_>, Vec<_>) =
                        parts.into_iter().partition(|part| gathered[part.of].id == sale);
                    give_up(&drifted, progress);
                    waiting.push(others);
                }
                Err(CommitError::Data(_)) => {
                    let (first, second) = halves(parts);
                    if second.is_empty() {
                        give_up(&first, progress);
                    } else {
                        waiting.push(second);
                        waiting.push(first);
                    }
                }
                Err(CommitError::Port(error)) => {
                    tracing::warn!(error = %Causes(&error), "the ledger did not confirm purchases");
                    give_up(&parts, progress);
                    for parts in &waiting {
                        give_up(parts, progress);
                    }
                    return;
                }
            }
        }
    }

    async fn settle(&self, id: &SaleId, part: Part, settled: &Settled, progress: &mut Progress) {
        let numbers: Vec<_> = part.purchases.iter().map(|one| one.purchase.no()).collect();
        match settled {
            Settled::Committed { inserted } if *inserted == numbers.len() => {
                progress.confirmed.recorded.extend(numbers);
            }
            // Some were there before, or a person has given them up: only the ledger tells.
            Settled::Committed { .. } => match self.stores.ledger.on_record(id, &numbers).await {
                Ok(on_record) => progress.confirmed.note(on_record),
                Err(error) => {
                    progress.entry = None;
                    tracing::warn!(sale = %id, error = %Causes(&error),
                        "the ledger does not say what it has");
                }
            },
            // A worker offers it to the gate again, or sets it aside.
            Settled::Stale { .. } | Settled::Orphaned(_) | Settled::Dropped => {
                progress.entry = None;
            }
        }
    }

    /// Makes the sale anew, while nobody waits for it.
    fn rebuild(&self, sale: SaleId) {
        let gate = self.stores.gate.clone();
        tokio::spawn(async move {
            if let Err(error) = gate.rebuild(&sale).await {
                tracing::warn!(%sale, error = %Causes(&error), "the sale was not made anew");
            }
        });
    }

    /// Removes what is committed from the outbox; a worker does what is left undone here.
    async fn remove(&self, mut done: Vec<(Shard, EntryId)>) {
        done.sort_by_key(|(shard, _)| *shard);
        for same in done.chunk_by(|one, other| one.0 == other.0) {
            let ids: Vec<_> = same.iter().map(|(_, id)| id.clone()).collect();
            if let Err(error) = self.stores.outbox.done(same[0].0, &ids).await {
                tracing::debug!(error = %Causes(&error), "what is recorded stays in the outbox");
            }
        }
    }
}

impl Confirmed {
    fn note(&mut self, on_record: OnRecord) {
        self.recorded.extend(on_record.numbers);
        self.voided.extend(on_record.voided);
    }

    fn is_settled(&self, one: &RecordedPurchase) -> bool {
        let number = one.purchase.no();
        self.recorded.contains(&number) || self.voided.contains(&number)
    }
}

/// Their entries stay in the outbox.
fn give_up(parts: &[Part], progress: &mut [Progress]) {
    for part in parts {
        progress[part.of].entry = None;
    }
}

/// Splits by parts, or the only part by its purchases; the second half is empty if nothing can be
/// split.
fn halves(mut parts: Vec<Part>) -> (Vec<Part>, Vec<Part>) {
    if parts.len() > 1 {
        let second = parts.split_off(parts.len() / 2);
        return (parts, second);
    }
    let second = parts.first_mut().map(|part| {
        let half = part.purchases.len() / 2;
        // A single purchase stays whole.
        let half = if half == 0 { part.purchases.len() } else { half };
        Part { of: part.of, purchases: part.purchases.split_off(half) }
    });
    let second = second.into_iter().filter(|part| !part.purchases.is_empty()).collect();
    (parts, second)
}

fn entry_of(part: &mut Part) -> Entry {
    Entry { id: None, body: EntryBody::Purchases(mem::take(&mut part.purchases)) }
}

fn purchases_of(body: EntryBody) -> Vec<RecordedPurchase> {
    match body {
        EntryBody::Purchases(purchases) => purchases,
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => Vec::new(),
    }
}
