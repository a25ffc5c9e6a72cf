//! Sees to it that the ledger has a purchase before anybody tells of it.

mod repairs;
mod request;
mod ways;

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use stampede_domain::{
    Acknowledgement, Attempt, BuyerId, Purchase, PurchaseNo, RecordedPurchase, SaleId,
};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
    time::timeout,
};

use self::{
    repairs::{Repair, Repairs},
    request::Request,
    ways::Ways,
};
use crate::ports::{Entry, Findings, Held, Ledger, Outbox, PortError, SaleGate, Trail};

/// What confirming may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmLimits {
    /// Commits at a time, each of one sale, and lookups at a time beside them.
    pub at_once_max: usize,
    /// Purchases in one commit, about.
    pub rows_max: usize,
    /// Purchases that wait for a commit, of all sales; one sale may have no more of that than it
    /// leaves to the others, and then an attempt of it that would wait is shed.
    pub waiting_max: usize,
    /// How long a buyer waits; the commit goes on.
    pub wait_max: Duration,
}

impl Default for ConfirmLimits {
    fn default() -> Self {
        let wait_max = Duration::from_secs(2);
        Self { at_once_max: 4, rows_max: 1_000, waiting_max: 16_384, wait_max }
    }
}

/// The stores between which a purchase is confirmed.
#[derive(Clone)]
pub struct ConfirmStores {
    /// What is to have it.
    pub ledger: Arc<dyn Ledger>,
    /// What leaves once it has.
    pub outbox: Arc<dyn Outbox>,
    /// What is made anew if the two disagree.
    pub gate: Arc<dyn SaleGate>,
}

/// Puts on record where gate and ledger were found to disagree.
pub type DriftMet = Arc<dyn Fn(Findings) -> BoxFuture<'static, ()> + Send + Sync>;

/// What the ledger says of purchases that an answer would name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// They may be told.
    pub recorded: HashSet<PurchaseNo>,
    /// A person gave them up: nobody is told of them any more.
    pub voided: HashSet<PurchaseNo>,
}

impl Confirmed {
    /// Whether there is nothing left to do about it.
    fn is_settled(&self, number: &PurchaseNo) -> bool {
        self.recorded.contains(number) || self.voided.contains(number)
    }
}

/// Confirms purchases: a purchase that an answer at level `ledger` names is in the ledger.
///
/// One a node. Each sale has a way of its own, which commits all that waits in it at once: while
/// one commit runs the next gathers, no two of them wait for one row, and a row that another holds
/// keeps no other sale waiting.
pub struct ConfirmPurchases {
    stores: ConfirmStores,
    /// What answers of this node must have survived, even if a sale asks for less.
    level: Acknowledgement,
    wait_max: Duration,
    ways: Arc<Ways>,
    repairs: Arc<Repairs>,
    /// Lookups that may ask the ledger at a time, so that they leave the commits their connections.
    lookups: Semaphore,
}

impl ConfirmPurchases {
    /// Works on the runtime that this is called in, whichever thread asks.
    #[must_use]
    pub fn start(
        stores: ConfirmStores,
        level: Acknowledgement,
        limits: ConfirmLimits,
        drift_met: DriftMet,
    ) -> Self {
        let runtime = Handle::current();
        let repairs = Arc::new(Repairs::new(stores.gate.clone(), drift_met, runtime.clone()));
        let ways = Arc::new(Ways::new(stores.clone(), limits, repairs.clone(), runtime));
        let lookups = Semaphore::new(limits.at_once_max.max(1));
        Self { stores, level, wait_max: limits.wait_max, ways, repairs, lookups }
    }

    /// What an answer must have survived for a sale that asks for `sale`.
    #[must_use]
    pub fn level(&self, sale: Acknowledgement) -> Acknowledgement {
        sale.max(self.level).max(self.stores.gate.acknowledges())
    }

    /// Whether an answer at that level waits for more than the gate's word.
    #[must_use]
    pub fn is_awaited(&self, level: Acknowledgement) -> bool {
        level > self.stores.gate.acknowledges()
    }

    /// Whether one more attempt may come to wait for the ledger, at a sale that asks for
    /// `acknowledge`; yes if it would not wait.
    #[must_use]
    pub fn has_room(&self, id: &SaleId, acknowledge: Acknowledgement) -> bool {
        !self.is_awaited(self.level(acknowledge)) || self.ways.has_room(id)
    }

    /// Which purchases of a batch may be told: of `entry`, what the batch put into the outbox, and
    /// of `named`, what its replays and rejections name. It may say of others too.
    ///
    /// Whether there is room is asked before a unit is taken, and not here.
    pub async fn batch(
        &self,
        id: &SaleId,
        entry: Option<Entry>,
        named: Vec<RecordedPurchase>,
    ) -> Arc<Confirmed> {
        let (reply, confirmed) = oneshot::channel();
        self.ways.add(id, Request::new(entry, named, reply));
        let Ok(confirmed) = timeout(self.wait_max, confirmed).await else {
            tracing::warn!(sale = %id, "the ledger takes too long");
            return Arc::default();
        };
        confirmed.unwrap_or_default()
    }

    /// What a buyer is told that they hold: all of it, but what a person has voided since.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if it may not be told, none included: the ledger has not all of
    /// it and is away, or is in another life than the gate, whose word is then nobody's; or too
    /// many look up at once.
    pub async fn lookup(
        &self,
        id: &SaleId,
        buyer: &BuyerId,
        held: Held,
    ) -> Result<Vec<Purchase>, PortError> {
        if !self.is_awaited(self.level(held.acknowledge)) {
            return Ok(held.purchases);
        }
        let told = timeout(self.wait_max, self.confirmed(id, buyer, held)).await;
        told.unwrap_or_else(|elapsed| Err(PortError::unavailable("ledger", elapsed)))
    }

    async fn confirmed(
        &self,
        id: &SaleId,
        buyer: &BuyerId,
        held: Held,
    ) -> Result<Vec<Purchase>, PortError> {
        let Held { mut purchases, epoch, .. } = held;
        let numbers: Vec<_> = purchases.iter().map(Purchase::no).collect();
        let on_record = {
            let _permit = self.lookups.acquire().await;
            self.stores.ledger.on_record(id, &numbers).await?
        };
        if on_record.epoch != Some(epoch) {
            if let Some(epoch) = on_record.epoch {
                self.repairs.start(id, Repair::Align(epoch));
            }
            return Err(PortError::unavailable("gate", OtherLife));
        }
        purchases.retain(|one| !on_record.voided.contains(&one.no()));
        let missing = purchases.iter().filter(|one| !on_record.numbers.contains(&one.no()));
        let missing: Vec<_> = missing
            .map(|purchase| RecordedPurchase {
                sale: id.clone(),
                epoch,
                buyer: buyer.clone(),
                purchase: *purchase,
                traceparent: None,
            })
            .collect();
        if missing.is_empty() {
            return Ok(purchases);
        }
        // Attempts come first: a crowd that looks up sheds none of them.
        if !self.ways.has_room(id) {
            return Err(PortError::unavailable("ledger", Unconfirmed));
        }
        let numbers: Vec<_> = missing.iter().map(|one| one.purchase.no()).collect();
        let confirmed = self.batch(id, None, missing).await;
        if numbers.iter().all(|number| confirmed.recorded.contains(number)) {
            return Ok(purchases);
        }
        Err(PortError::unavailable("ledger", Unconfirmed))
    }
}

/// A purchase that the answer to an attempt names and that its batch did not make, as the ledger
/// keeps it.
pub(crate) fn named(
    id: &SaleId,
    trail: &Trail,
    attempt: &Attempt,
    purchase: &Purchase,
) -> RecordedPurchase {
    // Another attempt's trace is not known here.
    let is_own = attempt.bits == purchase.bits;
    RecordedPurchase {
        sale: id.clone(),
        epoch: trail.epoch,
        buyer: attempt.buyer.clone(),
        purchase: *purchase,
        traceparent: if is_own { attempt.traceparent.clone() } else { None },
    }
}

/// Why a lookup is not answered.
#[derive(Debug, thiserror::Error)]
#[error("gate and ledger are in different lives of the sale")]
struct OtherLife;

/// Why a lookup is not answered.
#[derive(Debug, thiserror::Error)]
#[error("not all that the gate has is recorded yet")]
struct Unconfirmed;
