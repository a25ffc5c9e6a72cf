//! R6: the network between nodes and Redis fails in the middle of whatever is on its way.

use std::time::Duration;

use futures::future::join;
use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, Proxy, Way, postgres},
    shop::Stores,
};
use tokio::time::sleep;

use super::load::Load;
use crate::{Chance, Figure, Line, Promise, Recorder, Trial, history::Change};

/// Faults of one trial.
const CUTS: usize = 5;
/// How long a reply may take: shorter than usual, so that a freeze can outlast it.
const RESPONSE_LIMIT: &str = "500";
/// Fewer milliseconds than that, and more.
const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_millis(1_500);
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
        .kind("frozen", 25, 7.0, |chance| cut(Cut::Frozen, chance))
        .kind("swallowed", 25, 7.0, |chance| cut(Cut::Swallowed, chance))
}

async fn cut(cut: Cut, chance: Chance) -> Trial {
    let options = OwnRedisOptions { appendonly: true, ..OwnRedisOptions::default() };
    let redis = OwnRedis::start(options).await;
    let network = Proxy::before(&redis.url()).await;
    let database = postgres().await;
    let stores = Stores::at(network.url(&redis.url()), database.url.clone());
    let settings = [("STAMPEDE_REDIS_RESPONSE_MAX_MS", RESPONSE_LIMIT)];
    let mut load = Load::on(stores, &settings, 2, chance).await;
    for instant in load.instants(CUTS) {
        load.decided(instant).await;
        let time = load.chance.time(SHORT, LONG);
        // Not each time: whoever comes during a pause is refused, and does not come again.
        if matches!(cut, Cut::Frozen) && load.chance.happens(1, 3) {
            let (recorder, node) = (load.scene.recorder.clone(), load.a_node());
            join(happen(cut, &network, time), pause_and_resume(&recorder, node)).await;
        } else {
            happen(cut, &network, time).await;
        }
    }
    let mut trial = load.conclude(Promise::NothingLost).await;
    let carried = network.carried();
    trial.measured(Figure::count("cuts", CUTS));
    trial.measured(Figure::count("connections reset", usize::try_from(carried.cut).unwrap_or(0)));
    trial
}

/// As often as it takes: an admin who does not know repeats it.
async fn pause_and_resume(recorder: &Recorder, node: usize) {
    for change in [Change::Pause, Change::Resume] {
        while !recorder.change(node, change).await {
            sleep(SHORT).await;
        }
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
