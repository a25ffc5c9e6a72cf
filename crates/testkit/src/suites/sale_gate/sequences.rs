//! Generated sequences of batches, judged by a gate and by the domain side by side.

use std::rc::Rc;

use stampede_application::ports::{Change, Changed, GateLane, Judged};
use stampede_domain::{Attempt, Decision, Instant, Price, Sale, Tally, Version, decide};

use super::upkeep::all_holdings;
use crate::{
    builders::a_price,
    suites::{
        Dice,
        scene::{Harness, Scene, When, attempt, sale},
    },
};

/// The one decision must not live twice: `cases` sequences are decided alike.
///
/// Every case is a sale of its own with few units, so that limits, replays, reused keys and the
/// end of the stock meet in one batch. A failure names its seed and case; run it again by
/// calling [`decided_alike`] with them.
pub async fn decided_as_the_domain_decides(harness: &impl Harness, cases: u32) {
    let seed = Dice::any_seed();
    for case in 0..cases {
        decided_alike(harness, seed, case).await;
    }
}

/// One generated sequence.
pub async fn decided_alike(harness: &impl Harness, seed: u64, case: u32) {
    let mut dice = Dice::seeded(seed ^ (u64::from(case) << 32));
    let (stock, limit) = (dice.roll(1, 12), dice.roll(1, 4));
    let when = match dice.roll(0, 19) {
        0 => When::Upcoming,
        1 => When::Over,
        _ => When::Active,
    };
    let sku = format!("CASE-{case}");
    let offer = sale(&*harness.clock(), &sku, u128::from(case) + 1, stock, limit, when);
    let scene = Scene::of(harness, Sale { price: dice.price(), ..offer }).await;
    let mut model = Model {
        told: format!("seed {seed:#018x}, case {case}"),
        sale: scene.sale.clone(),
        tally: Tally::new(stock),
        version: scene.snapshot().await.version,
    };
    let lanes = [scene.lane.clone(), scene.gate.lane()];
    for _ in 0..dice.roll(1, 8) {
        if dice.roll(0, 5) == 0 {
            model.change(&scene, &mut dice).await;
        }
        model.batch(&scene, &lanes, &mut dice).await;
    }
    model.compare(&scene).await;
}

/// The sale as the domain has it.
struct Model {
    /// What a failure says to be repeated.
    told: String,
    sale: Sale,
    tally: Tally,
    version: Version,
}

impl Model {
    async fn batch(&mut self, scene: &Scene, lanes: &[Rc<dyn GateLane>; 2], dice: &mut Dice) {
        let batch: Vec<_> = (0..dice.roll(1, 12)).map(|_| dice.attempt()).collect();
        let lane = &lanes[dice.roll(0, 1) as usize];
        let judged = lane.decide(scene.id(), &batch).await.expect("the gate answers");
        let Judged::Decided { decisions, stock, version, .. } = judged else {
            panic!("{judged:?}")
        };
        let decisions: Vec<_> = decisions.into_iter().flatten().collect();
        // All of one batch is judged at one instant, which an acceptance tells.
        let at = accepted_at(&decisions).unwrap_or_else(|| scene.clock.now());
        let expected = decide(&self.sale, &mut self.tally, &batch, at);
        assert_eq!(decisions, expected, "{}: {batch:?}", self.told);
        assert_eq!(stock, self.tally.stock, "{}", self.told);
        if accepted_at(&expected).is_some() {
            assert!(version > self.version, "{}: a sale raises the version", self.told);
        } else {
            assert_eq!(version, self.version, "{}: a rejection does not", self.told);
        }
        self.version = version;
    }

    async fn change(&mut self, scene: &Scene, dice: &mut Dice) {
        let change = match dice.roll(0, 6) {
            0 => Change::End,
            1..=3 => Change::Pause,
            _ => Change::Resume,
        };
        match scene.gate.change(scene.id(), change).await.expect("the gate answers") {
            Changed::Applied { snapshot, .. } => {
                assert!(snapshot.version >= self.version, "{}", self.told);
                self.version = snapshot.version;
                match change {
                    Change::Pause => self.sale.paused = true,
                    Change::Resume => self.sale.paused = false,
                    Change::End => self.sale.ended_by_admin = true,
                }
                assert_eq!(snapshot.sale, self.sale, "{}", self.told);
            }
            Changed::Ended { .. } => {
                let phase = self.sale.phase(self.tally.stock, scene.clock.now());
                assert!(phase.end_reason.is_some(), "{}: {change:?}", self.told);
            }
            Changed::UnknownSale => panic!("{}: the sale is known", self.told),
        }
    }

    async fn compare(&self, scene: &Scene) {
        let snapshot = scene.snapshot().await;
        let counters = (snapshot.stock, snapshot.sold);
        assert_eq!(counters, (self.tally.stock, self.tally.sold), "{}", self.told);
        assert_eq!(all_holdings(scene).await, self.tally.holdings, "{}", self.told);
        let mut sold: Vec<_> = self.tally.holdings.values().flatten().copied().collect();
        sold.sort_by_key(|purchase| purchase.position);
        let waiting = scene.waiting_purchases().await;
        let waiting: Vec<_> = waiting.into_iter().map(|recorded| recorded.purchase).collect();
        assert_eq!(waiting, sold, "{}: the outbox has each once, in order", self.told);
    }
}

fn accepted_at(decisions: &[Decision]) -> Option<Instant> {
    decisions.iter().find_map(|decision| match decision {
        Decision::Accepted(purchase) => Some(purchase.at),
        Decision::Replayed(_) | Decision::KeyReused | Decision::Rejected(_) => None,
    })
}

impl Dice {
    /// Of any size, or none.
    fn price(&mut self) -> Option<Price> {
        let currency = ["EUR", "JPY", "KWD"].get(self.roll(0, 5) as usize)?;
        Some(a_price(i64::from(self.roll(0, u32::MAX - 1)) * 200, currency))
    }

    /// Few buyers and keys, so that both come again.
    fn attempt(&mut self) -> Attempt {
        let buyer = format!("buyer-{}", self.roll(0, 5));
        let key = self.roll(0, 6);
        attempt(&buyer, u64::from(key), self.roll(1, 3))
    }
}
