//! R3: the gate forgets, or lives twice, or is restored or drained by one that was frozen.

use std::time::{Duration, Instant};

use stampede_testkit::{
    servers::{
        OwnRedis, OwnRedisOptions, Proxy, TestDatabase, Way, postgres, postgres_epoch, until,
    },
    shop::Stores,
};
use tokio::time::{sleep, timeout};

use super::load::Load;
use crate::{
    Chance, Figure, Line, Promise, Trial,
    recorder::FROZEN_MAX,
    scene::{LEVEL_SETTING, RESTORES},
};

const TITLE: &str = "Redis flushed, set back, promoted, alive twice; who restores or drains frozen";
/// How long a restore may take that follows another one, and a batch that changes hands, while a
/// node is frozen.
const HANDOVER_LIMIT: Duration = FROZEN_MAX;
/// How long a split brain lasts if nothing is decided in it: longer than a restore that has begun
/// keeps others out.
const SPLIT: Duration = Duration::from_secs(15);
/// How long a gate of an older life sells on until a worker that brings what it sold notices.
const UNNOTICED: Duration = Duration::from_secs(3);
/// How often a restore is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Attempts that are decided between two faults that belong together.
const SOME: usize = 60;
/// How often a restorer is tried to be caught at work.
const TRIES: usize = 5;
/// Answers of Postgres that a restore waits for, about.
const STEPS: u32 = 8;
/// How late answers of Postgres come at the first try, so that a restore lasts; doubled each time.
const SLOW: Duration = Duration::from_millis(15);

pub(super) fn line() -> Line {
    Line::new("R3", TITLE)
        .kind("flushed-ledger", 15, 3.0, |chance| flushed(LEDGER, chance))
        .kind("flushed-gate", 5, 3.0, |chance| flushed(GATE, chance))
        .kind("empty-ledger", 15, 3.0, |chance| empty(LEDGER, chance))
        .kind("empty-gate", 5, 3.0, |chance| empty(GATE, chance))
        .kind("older-file-ledger", 15, 3.0, |chance| older_file(LEDGER, chance))
        .kind("older-file-gate", 5, 3.0, |chance| older_file(GATE, chance))
        .kind("promoted-ledger", 15, 3.0, |chance| promoted(LEDGER, chance))
        .kind("promoted-gate", 5, 3.0, |chance| promoted(GATE, chance))
        .kind("led-back-ledger", 15, 4.0, |chance| led_back(LEDGER, chance))
        .kind("led-back-gate", 5, 4.0, |chance| led_back(GATE, chance))
        .kind("failed-back-ledger", 15, 4.0, |chance| failed_back(LEDGER, chance))
        .kind("failed-back-gate", 5, 4.0, |chance| failed_back(GATE, chance))
        .kind("failed-back-unseen-ledger", 15, 4.0, |chance| failed_back_unseen(LEDGER, chance))
        .kind("failed-back-unseen-gate", 5, 4.0, |chance| failed_back_unseen(GATE, chance))
        .kind("old-master-alive-ledger", 15, 6.0, |chance| old_master_alive(LEDGER, chance))
        .kind("old-master-alive-gate", 5, 6.0, |chance| old_master_alive(GATE, chance))
        .kind("restorer-frozen-ledger", 15, 25.0, |chance| restorer_frozen(LEDGER, chance))
        .kind("restorer-frozen-gate", 5, 25.0, |chance| restorer_frozen(GATE, chance))
        .kind("worker-frozen", 15, 5.0, worker_frozen)
}

/// What the nodes answer by, and what it promises while a gate is lost.
#[derive(Clone, Copy)]
struct Level {
    name: &'static str,
    promise: Promise,
}

/// Whoever was not told repeats the attempt: it may be accepted anew before the first acceptance
/// turns up, which is then given up to a person.
const LEDGER: Level = Level { name: "ledger", promise: Promise::NothingToldLost };
const GATE: Level = Level { name: "gate", promise: Promise::LossCounted };

/// Two nodes, both stores behind proxies.
struct Shop {
    level: Level,
    redis: OwnRedis,
    /// Attached before the sale, so that the gate's life does not end in its middle.
    replica: OwnRedis,
    to_redis: Proxy,
    to_postgres: Proxy,
    database: TestDatabase,
    load: Load,
}

impl Shop {
    async fn open(level: Level, chance: Chance) -> Self {
        Self::open_with(level, &[], chance).await
    }

    async fn open_with(
        level: Level,
        others: &[(&'static str, &'static str)],
        chance: Chance,
    ) -> Self {
        let options = OwnRedisOptions::on_disk;
        let (redis, replica) = (OwnRedis::start(options()).await, OwnRedis::start(options()).await);
        replica.replicate(&redis).await;
        let to_redis = Proxy::before(&redis.url()).await;
        let database = postgres().await;
        let to_postgres = Proxy::before(&database.url).await;
        let addresses = (to_redis.url(&redis.url()), to_postgres.url(&database.url));
        let stores = Stores::at(addresses.0, addresses.1);
        let settings = [&[(LEVEL_SETTING, level.name)], others].concat();
        let load = Load::on(stores, &settings, 2, chance).await;
        Self { level, redis, replica, to_redis, to_postgres, database, load }
    }

    /// The replica becomes the master of all clients; the old one goes on without any.
    async fn fail_over(&self, since: Duration) {
        let promoted = async {
            self.replica.promote().await;
            self.lead_to(&self.replica).await;
        };
        self.load.scene.recorder.losing(since, promoted).await;
    }

    /// All clients go to another master.
    async fn lead_to(&self, master: &OwnRedis) {
        self.to_redis.lead_to(&master.url());
        self.to_redis.cut().await;
    }

    async fn conclude(self) -> Trial {
        let mut trial = self.load.conclude(self.level.promise).await;
        let restores = trial.counted(RESTORES);
        trial.expect(restores > Some(0), || "nobody has restored the gate".to_owned());
        trial
    }
}

async fn flushed(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    for instant in shop.load.some_instants(2) {
        let since = shop.load.at_stake(instant).await;
        shop.load.scene.recorder.losing(since, shop.redis.flush()).await;
    }
    shop.conclude().await
}

async fn empty(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    for instant in shop.load.some_instants(2) {
        let since = shop.load.at_stake(instant).await;
        shop.load.scene.recorder.losing(since, shop.redis.restart_empty()).await;
    }
    shop.conclude().await
}

async fn older_file(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instants = shop.load.instants(2);
    shop.load.decided(instants[0]).await;
    shop.redis.save_copy().await;
    let since = shop.load.at_stake(instants[1]).await;
    shop.load.scene.recorder.losing(since, shop.redis.restart_from_copy()).await;
    shop.conclude().await
}

async fn promoted(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instant = shop.load.instants(1)[0];
    let since = shop.load.at_stake(instant).await;
    shop.fail_over(since).await;
    shop.conclude().await
}

/// Clients are led back to the old master, which has slept meanwhile: the same life of the same
/// data, rolled back by all that the other one did.
async fn led_back(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instant = shop.load.instants(1)[0];
    let since = shop.load.at_stake(instant).await;
    shop.fail_over(since).await;
    let since = shop.load.more_at_stake(SOME).await;
    shop.load.scene.recorder.losing(since, shop.lead_to(&shop.redis)).await;
    shop.conclude().await
}

/// The old master comes back as the replica of the new one, and is made the master again, at
/// times while the new one goes on selling: what it then has is older.
///
/// The traffic of the nodes is held while clients change from one to the other.
async fn failed_back(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instant = shop.load.instants(1)[0];
    let since = shop.load.at_stake(instant).await;
    shop.fail_over(since).await;
    let mut since = shop.load.more_at_stake(SOME).await;
    let is_older = shop.load.chance.happens(1, 2);
    if is_older {
        shop.redis.replicate(&shop.replica).await;
        shop.redis.promote().await;
        since = shop.load.more_at_stake(SOME).await;
    }
    let failed_back = async {
        shop.to_redis.freeze();
        if !is_older {
            shop.redis.replicate(&shop.replica).await;
            shop.redis.promote().await;
        }
        shop.lead_to(&shop.redis).await;
        shop.to_redis.thaw();
    };
    shop.load.scene.recorder.losing(since, failed_back).await;
    let mut trial = shop.conclude().await;
    // One for each change of masters.
    let restores = trial.counted(RESTORES);
    trial.expect(restores > Some(1), || format!("{restores:?} restores in two changes"));
    trial.measured(Figure::count("masters that came back older", usize::from(is_older)));
    trial
}

/// A replica was promoted, which no client has seen; the old master, which sold on, becomes its
/// replica and is made the master again: the same process, and its data is older by all that it
/// did since. Only the name of its replication tells.
async fn failed_back_unseen(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instant = shop.load.instants(1)[0];
    shop.load.decided(instant).await;
    shop.replica.promote().await;
    let since = shop.load.more_at_stake(SOME).await;
    let failed_back = async {
        shop.to_redis.freeze();
        shop.redis.replicate(&shop.replica).await;
        shop.redis.promote().await;
        shop.to_redis.thaw();
    };
    shop.load.scene.recorder.losing(since, failed_back).await;
    shop.conclude().await
}

/// One node goes to the new master; the other one stays with the old one, and is asked there.
async fn old_master_alive(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instant = shop.load.instants(1)[0];
    let since = shop.load.at_stake(instant).await;
    let moved = shop.load.a_node();
    let recorder = shop.load.scene.recorder.clone();
    let split = async {
        shop.replica.promote().await;
        shop.to_redis.lead_to(&shop.replica.url());
        let split = Instant::now();
        shop.load.scene.kill_and_restart(moved).await;
        // Each side may close the other one again and again: safe, and slow.
        let before = recorder.decided_so_far();
        timeout(SPLIT, shop.load.decided_more(SOME)).await.ok();
        let decided = recorder.decided_so_far() - before;
        let met = recorder.met_since(1 - moved, split);
        shop.to_redis.cut().await;
        (decided, met)
    };
    let (decided, (accepted, unknown)) = recorder.losing_on(since, UNNOTICED, split).await;
    let mut trial = shop.conclude().await;
    trial.expect(decided > 0, || "nothing was decided while two were masters".to_owned());
    trial.expect(accepted + unknown > 0, || {
        "the node that stayed with the old master met no attempt".to_owned()
    });
    trial.measured(Figure::count("decided while two were masters", decided));
    trial.measured(Figure::count("accepted by the node that stayed", accepted));
    trial.measured(Figure::count("left unknown by the node that stayed", unknown));
    trial
}

/// A node that has taken the next epoch for a restore is frozen before it has restored; another
/// one restores and sells, and then the first one goes on where it was.
async fn restorer_frozen(level: Level, chance: Chance) -> Trial {
    let mut shop = Shop::open(level, chance).await;
    let instant = shop.load.instants(1)[0];
    let mut since = shop.load.at_stake(instant).await;
    let (frozen, other) = if shop.load.chance.happens(1, 2) { (0, 1) } else { (1, 0) };
    let mut is_caught = false;
    for slow in (0..TRIES).map(|tried| SLOW * (1 << tried)) {
        // At any of its steps, from the new epoch to the open sale.
        let steps = shop.load.chance.time(Duration::ZERO, STEPS * slow);
        is_caught = freeze_a_restorer(&shop, frozen, other, (slow, steps), since).await;
        if is_caught {
            break;
        }
        since = shop.load.more_at_stake(1).await;
    }
    let mut trial = shop.conclude().await;
    trial.expect(is_caught, || format!("no restore was caught at work in {TRIES} tries"));
    trial
}

/// False if the restore was over before the node was frozen.
async fn freeze_a_restorer(
    shop: &Shop,
    frozen: usize,
    other: usize,
    (slow, steps): (Duration, Duration),
    since: Duration,
) -> bool {
    let scene = &shop.load.scene;
    let restores = |node: usize| scene.nodes[node].restores();
    let before = (restores(frozen), restores(other), postgres_epoch(&shop.database.url).await);
    shop.to_postgres.replies(Way::Delay(slow));
    // Nobody else is to restore.
    scene.pause(other);
    shop.load.scene.recorder.losing(since, shop.redis.flush()).await;
    until("an epoch for a restore", HANDOVER_LIMIT, async || {
        (postgres_epoch(&shop.database.url).await > before.2).then_some(())
    })
    .await;
    sleep(steps).await;
    scene.pause(frozen);
    shop.to_postgres.replies(Way::Pass);
    scene.resume(other);
    // One that was over although its log line had not come needs no other.
    let by_other = async {
        while restores(frozen) == before.0 && restores(other) == before.1 {
            sleep(LOOK_EVERY).await;
        }
        restores(other) > before.1
    };
    let is_caught = timeout(HANDOVER_LIMIT, by_other).await.unwrap_or(false);
    scene.resume(frozen);
    is_caught
}

/// Both nodes hold batches of the outbox that they cannot commit; one is frozen, the ledger
/// comes back, the other one takes over what the first one holds, and then that one goes on.
///
/// At level `gate`, where workers alone bring purchases to the ledger; no gate is lost.
async fn worker_frozen(chance: Chance) -> Trial {
    let settings =
        [("STAMPEDE_OUTBOX_CLAIM_IDLE_MS", "1000"), ("STAMPEDE_POSTGRES_IDLE_MAX_MS", "2000")];
    let mut shop = Shop::open_with(GATE, &settings, chance).await;
    let instant = shop.load.instants(1)[0];
    shop.load.decided(instant).await;
    shop.to_postgres.freeze();
    until("a batch in each node's hand", HANDOVER_LIMIT, async || {
        // One may have taken all that there was.
        shop.load.scene.let_in(1);
        (shop.redis.in_hands().await.len() > 1).then_some(())
    })
    .await;
    let frozen = shop.load.a_node();
    shop.load.scene.pause(frozen);
    let held = usize::try_from(shop.redis.in_hands().await.values().sum::<u64>()).unwrap_or(0);
    shop.to_postgres.thaw();
    let is_taken_over = shop.load.scene.recorder.drained(1 - frozen, HANDOVER_LIMIT).await;
    shop.load.scene.resume(frozen);
    let mut trial = shop.load.conclude(Promise::NothingLost).await;
    trial.expect(is_taken_over, || "nobody took over what the frozen one held".to_owned());
    trial.measured(Figure::count("entries in hand when frozen", held));
    trial
}
