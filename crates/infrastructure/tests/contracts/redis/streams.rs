//! The outbox's streams under faults: nothing that was accepted stays behind, nothing is left over.

use std::{cell::Cell, collections::HashMap, time::Duration};

use redis::{FromRedisValue as _, Value};
use stampede_application::ports::{Entry, EntryId, Outbox, PortError, Readmission};
use stampede_domain::{Epoch, Shard};
use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, SharedRedis},
    suites::{Scene, attempt, run},
};

use super::{RedisHarness, own_redis};

/// A wait that is meant to end.
const SHORT: Duration = Duration::from_millis(50);
/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(20);

impl RedisHarness {
    fn stream(&self, shard: Shard) -> String {
        format!("{}{{{shard}}}:outbox", self.server.prefix)
    }

    async fn say<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let mut said = redis::cmd(command[0]);
        said.arg(&command[1..]);
        said.query_async(&mut self.beside().await).await.expect("Redis answers")
    }

    /// Entries in a shard's stream, and those that its group holds.
    async fn left(&self, shard: Shard) -> (u64, u64) {
        let stream = self.stream(shard);
        let length = self.say(&["XLEN", &stream]).await;
        let groups: Vec<Value> = self.say(&["XINFO", "GROUPS", &stream]).await;
        if groups.is_empty() {
            return (length, 0);
        }
        let (held, _, _, _): (u64, Value, Value, Value) =
            self.say(&["XPENDING", &stream, "ledger"]).await;
        (length, held)
    }
}

async fn read(scene: &Scene, consumer: &str) -> Vec<Entry> {
    let entries = scene.outbox.read(scene.shard(), consumer, 100, SHORT).await;
    entries.expect("the outbox answers")
}

fn ids(entries: &[Entry]) -> Vec<EntryId> {
    entries.iter().filter_map(|entry| entry.id.clone()).collect()
}

/// A tool, or a worker that was slow, has removed it, and the reader meets nothing but its id.
#[test]
fn an_entry_removed_while_it_was_held_is_done() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        scene.buy(&attempt("ben", 1, 1)).await;
        let held = read(&scene, "worker").await;
        let gone = ids(&held[..1]);
        let _: u64 = harness.say(&["XDEL", &harness.stream(scene.shard()), &gone[0].0]).await;
        assert_eq!(harness.left(scene.shard()).await, (1, 2));
        // The same worker after its restart.
        let anew = harness.other.outbox();
        let again = anew.read(scene.shard(), "worker", 100, SHORT).await;
        assert_eq!(again.expect("the outbox answers"), held[1..]);
        assert_eq!(harness.left(scene.shard()).await, (1, 1), "what is gone is held by nobody");
        anew.done(scene.shard(), &ids(&held[1..])).await.expect("the outbox answers");
        assert_eq!(harness.left(scene.shard()).await, (0, 0));
    });
}

/// I5: a group that is lost takes no entry with it, whoever held it.
#[test]
fn a_lost_group_is_made_anew_and_brings_what_was_not_done() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        for buyer in ["ada", "ben", "eve"] {
            scene.buy(&attempt(buyer, 1, 1)).await;
        }
        let held = read(&scene, "worker").await;
        let done = scene.outbox.done(scene.shard(), &ids(&held[..1])).await;
        done.expect("the outbox answers");
        let stream = harness.stream(scene.shard());
        let _: u64 = harness.say(&["XGROUP", "DESTROY", &stream, "ledger"]).await;
        assert_eq!(read(&scene, "worker").await, held[1..]);
        let done = scene.outbox.done(scene.shard(), &ids(&held)).await;
        done.expect("the outbox answers");
        assert_eq!(harness.left(scene.shard()).await, (0, 0));
    });
}

/// An empty outbox is that of one life of one Redis alone.
#[test]
fn what_waits_is_told_of_the_life_that_is_asked_for_and_of_no_other() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let scene = Scene::active(&harness, 100, 1).await;
        // More than one script looks at.
        for number in 0..20 {
            scene.buy(&attempt(&format!("buyer-{number}"), 1, 1)).await;
        }
        let (id, epoch) = (scene.id(), harness.epoch(&scene).await);
        let waiting_in = async |epoch| {
            let waiting = scene.outbox.waiting_in(id, epoch, 100).await;
            waiting.expect("the outbox answers")
        };
        assert_eq!(scene.waiting().await.len(), 20);
        assert_eq!(waiting_in(epoch).await, Some(scene.waiting().await));
        let first = scene.outbox.waiting_in(id, epoch, 1).await.expect("the outbox answers");
        assert_eq!(first.expect("of this life").as_slice(), &scene.waiting().await[..1]);
        let later = Epoch { number: epoch.number + 1, ..epoch };
        assert_eq!(waiting_in(later).await, None);
        scene.record().await;
        assert_eq!(waiting_in(epoch).await, Some(vec![]), "all of it is recorded");
        harness.begin_another_life().await;
        assert_eq!(waiting_in(epoch).await, None, "its data may be another's");
        assert_eq!(harness.epoch(&scene).await, epoch, "nobody was restored for it");
    });
}

/// Entries that another sale of the shard puts there at a time: more than one script looks at.
const CROWD: usize = 64;

impl RedisHarness {
    async fn crowd(&self, shard: Shard) {
        let (stream, mut crowd) = (self.stream(shard), redis::pipe());
        for _ in 0..CROWD {
            crowd.cmd("XADD").arg(&stream).arg("*").arg("g").arg("another").ignore();
        }
        let () = crowd.query_async(&mut self.beside().await).await.expect("Redis answers");
    }
}

/// A deletion asks of a sale that has ended, and its neighbour sells on.
#[test]
fn a_look_for_one_sale_ends_however_fast_others_of_its_shard_sell() {
    run(async {
        const ROUNDS: u32 = 200;
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        harness.crowd(scene.shard()).await;
        let is_over = Cell::new(false);
        let look = async {
            let waiting = scene.outbox.waiting_in(scene.id(), scene.epoch, 100).await;
            is_over.set(true);
            waiting.expect("the outbox answers")
        };
        let selling = async {
            for round in 0..ROUNDS {
                if is_over.get() {
                    return round;
                }
                harness.crowd(scene.shard()).await;
            }
            ROUNDS
        };
        let (waiting, rounds) = tokio::join!(look, selling);
        assert_eq!(waiting, Some(vec![]));
        assert!(rounds < ROUNDS, "it ended with the sales of others");
    });
}

/// Reconciliation asks whether one entry of a sale is still on its way.
#[test]
fn a_look_for_one_entry_behind_those_of_many_others_takes_few_reads() {
    run(async {
        let (_own, server) = own_redis(false).await;
        let harness = RedisHarness::over(server, |settings| settings).await;
        let scene = Scene::active(&harness, 10, 1).await;
        for _ in 0..4 {
            harness.crowd(scene.shard()).await;
        }
        scene.buy(&attempt("ada", 1, 1)).await;
        let before = harness.calls("xrange").await;
        let waiting = scene.outbox.waiting(scene.id(), 1).await.expect("the outbox answers");
        assert_eq!(waiting.len(), 1);
        let reads = harness.calls("xrange").await - before;
        assert!(reads <= 2 + 4 * CROWD as u64 / 256, "{reads}");
    });
}

/// A worker that adopts a purchase writes an entry before it removes the one it came from.
#[test]
fn what_is_carried_past_the_end_of_a_look_is_seen() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 100, 100).await;
        let stream = harness.stream(scene.shard());
        for _ in 0..4 {
            harness.crowd(scene.shard()).await;
        }
        scene.buy(&attempt("ada", 1, 1)).await;
        for round in 2..12 {
            let entry = ids(&scene.waiting().await).remove(0);
            let look = scene.outbox.waiting_in(scene.id(), scene.epoch, 1);
            let carry = async {
                let stale = scene.forged(&format!("buyer-{round}"), round, 1);
                let adopted = scene.outbox.readmit(&[stale], scene.epoch).await;
                assert_eq!(adopted.expect("the outbox answers"), [Readmission::Adopted]);
                let _: u64 = harness.say(&["XDEL", &stream, &entry.0]).await;
            };
            let (waiting, ()) = tokio::join!(look, carry);
            let waiting = waiting.expect("the outbox answers").expect("of this life");
            assert_eq!(waiting.len(), 1, "round {round}: there was one at every instant");
        }
    });
}

/// It waits for a first entry when all that Redis had is gone.
#[test]
fn a_stream_lost_under_a_blocked_reader_heals() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        // The group is there, and a reader waits at it.
        assert_eq!(read(&scene, "worker").await, []);
        let reading = scene.outbox.read(scene.shard(), "worker", 100, LONG);
        let losing = async {
            let stream = harness.stream(scene.shard());
            let _: u64 = harness.say(&["DEL", &stream]).await;
            scene.buy(&attempt("ada", 1, 1)).await
        };
        let (read, bought) = tokio::join!(reading, losing);
        let read = read.expect("the outbox answers");
        let numbers: Vec<_> = read.iter().flat_map(|one| one.body.purchase_numbers()).collect();
        assert_eq!(numbers, [bought.no()]);
        scene.outbox.done(scene.shard(), &ids(&read)).await.expect("the outbox answers");
        assert_eq!(harness.left(scene.shard()).await, (0, 0));
    });
}

/// Acknowledged alone it would lie in the stream for ever, removed alone in somebody's hand.
#[test]
fn acknowledging_and_removing_are_one_step() {
    run(async {
        // One of the two cannot be done here.
        let arguments = ["--rename-command", "XDEL", "XGONE"].map(str::to_owned).to_vec();
        let own =
            OwnRedis::start(OwnRedisOptions { arguments, ..OwnRedisOptions::default() }).await;
        let server = SharedRedis { url: own.url(), prefix: "stampede:".to_owned() };
        let harness = RedisHarness::over(server, |settings| settings).await;
        let scene = Scene::active(&harness, 10, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        let held = read(&scene, "worker").await;
        let done = scene.outbox.done(scene.shard(), &ids(&held)).await;
        assert!(matches!(done, Err(PortError::Unavailable { .. })), "{done:?}");
        assert_eq!(harness.left(scene.shard()).await, (1, 1), "nor was the other");
        let heir = scene.outbox.take_over(scene.shard(), "heir", Duration::ZERO).await;
        assert_eq!(heir.expect("the outbox answers"), held);
    });
}

#[test]
fn after_a_drain_stream_and_pending_list_are_empty() {
    run(async {
        let harness = RedisHarness::start().await;
        let outbox = harness.engine.outbox();
        let scene = Scene::active(&harness, 100, 1).await;
        for number in 0..20 {
            scene.buy(&attempt(&format!("buyer-{number}"), 1, 1)).await;
        }
        for shard in Shard::all() {
            let entries = outbox.read(shard, "worker", 1_000, SHORT).await;
            let entries = entries.expect("the outbox answers");
            if !entries.is_empty() {
                assert_eq!(entries.len(), 20);
                harness.ledger_commits(&entries).await;
            }
            outbox.done(shard, &ids(&entries)).await.expect("the outbox answers");
        }
        for shard in Shard::all() {
            assert_eq!(harness.left(shard).await, (0, 0), "{shard}");
        }
    });
}

impl RedisHarness {
    async fn ledger_commits(&self, entries: &[Entry]) {
        use stampede_application::ports::Ledger as _;
        self.ledger.commit(entries).await.expect("the ledger commits");
    }
}

/// Much longer than the claim, in the hand that renews it.
#[test]
fn what_is_renewed_for_longer_than_the_claim_stays_with_its_holder() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        let held = read(&scene, "worker").await;
        let stream = harness.stream(scene.shard());
        let claim = Duration::from_secs(5);
        for _ in 0..3 {
            // As long ago as makes it anybody's, had it not been renewed.
            let idle = (claim * 2).as_millis().to_string();
            let id = &held[0].id.clone().expect("it stands in the outbox").0;
            let _: Value = harness
                .say(&["XCLAIM", &stream, "ledger", "worker", "0", id, "IDLE", &idle, "JUSTID"])
                .await;
            let renewed = scene.outbox.renew(scene.shard(), "worker", &ids(&held)).await;
            renewed.expect("the outbox answers");
            let taken = scene.outbox.take_over(scene.shard(), "heir", claim).await;
            assert_eq!(taken.expect("the outbox answers"), []);
        }
        let given_up = scene.outbox.take_over(scene.shard(), "heir", Duration::ZERO).await;
        assert_eq!(given_up.expect("the outbox answers"), held);
    });
}

/// Each life of a node has consumers of its own; what one that died still holds is never lost.
#[test]
fn a_consumer_that_is_gone_and_holds_nothing_is_forgotten_and_one_that_holds_is_not() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let (shard, stream) = (scene.shard(), harness.stream(scene.shard()));
        scene.buy(&attempt("ada", 1, 1)).await;
        let held = read(&scene, "gone").await;
        scene.outbox.done(shard, &ids(&held)).await.expect("the outbox answers");
        // Whoever gets it cannot read it, and keeps it for a newer version.
        let newer = ["XADD", &stream, "*", "f", "2", "k", "purchases"];
        let _: String = harness.say(&newer).await;
        assert_eq!(read(&scene, "holder").await.len(), 1);
        assert_eq!(harness.consumers(shard).await, [("gone".into(), 0), ("holder".into(), 1)]);
        for (idle, named) in [(LONG, 2), (Duration::ZERO, 1)] {
            let taken = scene.outbox.take_over(shard, "holder", idle).await;
            assert_eq!(taken.expect("the outbox answers"), [], "it was handed out lately");
            assert_eq!(harness.consumers(shard).await.len(), named, "{idle:?}");
        }
        assert_eq!(harness.consumers(shard).await, [("holder".into(), 1)]);
        assert_eq!(harness.left(shard).await, (1, 1));
    });
}

impl RedisHarness {
    /// Who reads a shard, and how much of it each holds, by name.
    async fn consumers(&self, shard: Shard) -> Vec<(String, u64)> {
        let told: Vec<HashMap<String, Value>> =
            self.say(&["XINFO", "CONSUMERS", &self.stream(shard), "ledger"]).await;
        let mut consumers: Vec<_> = told
            .iter()
            .map(|told| {
                let name = String::from_redis_value_ref(&told["name"]).expect("a name");
                let holds = u64::from_redis_value_ref(&told["pending"]).expect("a number");
                (name, holds)
            })
            .collect();
        consumers.sort();
        consumers
    }
}
