//! A sale as the suites open it, with all that stands around its gate.

use std::{rc::Rc, sync::Arc};

use stampede_application::{
    live_sales::LiveSales,
    ports::{
        Catalogue, Clock, Created, Entry, EntryBody, GateLane, Judged, Ledger, Outbox, SaleFeed,
        SaleGate, Settled, Snapshot,
    },
};
use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Decision, Epoch, Generation, Position, Price,
    Purchase, PurchaseBits, RecordedPurchase, Sale, SaleId, Shard, Sku, Window,
};
use uuid::Uuid;

/// An engine's adapters over stores that belong to one test alone.
pub trait Harness {
    /// The gate of this node.
    fn gate(&self) -> Arc<dyn SaleGate>;
    /// The outbox that the gate fills.
    fn outbox(&self) -> Arc<dyn Outbox>;
    /// The same outbox, as a process that was started anew opens it.
    fn outbox_after_restart(&self) -> Arc<dyn Outbox>;
    /// The catalogue that the gate opens sales of.
    fn catalogue(&self) -> Arc<dyn Catalogue>;
    /// The ledger that the gate is rebuilt from.
    fn ledger(&self) -> Arc<dyn Ledger>;
    /// The clock of the gate's store, to a second or so: windows lie far around it.
    fn clock(&self) -> Arc<dyn Clock>;
    /// What brings changes to this node.
    fn feed(&self) -> Arc<dyn SaleFeed>;
    /// What the feed fills, as this engine's node makes it.
    fn live_sales(&self) -> Arc<LiveSales>;
}

/// A harness of an engine that many nodes may share.
pub trait ManyNodes: Harness {
    /// The gate as another node has it: its own connections to the same stores.
    fn other_gate(&self) -> Arc<dyn SaleGate>;
}

/// An hour, far from every clock's error.
pub(crate) const HOUR_MILLIS: i64 = 3_600_000;

/// One sale that is open at a gate, and a lane to it.
pub struct Scene {
    /// The gate of this node.
    pub gate: Arc<dyn SaleGate>,
    /// A lane of this thread.
    pub lane: Rc<dyn GateLane>,
    /// The outbox that the gate fills.
    pub outbox: Arc<dyn Outbox>,
    /// The catalogue that the sale is recorded in.
    pub catalogue: Arc<dyn Catalogue>,
    /// The ledger that the gate is rebuilt from.
    pub ledger: Arc<dyn Ledger>,
    /// The clock of the gate's store.
    pub clock: Arc<dyn Clock>,
    /// The sale as it was created.
    pub sale: Sale,
    /// The epoch that it was opened under.
    pub epoch: Epoch,
}

/// Where a sale's window lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Upcoming,
    Active,
    Over,
}

impl Scene {
    /// Opens an active sale of `stock` units and `limit` a buyer.
    pub async fn active(harness: &impl Harness, stock: u32, limit: u32) -> Self {
        Self::open(harness, "WIDGET-001", 1, stock, limit, When::Active).await
    }

    /// Opens a sale of `stock` units and `limit` a buyer that begins in an hour.
    pub async fn upcoming(harness: &impl Harness, stock: u32, limit: u32) -> Self {
        Self::open(harness, "WIDGET-001", 1, stock, limit, When::Upcoming).await
    }

    /// Opens a sale of any sku, creation and window.
    pub(crate) async fn open(
        harness: &impl Harness,
        sku: &str,
        generation: u128,
        stock: u32,
        limit: u32,
        when: When,
    ) -> Self {
        Self::of(harness, sale(&*harness.clock(), sku, generation, stock, limit, when)).await
    }

    /// Opens an active sale of `stock` units and `limit` a buyer, for so much a unit.
    pub async fn priced(harness: &impl Harness, stock: u32, limit: u32, price: Price) -> Self {
        let sale = sale(&*harness.clock(), "WIDGET-001", 1, stock, limit, When::Active);
        Self::of(harness, Sale { price: Some(price), ..sale }).await
    }

    /// Opens this very sale.
    pub async fn of(harness: &impl Harness, sale: Sale) -> Self {
        let catalogue = harness.catalogue();
        let created = catalogue.create(&sale, 7).await.expect("the catalogue answers");
        let Created::Recorded(epoch) = created else {
            panic!("{} is not new: {created:?}", sale.id)
        };
        let gate = harness.gate();
        gate.open(&sale, epoch).await.expect("the gate opens");
        Self {
            lane: gate.lane(),
            gate,
            outbox: harness.outbox(),
            catalogue,
            ledger: harness.ledger(),
            clock: harness.clock(),
            sale,
            epoch,
        }
    }

    /// The sale's id.
    #[must_use]
    pub fn id(&self) -> &SaleId {
        &self.sale.id
    }

    /// What the lane makes of a batch, every attempt of which it must decide.
    pub async fn decide(&self, batch: &[Attempt]) -> Vec<Decision> {
        decide_on(&*self.lane, self.id(), batch).await
    }

    /// Buys, which must be accepted.
    pub async fn buy(&self, attempt: &Attempt) -> Purchase {
        let decisions = self.decide(std::slice::from_ref(attempt)).await;
        let [Decision::Accepted(purchase)] = decisions[..] else {
            panic!("{attempt:?} should be accepted: {decisions:?}")
        };
        purchase
    }

    /// The sale as it stands at its gate.
    pub async fn snapshot(&self) -> Snapshot {
        let snapshot = self.gate.snapshot(self.id()).await.expect("the gate answers");
        snapshot.expect("the gate has the sale")
    }

    /// The sale's entries that are not done.
    pub async fn waiting(&self) -> Vec<Entry> {
        self.outbox.waiting(self.id(), 10_000).await.expect("the outbox answers")
    }

    /// The purchases in the sale's entries that are not done, in order.
    pub async fn waiting_purchases(&self) -> Vec<RecordedPurchase> {
        purchases_of(&self.waiting().await)
    }

    /// Commits what waits and takes it out of the outbox, as a worker does.
    pub async fn record(&self) {
        let entries = self.waiting().await;
        let settled = self.ledger.commit(&entries).await.expect("the ledger commits");
        assert_eq!(settled.len(), entries.len());
        for answer in settled {
            assert!(matches!(answer, Settled::Committed { .. }), "{answer:?}");
        }
        let ids: Vec<_> = entries.into_iter().filter_map(|entry| entry.id).collect();
        self.outbox.done(self.shard(), &ids).await.expect("the outbox answers");
    }

    /// The shard whose reader gets this sale's entries.
    #[must_use]
    pub fn shard(&self) -> Shard {
        let shards = self.outbox.shards();
        let own = Shard::of(&self.sale.id.sku);
        if shards.contains(&own) { own } else { shards[0] }
    }

    /// The n-th purchase of a buyer that this sale's gate has never seen, as a ledger has it.
    #[must_use]
    pub fn forged(&self, buyer: &str, position: u64, qty: u32) -> RecordedPurchase {
        let attempt = attempt(buyer, 900_000 + position, qty);
        RecordedPurchase {
            sale: self.sale.id.clone(),
            epoch: self.epoch,
            buyer: attempt.buyer,
            purchase: Purchase {
                bits: attempt.bits,
                at: self.clock.now(),
                qty,
                key: attempt.key,
                remaining: 0,
                position: Position(position),
                ordinal: 1,
                held_after: qty,
                cancelled: false,
                unit_price: self.sale.price,
            },
            traceparent: None,
        }
    }
}

/// What a lane makes of a batch, every attempt of which it must decide.
pub(crate) async fn decide_on(
    lane: &dyn GateLane,
    id: &SaleId,
    batch: &[Attempt],
) -> Vec<Decision> {
    let judged = lane.decide(id, batch).await.expect("the gate answers");
    let Judged::Decided { decisions, .. } = judged else { panic!("{id} should be known") };
    assert_eq!(decisions.len(), batch.len(), "one decision for each attempt");
    decisions.into_iter().map(|decision| decision.expect("nothing was sent twice")).collect()
}

/// A sale whose window lies hours around `clock`'s now, or on one side of it.
pub(crate) fn sale(
    clock: &dyn Clock,
    sku: &str,
    generation: u128,
    stock: u32,
    limit: u32,
    when: When,
) -> Sale {
    let now = clock.now();
    let (from, to) = match when {
        When::Upcoming => (HOUR_MILLIS, 2 * HOUR_MILLIS),
        When::Active => (-HOUR_MILLIS, HOUR_MILLIS),
        When::Over => (-2 * HOUR_MILLIS, -HOUR_MILLIS),
    };
    Sale {
        id: SaleId {
            sku: Sku::parse(sku).expect("a sku"),
            generation: Generation(Uuid::from_u128(generation)),
        },
        product_name: "Limited Edition Widget".into(),
        description: None,
        picture: None,
        price: None,
        initial_stock: stock,
        window: Window { start: now.plus_millis(from), end: now.plus_millis(to) },
        limit_per_buyer: limit,
        acknowledge: Acknowledgement::Gate,
        paused: false,
        ended_by_admin: false,
        created_at: now,
    }
}

/// A buyer's attempt; the same buyer and number make the same key and the same purchase number.
#[must_use]
pub fn attempt(buyer: &str, number: u64, qty: u32) -> Attempt {
    let key = AttemptKey::from_idempotency_key(&format!("{buyer}/{number}"));
    let mut bits = [0; 10];
    bits.copy_from_slice(&key.0[..10]);
    Attempt {
        buyer: BuyerId::parse(buyer).expect("a buyer"),
        key,
        bits: PurchaseBits(bits),
        qty,
        traceparent: None,
    }
}

/// The purchases that entries carry, in order.
pub(crate) fn purchases_of(entries: &[Entry]) -> Vec<RecordedPurchase> {
    let purchases = entries.iter().map(|entry| match &entry.body {
        EntryBody::Purchases(purchases) => purchases.clone(),
        EntryBody::Change(_) => Vec::new(),
        EntryBody::Newer { .. } | EntryBody::Broken { .. } => panic!("{entry:?}"),
    });
    purchases.flatten().collect()
}
