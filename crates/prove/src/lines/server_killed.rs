//! R1: a node dies without a word, again and again, while a crowd buys.

use stampede_testkit::shop::Stores;

use super::instants;
use crate::{Chance, Crowd, Line, Promise, Scene, Trial};

const BUYERS: usize = 600;
const LIMIT: u32 = 2;
/// Fewer than the crowd wants, so that the end of the stock is met too.
const STOCK: u32 = 700;

pub(super) fn line() -> Line {
    Line::new("R1", "server killed at random instants under load")
        .kind("embedded", 100, 2.0, |chance| killed(Stores::embedded(), 1, chance))
        .kind("redis", 100, 6.0, |chance| async { killed(Stores::redis().await, 2, chance).await })
}

/// Kills one of `nodes` nodes, up to three times, after numbers of decided attempts by chance.
async fn killed(stores: Stores, nodes: usize, mut chance: Chance) -> Trial {
    let mut scene = Scene::open(stores, &[], nodes, STOCK, LIMIT).await;
    let crowd = Crowd::of(&mut chance, "buyer", BUYERS, LIMIT, nodes);
    let kills = chance.number(1, 3);
    let instants = instants(&mut chance, kills, BUYERS);
    let buying = scene.spawn(crowd);
    for instant in instants {
        scene.recorder.decided(instant).await;
        scene.kill_and_restart(chance.number(0, nodes - 1)).await;
    }
    let left = buying.await.expect("nobody panics");
    scene.conclude(Promise::NothingLost, left).await
}
