//! Two nodes sell, record and restore one sale while its Redis is set back, emptied and changed, in
//! any order: every step of either restorer is one of the events that are drawn.

use std::{
    collections::{HashMap, HashSet},
    mem,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use stampede_application::ports::{
    Entry, GateLane, HoldingsPage, Judged, Ledger as _, Outbox, Settled,
};
use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Decision, Purchase, PurchaseBits, PurchaseNo,
    RecordedPurchase, Rejection, Version,
};
use stampede_infrastructure::redis::RedisSettings;
use stampede_testkit::{
    builders::a_sale,
    servers::SharedRedis,
    suites::{Dice, Harness as _, ManyNodes as _, Scene, attempt, run},
};

use super::{RedisHarness, followed::Restorer, own_redis, restore::Saved};

/// Sales of their own that one run draws.
const CASES: u32 = 10;
/// What happens to each.
const EVENTS: u32 = 120;
/// Few units, buyers and keys, so that all of them come again.
const STOCK: u32 = 8;
const LIMIT: u32 = 3;
/// On either side of now.
const WINDOW_MILLIS: i64 = 3_600_000;
/// Turns of a worker after which nothing is left.
const DRAINS_MAX: u32 = 20;

/// Every number that was told at level `ledger` stays the one of its key; gate and ledger end up
/// the same. A failure names its seed: give it to `interleaved` to run it again.
#[test]
fn random_interleavings_of_two_restorers_lose_nothing_and_sell_nothing_twice() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::restoring_strictly(server).await;
        let seed = Dice::any_seed();
        for case in 1..=CASES {
            interleaved(&harness, seed, case).await;
        }
    });
}

/// One sale and what happens to it.
async fn interleaved(harness: &RedisHarness, seed: u64, case: u32) {
    let mut dice = Dice::seeded(seed ^ (u64::from(case) << 32));
    let now = harness.clock().now();
    let sale = a_sale().sku(&format!("CASE-{case}")).generation(u128::from(case));
    let mut sale = sale.stock(STOCK).limit(LIMIT).build();
    sale.window.start = now.plus_millis(-WINDOW_MILLIS);
    sale.window.end = now.plus_millis(WINDOW_MILLIS);
    let scene = Scene::of(harness, sale).await;
    let mut world = World {
        told: format!("seed {seed:#018x}, case {case}"),
        harness,
        lanes: [harness.gate().lane(), harness.other_gate().lane()],
        restorers: harness.watches.iter().map(|watch| watch.follow()).collect(),
        hand: [Vec::new(), Vec::new()],
        saved: None,
        answered: HashMap::new(),
        version: Version(0),
        attempts: 0,
        scene,
    };
    for event in 1..=EVENTS {
        world.told = format!("seed {seed:#018x}, case {case}, event {event}");
        world.happen(&mut dice).await;
    }
    world.told = format!("seed {seed:#018x}, case {case}, in the end");
    world.settle().await;
}

struct World<'a> {
    /// What a failure says to be repeated.
    told: String,
    harness: &'a RedisHarness,
    lanes: [Rc<dyn GateLane>; 2],
    /// Empty once all restores go on by themselves.
    restorers: Vec<Restorer>,
    /// What each node's worker has read and not recorded yet.
    hand: [Vec<Entry>; 2],
    saved: Option<Saved>,
    /// Which purchase each buyer's key was told to be.
    answered: HashMap<(BuyerId, u32), PurchaseNo>,
    /// The last that was seen.
    version: Version,
    attempts: u64,
    scene: Scene,
}

impl World<'_> {
    async fn happen(&mut self, dice: &mut Dice) {
        let node = dice.roll(0, 1) as usize;
        match dice.roll(0, 31) {
            0..=8 => self.buy(node, dice).await,
            9..=11 if self.hand[node].is_empty() => self.hand[node] = self.waiting(node).await,
            9..=11 => {
                self.record(node).await;
                self.compare(node).await;
            }
            12 if dice.roll(0, 1) == 0 => self.harness.begin_another_life().await,
            12 => self.lose_all().await,
            13 => self.saved = Some(self.harness.save(&self.scene).await),
            14 => {
                if let Some(saved) = &self.saved {
                    self.harness.roll_back(saved).await;
                }
            }
            15..=26 => self.go_on(node, dice.roll(1, 9)).await,
            27 => self.die(node).await,
            28..=29 => self.harness.lapse().await,
            _ => self.compare(node).await,
        }
    }

    /// One attempt, answered as level `ledger` does, once the ledger has what the answer names; or not
    /// answered.
    async fn buy(&mut self, node: usize, dice: &mut Dice) {
        let (buyer, key) = (dice.roll(0, 3), dice.roll(0, 3));
        let mut attempt = keyed(&format!("buyer-{buyer}"), key);
        // A number of its own, so that the same purchase is told from another of the same key.
        self.attempts += 1;
        let generation = self.scene.id().generation.0.as_u128().to_be_bytes();
        attempt.bits = PurchaseBits([0; 10]);
        attempt.bits.0[..2].copy_from_slice(&generation[14..]);
        attempt.bits.0[2..].copy_from_slice(&self.attempts.to_be_bytes());
        let judged = self.lanes[node].decide(self.scene.id(), std::slice::from_ref(&attempt)).await;
        let Ok(Judged::Decided { decisions, trail, version, .. }) = judged else {
            assert!(judged.is_err(), "{}: {judged:?}", self.told);
            return;
        };
        assert!(version >= self.version, "{}: {version} < {}", self.told, self.version);
        self.version = version;
        // Or its node died first, and nobody heard of it.
        if dice.roll(0, 1) == 0 {
            return;
        }
        if let Some(entry) = trail.entry {
            self.commit(std::slice::from_ref(&entry)).await;
        }
        let named = match &decisions[0] {
            Some(Decision::Accepted(purchase) | Decision::Replayed(purchase)) => purchase,
            Some(Decision::Rejected(Rejection::AlreadyPurchased(Some(held)))) => {
                self.is_recorded(held.no()).await;
                return;
            }
            Some(Decision::KeyReused | Decision::Rejected(_)) | None => return,
        };
        if self.is_recorded(named.no()).await {
            let key = (attempt.buyer, key);
            let first = *self.answered.entry(key.clone()).or_insert(named.no());
            assert_eq!(first, named.no(), "{}: {key:?} is told another purchase", self.told);
        }
    }

    async fn is_recorded(&self, number: PurchaseNo) -> bool {
        let recorded = self.harness.ledger.on_record(self.scene.id(), &[number]).await;
        recorded.expect("the ledger answers").numbers.contains(&number)
    }

    /// What the ledger makes of entries, which must never be that a current one does not fit.
    async fn commit(&self, entries: &[Entry]) -> Vec<Settled> {
        let settled = self.harness.ledger.commit(entries).await;
        settled.unwrap_or_else(|error| panic!("{}: {error:?}", self.told))
    }

    async fn waiting(&self, node: usize) -> Vec<Entry> {
        let waiting = self.outbox(node).waiting(self.scene.id(), 1_000).await;
        waiting.expect("the outbox answers")
    }

    fn outbox(&self, node: usize) -> Arc<dyn Outbox> {
        if node == 0 { self.harness.outbox() } else { self.harness.outbox_after_restart() }
    }

    /// What a worker does with what it holds, however long it has held it.
    async fn record(&mut self, node: usize) {
        let entries = mem::take(&mut self.hand[node]);
        let (outbox, shard) = (self.outbox(node), self.scene.shard());
        let settled = self.commit(&entries).await;
        for (entry, settled) in entries.into_iter().zip(settled) {
            if let Settled::Stale { purchases, epoch } = settled {
                // Refused, it was accepted at the gate and is lost: nobody was told of it here.
                let Ok(answers) = outbox.readmit(&purchases, epoch).await else { continue };
                assert_eq!(answers.len(), purchases.len(), "one answer each");
            }
            outbox.done(shard, entry.id.as_slice()).await.expect("the outbox answers");
        }
    }

    /// As an operator's flush: the process lives on.
    async fn lose_all(&self) {
        let id = self.scene.id();
        for name in ["head", "buyers"] {
            let key = self.harness.key(id, &format!("sale:{id}:{name}"));
            self.harness.tell::<()>(&format!("DEL {key}")).await;
        }
        let outbox = self.harness.key(id, "outbox");
        self.harness.tell::<()>(&format!("DEL {outbox}")).await;
    }

    /// So many steps of the node's restore; asks for one if none is under way.
    async fn go_on(&mut self, node: usize, steps: u32) {
        for _ in 0..steps {
            if self.restorers[node].at().is_some() {
                self.restorers[node].go_on().await;
            } else {
                // Closed or not.
                let looked = self.harness.gate_of(node).snapshot(self.scene.id()).await;
                if let Ok(Some(snapshot)) = looked {
                    assert!(snapshot.version >= self.version, "{}", self.told);
                    self.version = snapshot.version;
                }
            }
        }
    }

    async fn die(&mut self, node: usize) {
        if self.restorers[node].at().is_some() {
            self.restorers[node].die().await;
        }
    }

    /// An open gate in the ledger's life has all that the ledger has.
    async fn compare(&self, node: usize) {
        let rows = self.rows().await;
        let epoch = self.harness.epoch(&self.scene).await;
        let held = self.harness.gate_of(node).holdings(self.scene.id(), None).await;
        let Ok(Some(page)) = held else { return };
        if page.epoch != epoch {
            return;
        }
        let held = numbers(&page);
        for row in rows {
            assert!(held.contains(&row.purchase.no()), "{}: not in the gate: {row:?}", self.told);
        }
    }

    async fn rows(&self) -> Vec<RecordedPurchase> {
        let rows = self.harness.ledger.page(self.scene.id(), None, 1_000).await;
        rows.expect("the ledger answers")
    }

    /// The faults are over: all that is on its way arrives, and gate and ledger are the same.
    async fn settle(mut self) {
        for node in [0, 1] {
            self.die(node).await;
        }
        self.restorers.clear();
        for _ in 0..DRAINS_MAX {
            self.harness.lapse().await;
            self.harness.opened_by(0, &self.scene).await;
            self.hand[0] = self.waiting(0).await;
            if self.hand[0].is_empty() {
                break;
            }
            self.record(0).await;
        }
        assert_eq!(self.waiting(0).await, [], "{}", self.told);
        self.is_one().await;
        for ((buyer, key), number) in &self.answered {
            let again = keyed(buyer.as_str(), *key);
            let decisions = self.lanes[0].decide(self.scene.id(), &[again]).await;
            let Ok(Judged::Decided { decisions, .. }) = decisions else {
                panic!("{}: {decisions:?}", self.told)
            };
            let [Some(Decision::Replayed(named))] = decisions[..] else {
                panic!("{}: {number} was told, and now {decisions:?}", self.told)
            };
            assert_eq!(named.no(), *number, "{}", self.told);
        }
    }

    /// Gate and ledger have the same purchases, within stock and limit, each key once.
    async fn is_one(&self) {
        let (rows, told) = (self.rows().await, &self.told);
        let audit = self.harness.gate().audit(self.scene.id()).await.expect("the gate answers");
        let audit = audit.expect("the gate has the sale");
        assert_eq!(audit.epoch, self.harness.epoch(&self.scene).await, "{told}");
        assert!(audit.consistent && audit.snapshot.version >= self.version, "{told}: {audit:?}");
        let sold: u32 = rows.iter().map(|row| row.purchase.qty).sum();
        assert_eq!((sold, audit.snapshot.stock), (audit.snapshot.sold, STOCK - sold), "{told}");
        let page = self.harness.gate().holdings(self.scene.id(), None).await;
        let page = page.expect("the gate answers").expect("the gate has the sale");
        let in_gate: HashSet<PurchaseNo> = numbers(&page);
        let in_ledger: HashSet<_> = rows.iter().map(|row| row.purchase.no()).collect();
        assert_eq!(in_gate, in_ledger, "{told}");
        let mut held: HashMap<&BuyerId, (u32, HashSet<AttemptKey>)> = HashMap::new();
        for row in &rows {
            let (units, keys) = held.entry(&row.buyer).or_default();
            *units += row.purchase.qty;
            assert!(keys.insert(row.purchase.key), "{told}: its key has bought twice: {row:?}");
            assert!(*units <= LIMIT, "{told}: {row:?}");
        }
    }
}

fn numbers(page: &HoldingsPage) -> HashSet<PurchaseNo> {
    page.holdings.iter().flat_map(|(_, held)| held).map(Purchase::no).collect()
}

/// The attempt of that buyer with that key, of one unit or two.
fn keyed(buyer: &str, key: u32) -> Attempt {
    attempt(buyer, u64::from(key), 1 + key % 2)
}

impl RedisHarness {
    async fn restoring_strictly(server: SharedRedis) -> Self {
        let adapt = |settings| RedisSettings {
            restore_wait: Duration::from_millis(1),
            acknowledge: Acknowledgement::Ledger,
            ..settings
        };
        Self::over(server, adapt).await
    }
}
