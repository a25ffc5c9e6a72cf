//! Every refusal of the fence, and what it keeps from being answered.

use std::time::Duration;

use redis::FromRedisValue;
use stampede_application::ports::{Change, Judged, PortError};
use stampede_domain::{Attempt, Decision, Epoch, Purchase, Rejection};
use stampede_infrastructure::redis::RedisSettings;
use stampede_testkit::{
    servers::until,
    suites::{ManyNodes as _, Scene, attempt, run},
};
use tokio::time::Instant;

use super::{RedisHarness, own_redis};

/// How long a busy machine may take for what is only a few round trips.
const SOON: Duration = Duration::from_secs(30);

impl RedisHarness {
    /// What an operator types.
    pub(super) async fn tell<T: FromRedisValue>(&self, words: &str) -> T {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().expect("a command"));
        words.for_each(|word| {
            command.arg(word);
        });
        command.query_async(&mut self.beside().await).await.expect("Redis answers")
    }

    /// The data go on under another incarnation, as after a promotion.
    pub(super) async fn begin_another_life(&self) {
        self.tell::<()>("DEBUG CHANGE-REPL-ID").await;
    }

    /// The life that the ledger is in.
    pub(super) async fn epoch(&self, scene: &Scene) -> Epoch {
        let row = self.catalogue.find(&scene.id().sku).await.expect("the catalogue answers");
        row.expect("the sale is there").epoch
    }

    /// How often scripts were run that Redis had.
    async fn scripts_run(&self) -> u64 {
        self.calls("evalsha").await
    }

    /// How often Redis was told this command.
    pub(super) async fn calls(&self, command: &str) -> u64 {
        let said: String = self.tell("INFO commandstats").await;
        let beginning = format!("cmdstat_{command}:calls=");
        let calls = said.lines().find_map(|line| line.strip_prefix(&beginning));
        let calls = calls.and_then(|calls| calls.split(',').next());
        calls.map_or(0, |calls| calls.parse().expect("a number"))
    }
}

/// What of a sale nobody may be told: the lane's and the gate's word on it is that they do not know.
async fn nobody_is_answered(scene: &Scene, batch: &[Attempt]) {
    fn is_unknown<T: std::fmt::Debug>(answer: &Result<T, PortError>) {
        assert!(matches!(answer, Err(PortError::Unavailable { .. })), "{answer:?}");
    }
    let (gate, id) = (&scene.gate, scene.id());
    for attempt in batch {
        is_unknown(&scene.lane.decide(id, std::slice::from_ref(attempt)).await);
        is_unknown(&gate.purchases(id, &attempt.buyer).await);
    }
    is_unknown(&gate.snapshot(id).await);
    is_unknown(&gate.audit(id).await);
    is_unknown(&gate.holdings(id, None).await);
    is_unknown(&gate.change(id, Change::Pause).await);
}

/// A sale of one unit that ada has, and what each asks again: a replay, another key, another buyer.
async fn sold_out(harness: &RedisHarness) -> (Scene, Purchase, [Attempt; 3]) {
    let scene = Scene::active(harness, 1, 1).await;
    let again = [attempt("ada", 1, 1), attempt("ada", 2, 1), attempt("ben", 1, 1)];
    let bought = scene.buy(&again[0]).await;
    (scene, bought, again)
}

#[test]
fn a_batch_after_its_not_after_does_nothing() {
    run(async {
        let (own, server) = own_redis(false).await;
        let patience = RedisSettings::new(&server.url, &server.prefix).response_timeout;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let scene = Scene::active(&harness, 10, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        let (epoch, run_before) = (harness.epoch(&scene).await, harness.scripts_run().await);

        own.pause();
        let sent = Instant::now();
        let late = scene.lane.decide(scene.id(), &[attempt("ben", 1, 1)]).await;
        assert!(matches!(late, Err(PortError::Unavailable { .. })), "{late:?}");
        let over = async || (sent.elapsed() > 2 * patience).then_some(());
        until("its time is over", SOON, over).await;
        own.resume();
        let is_run = async || (harness.scripts_run().await > run_before).then_some(());
        until("what was sent is run", SOON, is_run).await;
        let snapshot = scene.snapshot().await;
        assert_eq!((snapshot.stock, snapshot.sold), (9, 1));
        assert_eq!(scene.waiting_purchases().await.len(), 1);
        assert_eq!(harness.epoch(&scene).await, epoch, "nothing is restored for it");
    });
}

#[test]
fn a_replica_answers_nobody_and_is_never_restored() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let (scene, bought, again) = sold_out(&harness).await;
        let epoch = harness.epoch(&scene).await;
        // Of a master that is not there, so that it keeps what it has.
        harness.tell::<()>("REPLICAOF 127.0.0.1 1").await;
        nobody_is_answered(&scene, &again).await;
        assert_eq!(harness.epoch(&scene).await, epoch);

        harness.tell::<()>("REPLICAOF NO ONE").await;
        assert_eq!(scene.decide(&again[..1]).await, [Decision::Replayed(bought)]);
        assert_ne!(harness.epoch(&scene).await, epoch, "a promotion is another life");
    });
}

#[test]
fn another_incarnation_is_closed() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let (scene, bought, again) = sold_out(&harness).await;
        let epoch = harness.epoch(&scene).await;
        harness.begin_another_life().await;
        assert_eq!(scene.decide(&again[..1]).await, [Decision::Replayed(bought)]);
        assert_eq!(harness.epoch(&scene).await.number, epoch.number + 1, "it was made anew");
        let rows = scene.ledger.page(scene.id(), None, 10).await.expect("the ledger answers");
        assert_eq!(rows.len(), 1, "from what it had, too");
    });
}

#[test]
fn a_missing_buyer_is_closed() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let bought = scene.buy(&attempt("ada", 1, 1)).await;
        let buyers = harness.key(scene.id(), &format!("sale:{}:buyers", scene.id()));
        assert_eq!(harness.tell::<u32>(&format!("HDEL {buyers} ada")).await, 1);
        let over = Decision::Rejected(Rejection::AlreadyPurchased(Some(bought)));
        assert_eq!(scene.decide(&[attempt("ada", 2, 1)]).await, [over]);
        assert_eq!(scene.snapshot().await.sold, 1);
    });
}

#[test]
fn another_epoch_is_asked_of_the_ledger_and_sent_again() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        harness.other_gate().rebuild(scene.id()).await.expect("the gate rebuilds");
        let epoch = harness.epoch(&scene).await;
        assert_ne!(epoch, scene.epoch);
        let judged = scene.lane.decide(scene.id(), &[attempt("ben", 1, 1)]).await;
        let Ok(Judged::Decided { trail, .. }) = judged else { panic!("{judged:?}") };
        assert_eq!(trail.epoch, epoch, "the answer is of the life in which it was decided");
        assert_eq!(harness.epoch(&scene).await, epoch, "and nothing is restored for it");
    });
}

#[test]
fn what_is_deleted_or_of_another_creation_is_asked_of_the_catalogue_and_not_restored() {
    run(async {
        let harness = RedisHarness::start().await;
        for (number, field, value) in
            [(1, "generation", "0".repeat(32)), (2, "deleted", "1".into())]
        {
            let sale = stampede_testkit::builders::a_sale().sku(&format!("GONE-{number}"));
            let scene = Scene::of(&harness, sale.generation(number).build()).await;
            let head = harness.key(scene.id(), &format!("sale:{}:head", scene.id()));
            harness.tell::<()>(&format!("HSET {head} {field} {value}")).await;
            let judged = scene.lane.decide(scene.id(), &[attempt("ada", 1, 1)]).await;
            assert_eq!(judged.expect("the gate answers"), Judged::UnknownSale, "{field}");
            assert_eq!(harness.epoch(&scene).await, scene.epoch, "{field}");
        }
    });
}

#[test]
fn a_rejection_and_a_replay_stand_behind_the_fence_too() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let (scene, _, again) = sold_out(&harness).await;
        harness.begin_another_life().await;
        // Nothing can be restored without a ledger, and nothing is known until then.
        harness.pool.close().await;
        nobody_is_answered(&scene, &again).await;
    });
}

#[test]
fn after_a_resend_a_rejection_that_can_be_undone_is_no_decision() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let patient = |settings| RedisSettings { response_timeout: SOON, ..settings };
        let harness = RedisHarness::over(server, patient).await;
        let (scene, bought, again) = sold_out(&harness).await;
        harness.tell::<()>("CLIENT PAUSE 60000 WRITE").await;
        let cutting = async {
            let lane = until("the batch has arrived", SOON, async || {
                let clients: String = harness.tell("CLIENT LIST").await;
                let is_held = |client: &&str| client.contains(" flags=b ");
                let sent = clients.lines().find(is_held)?;
                sent.strip_prefix("id=")?.split(' ').next().map(str::to_owned)
            });
            let lane = lane.await;
            harness.tell::<()>(&format!("CLIENT KILL ID {lane}")).await;
            harness.tell::<()>("CLIENT UNPAUSE").await;
        };
        let (judged, ()) = tokio::join!(scene.lane.decide(scene.id(), &again), cutting);
        let Ok(Judged::Decided { decisions, .. }) = judged else { panic!("{judged:?}") };
        let held = Decision::Rejected(Rejection::AlreadyPurchased(Some(bought)));
        assert_eq!(decisions, [Some(Decision::Replayed(bought)), Some(held), None]);
    });
}
