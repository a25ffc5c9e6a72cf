//! A restore that is interrupted, overtaken or begun anew, at each of its steps.

use std::time::Duration;

use futures::future::join_all;
use redis::Value;
use stampede_application::ports::{Drift, Findings, Judged, Ledger as _, SaleGate, Trigger};
use stampede_domain::{Attempt, Decision, Purchase, PurchaseNo, Rejection, Sale};
use stampede_infrastructure::redis::{
    RedisSettings,
    RestoreStep::{self, Begun, ChangeKept, Closed, Noted, Read, SurvivorsGiven, Taken},
};
use stampede_testkit::{
    builders::a_purchase,
    servers::{SharedRedis, until},
    suites::{Harness as _, ManyNodes as _, Scene, attempt, run},
};

use super::{RedisHarness, followed::Restorer, own_redis};

/// How long a busy machine may take for a restore.
const SOON: Duration = Duration::from_secs(30);
/// Where a restore may die with the sale closed, or be frozen.
const STEPS: [RestoreStep; 8] =
    [Begun, Taken, Closed, ChangeKept, SurvivorsGiven, Read, RestoreStep::Written, Noted];

impl RedisHarness {
    /// Two nodes whose callers wait for no restore: it goes on without them, step by step.
    pub(super) async fn restoring(server: SharedRedis) -> Self {
        let at_once = Duration::from_millis(1);
        Self::over(server, |settings| RedisSettings { restore_wait: at_once, ..settings }).await
    }

    /// Node 0 or 1 has begun to restore the sale, and goes on when the test says so.
    async fn begin_restore(&self, node: usize, scene: &Scene) -> Restorer {
        let mut restorer = self.watches[node].follow();
        let refused = self.gate_of(node).snapshot(scene.id()).await;
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(restorer.at(), Some(Begun));
        restorer
    }

    pub(super) fn gate_of(&self, node: usize) -> std::sync::Arc<dyn SaleGate> {
        if node == 0 { self.gate() } else { self.other_gate() }
    }

    /// As five seconds would: nobody waits any more for a restorer that has died.
    pub(super) async fn lapse(&self) {
        sqlx::query("UPDATE sales SET restore_until = to_timestamp(0)")
            .execute(&self.pool)
            .await
            .expect("the ledger answers");
    }

    /// Asks that node until the sale is open.
    pub(super) async fn opened_by(&self, node: usize, scene: &Scene) {
        let gate = self.gate_of(node);
        let open = async || gate.snapshot(scene.id()).await.ok().flatten().map(drop);
        until("the sale is open", SOON, open).await;
    }

    async fn numbers(&self, scene: &Scene) -> Vec<PurchaseNo> {
        let rows = self.ledger.page(scene.id(), None, 100).await.expect("the ledger answers");
        rows.iter().map(|row| row.purchase.no()).collect()
    }
}

/// A sale of which the ledger has a part, and only the gate another.
struct Sold {
    /// What its buyers asked for.
    batch: [Attempt; 2],
    scene: Scene,
    ada: Purchase,
    ben: Purchase,
}

impl Sold {
    async fn of(harness: &RedisHarness, number: u128) -> Self {
        let sale = Scene::active(harness, 10, 2);
        let scene = if number == 1 { sale.await } else { other_sale(harness, number).await };
        // Numbers are of one purchase among all sales.
        let key = u64::try_from(number).expect("few sales");
        let batch = [attempt("ada", key, 1), attempt("ben", key, 1)];
        let ada = scene.buy(&batch[0]).await;
        scene.record().await;
        let ben = scene.buy(&batch[1]).await;
        Self { batch, scene, ada, ben }
    }

    /// Both nodes tell of both purchases, gate and ledger have them once, and nothing else.
    async fn is_whole(&self, harness: &RedisHarness, context: &str) {
        let Self { batch, scene, ada, ben } = self;
        let replayed = [ada, ben].map(|purchase| Some(purchase.no()));
        for node in [0, 1] {
            harness.opened_by(node, scene).await;
            let judged = harness.gate_of(node).lane().decide(scene.id(), batch).await;
            let Ok(Judged::Decided { decisions, .. }) = judged else {
                panic!("{context}: {judged:?}")
            };
            let named = decisions.iter().map(|decision| match decision {
                Some(Decision::Replayed(purchase)) => Some(purchase.no()),
                _ => None,
            });
            assert_eq!(named.collect::<Vec<_>>(), replayed, "{context}: {decisions:?}");
        }
        assert_eq!(harness.numbers(scene).await, [ada.no(), ben.no()], "{context}");
        let audit = scene.gate.audit(scene.id()).await.expect("the gate answers");
        let audit = audit.expect("the gate has the sale");
        assert!(audit.consistent, "{context}");
        assert_eq!((audit.snapshot.stock, audit.snapshot.sold), (8, 2), "{context}");
        assert_eq!(audit.epoch, harness.epoch(scene).await, "{context}");
        let letters = harness.ledger.dead_letters(None, 10).await.expect("the ledger answers");
        assert_eq!(letters, [], "{context}");
    }
}

/// Of the same shape as the first, under a sku of its own.
async fn other_sale(harness: &RedisHarness, number: u128) -> Scene {
    let now = harness.clock().now();
    let like = stampede_testkit::builders::a_sale();
    let sale = like.sku(&format!("WIDGET-{number:03}")).generation(number).stock(10).limit(2);
    let sale = sale.build();
    let window = stampede_domain::Window {
        start: now.plus_millis(-3_600_000),
        end: now.plus_millis(3_600_000),
    };
    Scene::of(harness, Sale { window, ..sale }).await
}

#[test]
fn a_restorer_that_dies_at_any_step_leaves_the_sale_closed_and_the_next_one_opens_it() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::restoring(server).await;
        for (number, step) in (1..).zip(STEPS) {
            let sold = Sold::of(&harness, number).await;
            let (scene, before) = (&sold.scene, sold.scene.snapshot().await.version);
            harness.begin_another_life().await;
            let mut restorer = harness.begin_restore(0, scene).await;
            restorer.come_to(step).await;
            restorer.die().await;
            drop(restorer);
            let died_in = harness.epoch(scene).await;
            harness.lapse().await;
            harness.opened_by(1, scene).await;
            let opened_in = harness.epoch(scene).await;
            assert_eq!(opened_in.number, died_in.number + 1, "{step:?}: it was closed");
            sold.is_whole(&harness, &format!("{step:?}")).await;
            assert!(scene.snapshot().await.version > before, "{step:?}");
        }
    });
}

#[test]
fn a_restorer_frozen_at_any_step_writes_nothing_once_another_has_restored() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::restoring(server).await;
        for (number, step) in (1..).zip(&STEPS[1..]) {
            let sold = Sold::of(&harness, number).await;
            let scene = &sold.scene;
            harness.begin_another_life().await;
            let mut frozen = harness.begin_restore(0, scene).await;
            frozen.come_to(*step).await;
            harness.lapse().await;
            harness.opened_by(1, scene).await;
            let (epoch, gate) = (harness.epoch(scene).await, harness.other_gate());
            let eve = gate.lane().decide(scene.id(), &[attempt("eve", 1, 1)]).await;
            eve.expect("the gate answers");
            let before = gate.snapshot(scene.id()).await.expect("the gate answers");

            let overtaken = frozen.finish().await;
            assert!(overtaken.is_err(), "{step:?}: {overtaken:?}");
            drop(frozen);
            let after = gate.snapshot(scene.id()).await.expect("the gate answers");
            assert_eq!((after, harness.epoch(scene).await), (before, epoch), "{step:?}");
            let eve = attempt("eve", 1, 1).buyer;
            let held = gate.purchases(scene.id(), &eve).await.expect("the gate answers");
            assert_eq!(held.expect("the gate has the sale").purchases.len(), 1, "{step:?}");
        }
    });
}

/// Both have closed the gate; whoever was overtaken comes to life between any two steps of the other.
#[test]
fn a_restorer_that_was_overtaken_disturbs_nobody_at_work() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::restoring(server).await;
        let mut number = 0;
        for stopped_at in [Closed, SurvivorsGiven, Read, RestoreStep::Written, Noted] {
            for met_at in [Closed, SurvivorsGiven, RestoreStep::Written, Noted] {
                number += 1;
                let sold = Sold::of(&harness, number).await;
                harness.begin_another_life().await;
                let mut overtaken = harness.begin_restore(0, &sold.scene).await;
                overtaken.come_to(stopped_at).await;
                harness.lapse().await;
                let mut at_work = harness.begin_restore(1, &sold.scene).await;
                at_work.come_to(met_at).await;
                let context = format!("{stopped_at:?}, met at {met_at:?}");
                let lost = overtaken.finish().await;
                assert!(lost.is_err(), "{context}: {lost:?}");
                let opened = at_work.finish().await;
                assert!(opened.is_ok(), "{context}: {opened:?}");
                drop((overtaken, at_work));
                sold.is_whole(&harness, &context).await;
            }
        }
    });
}

#[test]
fn of_two_restorers_at_once_one_opens_and_no_purchase_is_twice() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::restoring(server).await;
        let sold = Sold::of(&harness, 1).await;
        let before = harness.epoch(&sold.scene).await;
        harness.begin_another_life().await;
        let gates = [harness.gate(), harness.other_gate()];
        let asked = (0..20).map(|caller| gates[caller % 2].snapshot(sold.scene.id()));
        join_all(asked).await;
        sold.is_whole(&harness, "both").await;
        assert_eq!(harness.epoch(&sold.scene).await.number, before.number + 1);
    });
}

#[test]
fn a_restart_in_the_middle_of_a_restore_begins_it_anew() {
    run(async {
        let (mut own, server) = own_redis(true).await;
        let harness = RedisHarness::restoring(server).await;
        for (number, step) in (1..).zip([Closed, RestoreStep::Written, Noted]) {
            let sold = Sold::of(&harness, number).await;
            harness.begin_another_life().await;
            let mut restorer = harness.begin_restore(0, &sold.scene).await;
            restorer.come_to(step).await;
            own.restart().await;
            let interrupted = restorer.finish().await;
            assert!(interrupted.is_err(), "{step:?}: it is another life");
            drop(restorer);
            harness.lapse().await;
            sold.is_whole(&harness, &format!("{step:?}")).await;
        }
    });
}

/// The first half of a sale under another Redis is still on its way when the second is sold; then a
/// unit is missing, which the ledger has given to somebody else.
#[test]
fn what_survives_is_admitted_by_epoch_and_position_and_who_finds_no_unit_is_raised() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let scene = Scene::active(&harness, 3, 1).await;
        let id = scene.id();
        for buyer in ["lost-1", "lost-2", "old"] {
            scene.buy(&attempt(buyer, 1, 1)).await;
        }
        let outbox = harness.key(id, "outbox");
        let buyers = harness.key(id, &format!("sale:{id}:buyers"));
        let entries: Vec<(String, Vec<Value>)> =
            harness.tell(&format!("XRANGE {outbox} - +")).await;
        let (_, old) = entries.last().expect("three entries").clone();
        harness.tell::<()>(&format!("DEL {outbox}")).await;
        harness.tell::<()>(&format!("DEL {buyers}")).await;
        let first = scene.buy(&attempt("new-1", 1, 1)).await;
        let second = scene.buy(&attempt("new-2", 1, 1)).await;
        assert_eq!((first.position.0, second.position.0), (1, 2));

        let mut again = redis::cmd("XADD");
        again.arg(&outbox).arg("*");
        for part in &old {
            let Value::BulkString(part) = part else { panic!("{part:?}") };
            again.arg(part);
        }
        again.exec_async(&mut harness.beside().await).await.expect("Redis answers");
        let epoch = harness.epoch(&scene).await;
        let elsewhere = a_purchase(&scene.sale, epoch).at_position(9).by("elsewhere").entry();
        harness.ledger.commit(&[elsewhere]).await.expect("the ledger commits");

        scene.gate.rebuild(id).await.expect("the gate rebuilds");
        let rows = harness.ledger.page(id, None, 10).await.expect("the ledger answers");
        let held: Vec<_> = rows.iter().map(|row| row.buyer.as_str()).collect();
        assert_eq!(held, ["elsewhere", "old", "new-1"], "the older life comes first");
        let letters = harness.ledger.dead_letters(None, 10).await.expect("the ledger answers");
        let raised: Vec<_> = letters.iter().map(|(_, lost, _)| lost.purchase.no()).collect();
        assert_eq!(raised, [second.no()]);
        let sold_out = Decision::Rejected(Rejection::SoldOut);
        assert_eq!(scene.decide(&[attempt("new-2", 1, 1)]).await, [sold_out]);
        let audit = scene.gate.audit(id).await.expect("the gate answers");
        assert!(audit.expect("the gate has the sale").consistent);
    });
}

/// A person is told of the purchase by a dead letter; operations are told by the run.
#[test]
fn a_restore_that_refuses_what_only_the_gate_had_is_on_record() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 1, 1).await;
        scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
        let runs = async || harness.ledger.runs(None, 10).await.expect("the ledger answers");
        assert_eq!(runs().await, [], "nothing was refused");
        scene.buy(&attempt("ada", 1, 1)).await;
        let epoch = harness.epoch(&scene).await;
        let elsewhere = a_purchase(&scene.sale, epoch).at_position(9).by("elsewhere").entry();
        harness.ledger.commit(&[elsewhere]).await.expect("the ledger commits");
        scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
        let recorded = runs().await;
        let [(_, run)] = &recorded[..] else { panic!("{recorded:?}") };
        let mut refused = Findings::default();
        refused.raised(Drift::StaleEntryRefused, 1);
        assert_eq!((run.trigger, &run.findings), (Trigger::Restore, &refused));
        assert_eq!((run.mismatches, run.raised, run.sales), (1, 1, 1));
        assert_eq!(
            (run.sku.as_ref(), run.node.as_str()),
            (Some(&scene.id().sku), harness.engine.node())
        );
        assert!(run.started_at <= run.finished_at);
    });
}

/// A master that failed back to an older file answers on, with all its scripts.
#[test]
fn data_rolled_back_under_a_living_process_is_not_answered_from() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let scene = Scene::active(&harness, 10, 1).await;
        scene.buy(&attempt("eve", 1, 1)).await;
        let saved = harness.save(&scene).await;
        let ada = scene.buy(&attempt("ada", 1, 1)).await;
        scene.record().await;
        harness.roll_back(&saved).await;
        assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [Decision::Replayed(ada)]);
        let over = Decision::Rejected(Rejection::AlreadyPurchased(Some(ada)));
        assert_eq!(scene.decide(&[attempt("ada", 2, 1)]).await, [over]);
        assert_eq!(scene.snapshot().await.sold, 2);
    });
}

/// What Redis had of a sale: keys, and what was in them.
pub(super) type Saved = Vec<(String, Option<Vec<u8>>)>;

impl RedisHarness {
    /// What Redis has of the sale and its shard.
    pub(super) async fn save(&self, scene: &Scene) -> Saved {
        let id = scene.id();
        let of_sale = ["head", "buyers"].map(|name| self.key(id, &format!("sale:{id}:{name}")));
        let mut saved = Vec::new();
        for key in of_sale.into_iter().chain([self.key(id, "outbox")]) {
            let dumped = self.tell(&format!("DUMP {key}")).await;
            saved.push((key, dumped));
        }
        saved
    }

    /// The data are again what they were, in another life of the same process.
    pub(super) async fn roll_back(&self, saved: &Saved) {
        let mut all = redis::pipe();
        all.atomic().cmd("DEBUG").arg("CHANGE-REPL-ID");
        for (key, dumped) in saved {
            all.cmd("DEL").arg(key);
            if let Some(dumped) = dumped {
                all.cmd("RESTORE").arg(key).arg(0).arg(dumped);
            }
        }
        all.exec_async(&mut self.beside().await).await.expect("Redis answers");
    }
}
