//! R6: the network between nodes and Redis fails in the middle of whatever is on its way.

use std::time::Duration;

use futures::future::join;
use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, Proxy, Way, postgres},
    shop::Stores,
};
use tokio::time::sleep;

use super::load::Load;
use crate::{
    Chance, Figure, Line, Promise, Recorder, Trial, history::Change, scene::RESPONSE_SETTING,
};

/// Faults of one trial.
const CUTS: usize = 5;
/// How long a reply may take: shorter than usual, so that a freeze can outlast it.
const RESPONSE_LIMIT: &str = "500";
/// Less than that, and more: by so much that a repeat which is refused, and a buyer who gives up,
/// come long before the original is delivered.
const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3);
const TITLE: &str = "replies dropped, connections cut and frozen between node and Redis";

/// What happens to the network.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// Each next reply ends its connection and is not delivered: its command was executed.
    ReplyDropped,
    /// All connections are reset at once, with what is on its way.
    Reset,
    /// Everything is held back for a while and then delivered: late originals, of buyers and of an
    /// admin who pauses and resumes the sale meanwhile.
    Frozen,
    /// Replies go nowhere for a while, connections stay; then they are reset.
    Swallowed,
}

pub(super) fn line() -> Line {
    Line::new("R6", TITLE)
        .kind("reply-dropped", 25, 3.0, |chance| cut(Cut::ReplyDropped, chance))
        .kind("reset", 25, 3.0, |chance| cut(Cut::Reset, chance))
        .kind("frozen", 25, 10.0, |chance| cut(Cut::Frozen, chance))
        .kind("swallowed", 25, 10.0, |chance| cut(Cut::Swallowed, chance))
}

async fn cut(cut: Cut, chance: Chance) -> Trial {
    let redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let network = Proxy::before(&redis.url()).await;
    let database = postgres().await;
    let stores = Stores::at(network.url(&redis.url()), database.url.clone());
    let settings = [(RESPONSE_SETTING, RESPONSE_LIMIT)];
    let mut load = Load::on(stores, &settings, 2, chance).await;
    let mut felt = 0;
    for instant in load.instants(CUTS) {
        load.decided(instant).await;
        let before = effect(&network, &load);
        let time = load.chance.time(SHORT, LONG);
        // Not each time: whoever comes during a pause is refused, and does not come again.
        if matches!(cut, Cut::Frozen) && load.chance.happens(1, 3) {
            let (recorder, node) = (load.scene.recorder.clone(), load.a_node());
            join(happen(cut, &network, time), pause_and_resume(&recorder, node)).await;
        } else {
            happen(cut, &network, time).await;
        }
        felt += usize::from(effect(&network, &load) > before);
    }
    let mut trial = load.conclude(Promise::NothingLost).await;
    let carried = network.carried();
    trial.expect(felt > 0, || format!("none of {CUTS} cuts was felt"));
    trial.measured(Figure::count("cuts", CUTS));
    trial.measured(Figure::count("cuts that were felt at once", felt));
    trial.measured(Figure::count("connections reset", usize::try_from(carried.cut).unwrap_or(0)));
    trial
}

/// Connections that were reset and outcomes that were not known, so far.
fn effect(network: &Proxy, load: &Load) -> (u64, usize) {
    (network.carried().cut, load.scene.recorder.unknown_so_far())
}

async fn pause_and_resume(recorder: &Recorder, node: usize) {
    for change in [Change::Pause, Change::Resume] {
        recorder.insist_on(node, change).await;
    }
}

async fn happen(cut: Cut, network: &Proxy, time: Duration) {
    match cut {
        Cut::ReplyDropped => {
            network.replies(Way::Cut);
            sleep(time.min(SHORT)).await;
        }
        Cut::Reset => network.cut().await,
        Cut::Frozen => {
            network.freeze();
            sleep(time).await;
        }
        Cut::Swallowed => {
            network.replies(Way::Blackhole);
            sleep(time).await;
            network.cut().await;
        }
    }
    network.thaw();
}
