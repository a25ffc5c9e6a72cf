//! R2: the power of the machine of Redis fails while a crowd buys.
//!
//! Its file is cut back to what it had really synced, since killing it alone loses nothing; every
//! other time a beginning of the rest is left, with a torn end, and at times the file is being
//! rewritten.

use std::time::Duration;

use stampede_testkit::{
    servers::{Fsync, OwnRedis, OwnRedisOptions, Proxy, postgres},
    shop::Stores,
};
use tokio::time::timeout;

use super::load::Load;
use crate::{Chance, Figure, Line, Promise, Trial, scene::LEVEL_SETTING};

/// Attempts that are decided while the ledger hangs, so that the outbox has something to lose.
const BEHIND: usize = 60;
/// How long the ledger hangs if fewer are: nothing is decided while the last fault is repaired.
const HANGS: Duration = Duration::from_secs(2);
/// What a key takes at most while the file is rewritten, and what is decided meanwhile.
const REWRITE: Duration = Duration::from_millis(50);
const SOME: usize = 20;
/// For how long a write may be lost: at `everysec` Redis syncs once a second, lets writers go on
/// behind a sync that lasts, makes them wait when it is 2 s late, and what was written meanwhile is
/// synced by the next one only.
const UNSYNCED_MAX: Duration = Duration::from_secs(5);
const TITLE: &str = "power loss of Redis, cut to what it had synced";

pub(super) fn line() -> Line {
    use Fsync::{Always, EverySecond};
    use Promise::{LossCounted, NothingLost, NothingToldLost};
    Line::new("R2", TITLE)
        .kind("always-gate", 20, 3.0, |chance| lost(Always, "gate", NothingLost, chance))
        .kind("always-ledger", 20, 3.0, |chance| lost(Always, "ledger", NothingLost, chance))
        .kind("everysec-gate", 20, 3.0, |chance| lost(EverySecond, "gate", LossCounted, chance))
        .kind("everysec-ledger", 20, 3.0, |chance| {
            lost(EverySecond, "ledger", NothingToldLost, chance)
        })
}

/// The ledger hangs before every other power loss, which is when most is at stake: at level `gate`
/// nothing that is told is anywhere but in Redis, and at level `ledger` nothing may be told.
async fn lost(fsync: Fsync, level: &'static str, promise: Promise, chance: Chance) -> Trial {
    let options = OwnRedisOptions { fsync, power_loss: true, ..OwnRedisOptions::on_disk() };
    let mut redis = OwnRedis::start(options).await;
    let database = postgres().await;
    let network = Proxy::before(&database.url).await;
    let stores = Stores::at(redis.url(), network.url(&database.url));
    let mut load = Load::on(stores, &[(LEVEL_SETTING, level)], 2, chance).await;
    let (mut unsynced, mut kept) = (0, 0);
    for instant in load.some_instants(2) {
        load.decided(instant).await;
        if load.chance.happens(1, 2) {
            network.freeze();
            timeout(HANGS, load.decided_more(BEHIND)).await.ok();
        }
        if load.chance.happens(1, 3) {
            // Long enough to be met at work, mostly.
            let each = load.chance.time(Duration::ZERO, REWRITE);
            redis.begin_rewrite(each).await;
            timeout(HANGS, load.decided_more(SOME)).await.ok();
        }
        let is_torn = load.chance.happens(1, 2);
        let keep = &mut |most| if is_torn { load.chance.number(0, most) } else { 0 };
        let power_fails = async { redis.lose_power_keeping(keep) };
        let since = load.scene.recorder.now().saturating_sub(UNSYNCED_MAX);
        let lost = load.scene.recorder.losing(since, power_fails).await;
        unsynced += lost.changes;
        kept += lost.kept;
        redis.restart().await;
        network.thaw();
    }
    let mut trial = load.conclude(promise).await;
    trial.measured(Figure::count("writes that power loss took", unsynced));
    trial.measured(Figure::count("unsynced writes that it left", kept));
    trial
}
