//! R5: a worker dies when its commit is done and not yet acknowledged.
//!
//! The instant is not hit by chance: Postgres holds the commit at its last step, the node is
//! frozen, Postgres finishes, and the node is killed before it can know.

use std::time::Duration;

use stampede_testkit::{
    servers::{HeldCommits, OutboxLeft, postgres, redis, until},
    shop::{Database, Stores},
};

use crate::{Chance, Crowd, Line, Promise, Scene, Trial};

const LIMIT: u32 = 2;
const STOCK: u32 = 10_000;
const BUYERS_MAX: usize = 120;
/// So that another worker takes over soon what the dead one held.
const CLAIM: [(&str, &str); 1] = [("STAMPEDE_OUTBOX_CLAIM_IDLE_MS", "500")];
/// How long a worker takes to come as far as its commit, and Postgres to finish it.
const STEP_LIMIT: Duration = Duration::from_secs(20);

pub(super) fn line() -> Line {
    Line::new("R5", "worker killed between its commit and its acknowledgement")
        .kind("redis", 100, 3.0, killed)
}

async fn killed(mut chance: Chance) -> Trial {
    let (redis, database) = (redis().await, postgres().await);
    let url = database.url.clone();
    let stores = Stores::Redis { redis: redis.clone(), database: Database::Shared(database) };
    let mut scene = Scene::open(stores, &CLAIM, 1, STOCK, LIMIT).await;
    let buyers = chance.number(1, BUYERS_MAX);
    let before = Crowd::of(&mut chance, "before", buyers, LIMIT, 1);
    let mut left = before.buy(&scene.recorder).await;
    scene.recorder.drained(0, STEP_LIMIT).await;

    let recorded = scene.stores.ledger().await.len();
    let mut held = HeldCommits::hold(&url).await;
    let buyers = chance.number(1, BUYERS_MAX);
    let buying = scene.spawn(Crowd::of(&mut chance, "held", buyers, LIMIT, 1));
    held.reached(STEP_LIMIT).await;
    scene.nodes[0].process.pause();
    held.let_go().await;
    until("the commit is done", STEP_LIMIT, async || {
        (scene.stores.ledger().await.len() > recorded).then_some(())
    })
    .await;
    let met = OutboxLeft::of(&redis).await;
    scene.kill_and_restart(0).await;
    let buying = async {
        left.extend(buying.await.expect("nobody panics"));
        left
    };
    let mut trial = scene.conclude(Promise::NothingLost, buying).await;
    trial.expect(met.pending > 0, || format!("nothing was in the worker's hand: {met:?}"));
    trial
}
