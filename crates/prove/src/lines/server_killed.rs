//! R1: a node dies without a word, again and again, while a crowd buys.

use stampede_testkit::shop::Stores;

use super::load::Load;
use crate::{Chance, Line, Promise, Trial};

pub(super) fn line() -> Line {
    Line::new("R1", "server killed at random instants under load")
        .kind("embedded", 100, 2.0, |chance| killed(Stores::embedded(), 1, chance))
        .kind("redis", 100, 6.0, |chance| async { killed(Stores::redis().await, 2, chance).await })
}

/// Kills one of `nodes` nodes, up to three times, after numbers of decided attempts by chance.
async fn killed(stores: Stores, nodes: usize, chance: Chance) -> Trial {
    let mut load = Load::on(stores, &[], nodes, chance).await;
    for instant in load.some_instants(3) {
        load.decided(instant).await;
        let node = load.a_node();
        load.scene.kill_and_restart(node).await;
    }
    load.conclude(Promise::NothingLost).await
}
