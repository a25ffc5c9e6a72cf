//! R7: every attempt a hundred times, over three nodes, while their connections are cut and Redis
//! forgets everything.

use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, Proxy},
    shop::Stores,
};

use super::{instants, load::Load};
use crate::{
    Chance, Crowd, Figure, Line, Promise, Scene, Setting, Trial,
    scene::{LEVEL_SETTING, RECORDED, RESTORES},
};

const NODES: usize = 3;
const KEYS: usize = 100;
const COPIES: usize = 100;
const CUTS: usize = 6;

pub(super) fn line() -> Line {
    Line::new(
        "R7",
        "100 copies of each of 100 attempts over 3 nodes, cuts, a restore, level ledger",
    )
    .kind("redis", 100, 8.0, storm)
}

async fn storm(mut chance: Chance) -> Trial {
    let redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let stores = Stores::over(&redis).await;
    let mut proxies = Vec::new();
    let mut settings: Vec<Vec<Setting>> = Vec::new();
    for _ in 0..NODES {
        let proxy = Proxy::before(&redis.url()).await;
        let address = proxy.url(&redis.url());
        settings.push(vec![("REDIS_URL", address), (LEVEL_SETTING, "ledger".to_owned())]);
        proxies.push(proxy);
    }
    let stock = u32::try_from(2 * KEYS).expect("small");
    let scene = Scene::open_each(stores, settings, stock, 1).await;
    let crowd = Crowd::storm(&mut chance, KEYS, COPIES, NODES);
    let mut load = Load::of(scene, crowd, chance);
    // One of the faults, by chance, is the loss of everything; all come while half is still to be
    // decided, so that copies of what was decided meet what was lost.
    let flushed = load.chance.number(0, CUTS);
    let instants = instants(&mut load.chance, CUTS + 1, KEYS * COPIES / 2);
    for (fault, instant) in instants.into_iter().enumerate() {
        load.decided(instant).await;
        if fault == flushed {
            redis.flush().await;
        } else {
            let node = load.a_node();
            proxies[node].cut().await;
        }
    }
    let mut trial = load.conclude(Promise::NothingToldLost).await;
    let (restores, recorded) = (trial.counted(RESTORES), trial.counted(RECORDED));
    let cut: u64 = proxies.iter().map(|proxy| proxy.carried().cut).sum();
    trial.expect(restores > Some(0) && cut > 0, || format!("{restores:?} restores, {cut} cuts"));
    trial.measured(Figure::count("connections cut", usize::try_from(cut).unwrap_or(usize::MAX)));
    trial.expect(recorded == Some(KEYS), || format!("{recorded:?} purchases by {KEYS} keys"));
    trial
}
