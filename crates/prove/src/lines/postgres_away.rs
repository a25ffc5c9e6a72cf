//! R4: Postgres is away in the middle of a sale, and nobody at level `gate` notices.

use std::time::{Duration, Instant};

use stampede_testkit::{servers::OwnPostgres, shop::Stores};
use tokio::time::sleep;

use crate::{Chance, Crowd, Line, Promise, Scene, Trial, scene::RESPONSE_SETTING};

const NODES: usize = 2;
const LIMIT: u32 = 2;
/// More than anybody wants.
const STOCK: u32 = 100_000;
/// Buyers when it goes and when it comes back, and in each second between.
const MANY: usize = 400;
const BUYERS: usize = 40;
/// Redis may stand still for two seconds, as a busy machine does, before an attempt fails: still
/// less than an attempt would take that waits for Postgres, be it for a connection.
const BEYOND_A_STALL: [(&str, &str); 2] =
    [("STAMPEDE_WAIT_INTERVAL_MS", "500"), (RESPONSE_SETTING, "2500")];

pub(super) fn line() -> Line {
    let (short, long) = (Duration::from_secs(10), Duration::from_mins(2));
    Line::new("R4", "Postgres away mid-sale, level gate: no failed purchase, all drained")
        .kind("away-10-s", 10, 15.0, move |chance| away(short, chance))
        .kind("away-2-min", 3, 130.0, move |chance| away(long, chance))
}

/// Postgres is killed, and started again when `length` is over.
async fn away(length: Duration, mut chance: Chance) -> Trial {
    let mut postgres = OwnPostgres::start().await;
    let stores = Stores::on(&postgres).await;
    let scene = Scene::open(stores, &BEYOND_A_STALL, NODES, STOCK, LIMIT).await;
    let before = scene.spawn(Crowd::of(&mut chance, "before", MANY, LIMIT, NODES));
    scene.recorder.decided(chance.number(1, MANY / 2)).await;
    let is_missed = before.is_finished();
    postgres.kill();
    let mut left = before.await.expect("nobody panics");
    let away_since = Instant::now();
    let mut second = 0;
    while away_since.elapsed() < length {
        let name = format!("meanwhile-{second}");
        let meanwhile = Crowd::of(&mut chance, &name, BUYERS, LIMIT, NODES);
        left.extend(meanwhile.buy(&scene.recorder).await);
        second += 1;
        sleep((away_since + Duration::from_secs(second)).duration_since(Instant::now())).await;
    }
    let after = scene.spawn(Crowd::of(&mut chance, "after", MANY, LIMIT, NODES));
    postgres.restart().await;
    let recorder = scene.recorder.clone();
    let buying = async {
        left.extend(after.await.expect("nobody panics"));
        left
    };
    let mut trial = scene.conclude(Promise::NothingLost, buying).await;
    let failed = recorder.unknown_so_far();
    trial.expect(!is_missed, || "Postgres was killed after the sale".to_owned());
    trial.expect(failed == 0, || format!("{failed} attempts failed while Postgres was away"));
    trial
}
