//! R9: a long history of a running sale, with pauses or a start and an end, streams, copies and a
//! death, held to the specification.

use std::time::Duration;

use stampede_testkit::shop::Stores;
use tokio::{task::spawn_local, time::sleep};

use super::{instants, load::Load};
use crate::{Chance, Crowd, During, Line, Promise, Scene, Trial, history::Change};

const BUYERS: usize = 1_700;
const LIMIT: u32 = 3;
/// Fewer than the crowd wants, by chance much fewer.
const STOCK: (usize, usize) = (500, 3_000);
/// Until the start of a sale that is not on all the time, and from there to its end.
const START: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(800));
const LASTS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));
/// How often somebody looks at the sale.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const OPERATIONS_MIN: usize = 2_000;

pub(super) fn line() -> Line {
    Line::new("R9", "recorded histories of at least 2,000 operations against the specification")
        .kind("embedded", 100, 3.0, |chance| async {
            recorded(Stores::embedded(), 1, chance).await
        })
        .kind("redis", 100, 8.0, |chance| async {
            recorded(Stores::redis().await, 3, chance).await
        })
}

/// What happens beside the crowd.
#[derive(Clone, Copy)]
enum Happening {
    Change(Change),
    Kill,
}

async fn recorded(stores: Stores, nodes: usize, mut chance: Chance) -> Trial {
    let stock = u32::try_from(chance.number(STOCK.0, STOCK.1)).expect("small");
    let during = during(&mut chance);
    let scene = Scene::open_during(stores, vec![Vec::new(); nodes], stock, LIMIT, during).await;
    scene.follow_streams();
    let happenings = happenings(&mut chance, during.is_none());
    let instants = instants(&mut chance, happenings.len(), BUYERS);
    let crowd = Crowd::of(&mut chance, "buyer", BUYERS, LIMIT, nodes);
    let mut load = Load::of(scene, crowd, chance);
    let looker = load.scene.recorder.clone();
    let looking = spawn_local(async move {
        loop {
            for node in 0..nodes {
                looker.look(node).await;
            }
            sleep(LOOK_EVERY).await;
        }
    });
    for (happening, instant) in happenings.into_iter().zip(instants) {
        load.decided(instant).await;
        let node = load.a_node();
        match happening {
            Happening::Kill => load.scene.kill_and_restart(node).await,
            Happening::Change(what) => load.scene.recorder.insist_on(node, what).await,
        }
    }
    let mut trial = load.conclude(Promise::NothingLost).await;
    looking.abort();
    let operations = trial.counted("operations");
    trial.expect(operations >= Some(OPERATIONS_MIN), || format!("{operations:?} operations only"));
    trial
}

/// One sale in three starts and ends by itself while buyers come.
fn during(chance: &mut Chance) -> Option<During> {
    let during =
        During { starts_in: chance.time(START.0, START.1), lasts: chance.time(LASTS.0, LASTS.1) };
    chance.happens(1, 3).then_some(during)
}

/// Pauses with what ends them, a death or none, an end or none; a sale that is not on all the time
/// is not changed besides, since it may be over by then.
fn happenings(chance: &mut Chance, changes: bool) -> Vec<Happening> {
    let mut happenings = Vec::new();
    let pauses = if changes { chance.number(0, 2) } else { 0 };
    for _ in 0..pauses {
        happenings.push(Happening::Change(Change::Pause));
        happenings.push(Happening::Change(Change::Resume));
    }
    if chance.happens(1, 2) {
        let place = chance.number(0, happenings.len());
        happenings.insert(place, Happening::Kill);
    }
    if changes && chance.happens(1, 5) {
        happenings.push(Happening::Change(Change::End));
    }
    happenings
}
