//! The ways to the ledger, one a sale: what waits in one goes as one commit, one at a time.

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt as _;
use stampede_domain::{PurchaseNo, RecordedPurchase, SaleId, Shard};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
};

use super::{
    ConfirmLimits, ConfirmStores, Confirmed,
    repairs::{Repair, Repairs},
    request::{Gathered, Request},
};
use crate::ports::{Causes, CommitError, Entry, EntryBody, EntryId, Settled};

/// What waits for the ledger, by sale.
///
/// A way has a task of its own, which ends with it once nothing waits in it. So a row that another
/// holds, or a panic, is felt by its own sale alone.
pub(super) struct Ways {
    stores: ConfirmStores,
    limits: ConfirmLimits,
    repairs: Arc<Repairs>,
    /// Asked by every worker thread, held for no work.
    open: Mutex<Open>,
    /// Commits that may run at a time.
    commits: Semaphore,
    /// Where the tasks run, whichever thread asks.
    runtime: Handle,
}

/// The ways that have a task.
#[derive(Default)]
struct Open {
    ways: HashMap<SaleId, Way>,
    /// Purchases that wait in all of them.
    rows: usize,
}

/// What waits for a sale's next commit.
#[derive(Default)]
struct Way {
    waiting: VecDeque<Request>,
    /// Purchases of these.
    rows: usize,
}

impl Ways {
    pub(super) fn new(
        stores: ConfirmStores,
        limits: ConfirmLimits,
        repairs: Arc<Repairs>,
        runtime: Handle,
    ) -> Self {
        let commits = Semaphore::new(limits.at_once_max.max(1));
        Self { stores, limits, repairs, open: Mutex::default(), commits, runtime }
    }

    /// Whether one more purchase of the sale may wait: while fewer of it do than all sales together
    /// have room for, so that the more sales wait, the less is each one's, and none fills it all.
    pub(super) fn has_room(&self, id: &SaleId) -> bool {
        let open = self.locked();
        let of_sale = open.ways.get(id).map_or(0, |way| way.rows);
        of_sale < self.limits.waiting_max.saturating_sub(open.rows)
    }

    /// Puts a request behind those of its sale; it is answered, or its reply is dropped.
    pub(super) fn add(self: &Arc<Self>, id: &SaleId, request: Request) {
        let is_new = {
            let mut open = self.locked();
            open.rows += request.rows();
            let is_new = !open.ways.contains_key(id);
            let way = open.ways.entry(id.clone()).or_default();
            way.rows += request.rows();
            way.waiting.push_back(request);
            is_new
        };
        if is_new {
            self.runtime.spawn(self.clone().drive(id.clone()));
        }
    }

    /// Takes to the ledger what waits for it of one sale, until nothing does.
    async fn drive(self: Arc<Self>, id: SaleId) {
        // First the permit, so that all goes that has come meanwhile; nobody closes the semaphore.
        while let Ok(permit) = self.commits.acquire().await
            && let Some(requests) = self.gather(&id)
        {
            // Nothing that others see is left half done by whoever panics here.
            let confirming = AssertUnwindSafe(self.confirm(&id, requests, permit));
            if confirming.catch_unwind().await.is_err() {
                // Beside the panic's own line, which knows of no sale.
                tracing::error!(sale = %id, "confirming purchases ended by a panic");
            }
        }
    }

    /// What goes next; once nothing waits the way is gone, and its task must end.
    fn gather(&self, id: &SaleId) -> Option<Vec<Request>> {
        let (mut requests, mut rows) = (Vec::new(), 0);
        let mut locked = self.locked();
        let open = &mut *locked;
        let way = open.ways.get_mut(id)?;
        while rows < self.limits.rows_max
            && let Some(request) = way.waiting.pop_front()
        {
            way.rows -= request.rows();
            open.rows -= request.rows();
            // A worker records what whoever has left put into the outbox.
            if request.is_waited_for() {
                rows += request.rows();
                requests.push(request);
            }
        }
        if requests.is_empty() {
            open.ways.remove(id);
            return None;
        }
        Some(requests)
    }

    async fn confirm(&self, id: &SaleId, requests: Vec<Request>, permit: SemaphorePermit<'_>) {
        let Gathered { mut new, named, entries, replies } = Gathered::of(requests);
        let mut confirmed = Confirmed::default();
        new.extend(self.unrecorded(id, named, &mut confirmed).await);
        self.commit(id, new, &mut confirmed).await;
        drop(permit);
        let is_done = |numbers: &[PurchaseNo]| numbers.iter().all(|no| confirmed.is_settled(no));
        let done = entries.into_iter().filter(|(_, numbers)| is_done(numbers));
        let done: Vec<EntryId> = done.map(|(id, _)| id).collect();
        let confirmed = Arc::new(confirmed);
        for reply in replies {
            // Whoever has stopped waiting repeats the attempt.
            let _ = reply.send(confirmed.clone());
        }
        self.remove(id, &done).await;
    }

    /// What of `named` is yet to be recorded; notes what is, and what never will be. One question.
    async fn unrecorded(
        &self,
        id: &SaleId,
        mut named: HashMap<PurchaseNo, RecordedPurchase>,
        confirmed: &mut Confirmed,
    ) -> HashMap<PurchaseNo, RecordedPurchase> {
        if named.is_empty() {
            return named;
        }
        let numbers: Vec<_> = named.keys().copied().collect();
        if self.ask(id, &numbers, confirmed).await {
            named.retain(|number, _| !confirmed.is_settled(number));
            return named;
        }
        HashMap::new()
    }

    /// Commits all of it as one; what the ledger refuses is left to the workers, and keeps nothing
    /// else from being confirmed.
    async fn commit(
        &self,
        id: &SaleId,
        purchases: HashMap<PurchaseNo, RecordedPurchase>,
        confirmed: &mut Confirmed,
    ) {
        let mut purchases: Vec<_> = purchases.into_values().collect();
        purchases.sort_unstable_by_key(|one| one.purchase.position);
        // Halves of what was refused, the first half on top.
        let mut waiting = vec![purchases];
        while let Some(mut purchases) = waiting.pop() {
            if purchases.is_empty() {
                continue;
            }
            match self.stores.ledger.commit(&entries(&purchases)).await {
                Ok(settled) => self.settle(id, &purchases, &settled, confirmed).await,
                Err(CommitError::Data(_)) if purchases.len() > 1 => {
                    let second = purchases.split_off(purchases.len() / 2);
                    waiting.extend([second, purchases]);
                }
                Err(CommitError::Data(error)) => {
                    tracing::warn!(sale = %id, error = %Causes(&*error),
                        "the ledger refuses a purchase");
                }
                Err(CommitError::Drift { sale, constraint }) => {
                    tracing::error!(%sale, constraint, "gate and ledger disagree");
                    return self.repairs.start(&sale, Repair::Rebuild);
                }
                Err(CommitError::Port(error) | CommitError::Busy { error, .. }) => {
                    tracing::warn!(sale = %id, error = %Causes(&error),
                        "the ledger did not confirm purchases");
                    return;
                }
            }
        }
    }

    async fn settle(
        &self,
        id: &SaleId,
        purchases: &[RecordedPurchase],
        settled: &[Settled],
        confirmed: &mut Confirmed,
    ) {
        let numbers: Vec<_> = purchases.iter().map(|one| one.purchase.no()).collect();
        let inserted = settled.iter().map(|settled| match settled {
            Settled::Committed { inserted } => *inserted,
            // A worker offers it to the gate again, or raises it.
            Settled::Stale { .. } | Settled::Orphaned(_) | Settled::Dropped => 0,
        });
        if inserted.sum::<usize>() == numbers.len() {
            confirmed.recorded.extend(numbers);
        } else {
            // Some were there before, are of another life, or were voided: the ledger tells.
            self.ask(id, &numbers, confirmed).await;
        }
    }

    /// Notes what the ledger has of `numbers`; whether it answered.
    async fn ask(&self, id: &SaleId, numbers: &[PurchaseNo], confirmed: &mut Confirmed) -> bool {
        match self.stores.ledger.on_record(id, numbers).await {
            Ok(on_record) => {
                confirmed.recorded.extend(on_record.numbers);
                confirmed.voided.extend(on_record.voided);
                true
            }
            Err(error) => {
                tracing::warn!(sale = %id, error = %Causes(&error),
                    "the ledger does not say what it has");
                false
            }
        }
    }

    /// Removes what is committed from the outbox; a worker does what is left undone here.
    async fn remove(&self, id: &SaleId, done: &[EntryId]) {
        if done.is_empty() {
            return;
        }
        if let Err(error) = self.stores.outbox.done(Shard::of(&id.sku), done).await {
            tracing::debug!(sale = %id, error = %Causes(&error),
                "what is recorded stays in the outbox");
        }
    }

    fn locked(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As the ledger takes them: an entry is of one life of the gate.
fn entries(purchases: &[RecordedPurchase]) -> Vec<Entry> {
    let of_a_life = purchases.chunk_by(|one, next| one.epoch == next.epoch);
    of_a_life.map(|part| Entry { id: None, body: EntryBody::Purchases(part.to_vec()) }).collect()
}
