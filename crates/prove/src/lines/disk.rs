//! R12: the machine of the engine embedded loses power, its disk fills up or fails.

use std::time::Duration;

use stampede_testkit::{
    servers::{DiskFault, until},
    shop::Stores,
};
use tokio::time::timeout;

use super::load::Load;
use crate::{Chance, Figure, Line, Promise, Trial};

/// How long a node may take to meet a fault, or to end over it.
const FAULT_LIMIT: Duration = Duration::from_secs(30);
/// How long a disk goes on refusing at most.
const RECOVERY: Duration = Duration::from_secs(2);
const TITLE: &str = "embedded: power loss, full disk, failed writes and syncs";

pub(super) fn line() -> Line {
    Line::new("R12", TITLE)
        .kind("power-loss", 20, 3.0, power_lost)
        .kind("full-disk", 20, 3.0, |chance| refused(DiskFault::Full, chance))
        .kind("failed-write", 20, 3.0, |chance| refused(DiskFault::Broken, chance))
        .kind("failed-sync", 20, 12.0, sync_failed)
}

async fn on_a_host(chance: Chance) -> Load {
    Load::on(Stores::embedded_on_host(), &[], 1, chance).await
}

async fn power_lost(chance: Chance) -> Trial {
    let mut load = on_a_host(chance).await;
    let (mut unsynced, mut kept) = (0, 0);
    for instant in load.some_instants(3) {
        load.decided(instant).await;
        load.scene.take(0).process.kill().await;
        let host = load.scene.stores.host();
        let lost = if load.chance.happens(1, 2) {
            host.lose_power_keeping(&mut |most| load.chance.number(0, most))
        } else {
            host.lose_power()
        };
        unsynced += lost.changes;
        kept += lost.kept;
        load.scene.start(0).await;
    }
    let mut trial = load.conclude(Promise::NothingLost).await;
    trial.measured(Figure::count("writes that power loss took", unsynced));
    trial.measured(Figure::count("unsynced writes that it left", kept));
    trial
}

/// Writes are refused, all or some of them, until a few were; then the power fails too, at times.
async fn refused(fault: DiskFault, chance: Chance) -> Trial {
    let mut load = on_a_host(chance).await;
    let mut met = 0;
    for instant in load.some_instants(3) {
        load.decided(instant).await;
        let (every, enough) = (load.chance.number(1, 3), load.chance.number(1, 6));
        let host = load.scene.stores.host();
        host.refuse_writes(fault, u32::try_from(every).expect("small"));
        load.go_on();
        let refused = async |count: usize| {
            until("a refused write", FAULT_LIMIT, async || {
                (host.refused().writes >= i64::try_from(count).expect("small")).then_some(())
            })
            .await;
        };
        refused(1).await;
        // A node that has met it may write nothing for a while.
        timeout(RECOVERY, refused(enough)).await.ok();
        host.heal();
        met += usize::try_from(host.refused().writes).expect("a count");
        if load.chance.happens(1, 3) {
            load.scene.take(0).process.kill().await;
            load.scene.stores.host().lose_power();
            load.scene.start(0).await;
        }
    }
    let mut trial = load.conclude(Promise::NothingLost).await;
    trial.measured(Figure::count("refused writes", met));
    trial
}

/// Nobody knows what a disk holds after a failed sync: the node must end, and what it told must
/// be there after the power has failed too.
async fn sync_failed(chance: Chance) -> Trial {
    let mut load = on_a_host(chance).await;
    let instant = load.instants(1)[0];
    load.decided(instant).await;
    let node = load.scene.take(0);
    load.scene.stores.host().refuse_syncs(DiskFault::Broken, 1);
    load.go_on();
    let ended = node.process.wait(FAULT_LIMIT).await;
    let scene = &mut load.scene;
    scene.stores.host().heal();
    let refused = usize::try_from(scene.stores.host().refused().syncs).expect("a count");
    scene.stores.host().lose_power();
    scene.start(0).await;
    let mut trial = load.conclude(Promise::NothingLost).await;
    trial.expect(ended.code == Some(1), || format!("ended with {:?}", ended.code));
    trial.measured(Figure::count("refused syncs", refused));
    trial
}
