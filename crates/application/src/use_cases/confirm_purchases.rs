//! Sees to it that the ledger has a purchase before anybody tells of it.

mod lane;

use std::{collections::HashSet, sync::Arc, time::Duration};

use stampede_domain::{
    Acknowledgement, Attempt, BuyerId, Epoch, Purchase, PurchaseNo, RecordedPurchase, SaleId,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use self::lane::{Confirming, Lane};
use crate::ports::{Causes, Entry, Held, Ledger, Outbox, PortError, SaleGate, Trail};

/// What confirming may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmLimits {
    /// Commits at a time; a sale always goes the same way.
    pub at_once_max: usize,
    /// Purchases in one commit, about.
    pub rows_max: usize,
    /// Batches and lookups that wait for one of these ways; one more is not confirmed.
    pub waiting_max: usize,
    /// How long a buyer waits; the commit goes on.
    pub wait_max: Duration,
}

impl Default for ConfirmLimits {
    fn default() -> Self {
        let wait_max = Duration::from_secs(2);
        Self { at_once_max: 4, rows_max: 1_000, waiting_max: 1_024, wait_max }
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

/// What the ledger says of purchases that an answer would name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// They may be told.
    pub recorded: HashSet<PurchaseNo>,
    /// A person gave them up: nobody is told of them any more.
    pub voided: HashSet<PurchaseNo>,
}

/// Confirms purchases: a purchase that an answer at level `ledger` names is in the ledger.
///
/// One a node. Batches of one sale wait in one way, which commits all that waits at once: while
/// one commit runs the next gathers, and no two of them wait for one row.
pub struct ConfirmPurchases {
    stores: ConfirmStores,
    /// What answers of this node must have survived, even if a sale asks for less.
    level: Acknowledgement,
    wait_max: Duration,
    ways: Vec<mpsc::Sender<Confirming>>,
}

impl ConfirmPurchases {
    /// Starts its tasks on the runtime that it is called in; they end with it.
    #[must_use]
    pub fn start(stores: ConfirmStores, level: Acknowledgement, limits: ConfirmLimits) -> Self {
        let ConfirmLimits { at_once_max, rows_max, waiting_max, wait_max } = limits;
        let way = |_| {
            let (way, waiting) = mpsc::channel(waiting_max.max(1));
            tokio::spawn(Lane::new(stores.clone(), rows_max).run(waiting));
            way
        };
        let ways = (0..at_once_max.max(1)).map(way).collect();
        Self { stores, level, wait_max, ways }
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

    /// Which purchases of a batch may be told: of `entry`, what the batch put into the outbox, and
    /// of `named`, what its replays and rejections name.
    pub async fn batch(
        &self,
        id: &SaleId,
        entry: Option<Entry>,
        named: Vec<RecordedPurchase>,
    ) -> Confirmed {
        let (reply, confirmed) = oneshot::channel();
        let confirming = Confirming { id: id.clone(), entry, named, reply };
        let way = id.generation.0.as_u128() % self.ways.len() as u128;
        let Some(way) = usize::try_from(way).ok().and_then(|way| self.ways.get(way)) else {
            return Confirmed::default();
        };
        if way.try_send(confirming).is_err() {
            tracing::warn!(sale = %id, "too many wait for the ledger");
            return Confirmed::default();
        }
        let Ok(confirmed) = timeout(self.wait_max, confirmed).await else {
            tracing::warn!(sale = %id, "the ledger takes too long");
            return Confirmed::default();
        };
        confirmed.unwrap_or_default()
    }

    /// What a buyer is told that they hold: all of it, but what a person has given up since.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if it may not be told, none included: the ledger has not all of
    /// it and is away, or is in another life than the gate, whose word is then nobody's.
    pub async fn lookup(
        &self,
        id: &SaleId,
        buyer: &BuyerId,
        held: Held,
    ) -> Result<Vec<Purchase>, PortError> {
        let Held { mut purchases, epoch, acknowledge } = held;
        if !self.is_awaited(self.level(acknowledge)) {
            return Ok(purchases);
        }
        let numbers: Vec<_> = purchases.iter().map(Purchase::no).collect();
        let on_record = self.stores.ledger.on_record(id, &numbers).await?;
        if on_record.epoch != Some(epoch) {
            self.align(id, on_record.epoch);
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
        let numbers: Vec<_> = missing.iter().map(|one| one.purchase.no()).collect();
        let Confirmed { recorded, .. } = self.batch(id, None, missing).await;
        if numbers.iter().all(|number| recorded.contains(number)) {
            return Ok(purchases);
        }
        Err(PortError::unavailable("ledger", Unconfirmed))
    }

    /// Brings gate and ledger into one life, while nobody waits for it.
    fn align(&self, id: &SaleId, epoch: Option<Epoch>) {
        let (Some(epoch), gate, id) = (epoch, self.stores.gate.clone(), id.clone()) else { return };
        tokio::spawn(async move {
            if let Err(error) = gate.align(&id, epoch).await {
                tracing::warn!(sale = %id, error = %Causes(&error),
                    "a gate in another life than its ledger was not made anew");
            }
        });
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
