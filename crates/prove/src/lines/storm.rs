//! R7: every attempt a hundred times, over three nodes, while their connections are cut and Redis
//! forgets everything.

use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, Proxy},
    shop::Stores,
};

use super::instants;
use crate::{Chance, Crowd, Figure, Line, Promise, Scene, Setting, Trial};

const NODES: usize = 3;
const KEYS: usize = 100;
const COPIES: usize = 100;
const CUTS: usize = 6;
/// What a node logs when a gate is as the ledger again.
const RESTORED: &str = "restored a sale's gate";

pub(super) fn line() -> Line {
    Line::new(
        "R7",
        "100 copies of each of 100 attempts over 3 nodes, cuts, a restore, level ledger",
    )
    .kind("redis", 100, 15.0, storm)
}

async fn storm(mut chance: Chance) -> Trial {
    let options = OwnRedisOptions { appendonly: true, ..OwnRedisOptions::default() };
    let redis = OwnRedis::start(options).await;
    let stores = Stores::over(&redis).await;
    let mut proxies = Vec::new();
    let mut settings: Vec<Vec<Setting>> = Vec::new();
    for _ in 0..NODES {
        let proxy = Proxy::before(&redis.url()).await;
        let address = proxy.url(&redis.url());
        settings.push(vec![("REDIS_URL", address), ("STAMPEDE_ACK", "ledger".to_owned())]);
        proxies.push(proxy);
    }
    let stock = u32::try_from(2 * KEYS).expect("small");
    let scene = Scene::open_each(stores, settings, stock, 1).await;
    let buying = scene.spawn(Crowd::storm(&mut chance, KEYS, COPIES, NODES));
    // One of the faults, by chance, is the loss of everything; all come while half is still to be
    // decided, so that somebody meets what was lost.
    let flushed = chance.number(0, CUTS);
    for (fault, instant) in
        instants(&mut chance, CUTS + 1, KEYS * COPIES / 2).into_iter().enumerate()
    {
        scene.recorder.decided(instant).await;
        if fault == flushed {
            redis.flush().await;
        } else {
            proxies[chance.number(0, NODES - 1)].cut().await;
        }
    }
    let left = buying.await.expect("nobody panics");
    let recorded = scene.stores.ledger().await.len();
    let lines = scene.nodes.iter().flat_map(|node| node.process.logs());
    let restores = lines.filter(|line| line.contains(RESTORED)).count();
    let cut: u64 = proxies.iter().map(|proxy| proxy.carried().cut).sum();
    let mut trial = scene.conclude(Promise::NothingLost, left).await;
    trial.expect(restores > 0 && cut > 0, || format!("{restores} restores, {cut} cuts"));
    trial.measured(Figure::count("restores", restores));
    trial.measured(Figure::count("connections cut", usize::try_from(cut).unwrap_or(usize::MAX)));
    trial.expect(recorded == KEYS, || format!("{recorded} purchases by {KEYS} keys"));
    trial
}
