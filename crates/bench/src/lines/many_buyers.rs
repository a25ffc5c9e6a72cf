//! P13: a million buyers come for a hundred thousand units.

use std::{rc::Rc, time::Duration};

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Level, NOWHERE},
    bench::Bench,
    books::Books,
    figure::{Figure, Spread, Unit, millis, real},
    generator::{Asking, Crowd, check_answers, closed_loop, refused, told},
    ground::Ground,
    line::{Line, Measured},
};

const CONNECTIONS: usize = 256;
/// How long all of them may take.
const LIMIT: Duration = Duration::from_mins(10);
const MIB: f64 = 1_048_576.0;
const RESIDENT_MAX_MIB: f64 = 100.0;

pub(super) fn line() -> Line {
    Line {
        names: &["P13"],
        what: "1,000,000 attempts by as many buyers for 100,000 units",
        quick_s: 5,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let (buyers, units): (u64, u32) = bench.pace.pick((1_000_000, 100_000), (20_000, 2_000));
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    ground.open(NOWHERE, units).await;
    let skus = [NOWHERE.to_owned()];
    let before = Books::now(ground.shop(), &skus).await;
    let (resident, data) = (ground.resident_bytes(), ground.own().redis.dataset_bytes().await);
    let crowd = Crowd {
        connections: CONNECTIONS,
        requests: Some(buyers),
        duration: LIMIT,
        keep_alive: true,
        until_sold_out: false,
    };
    let report = closed_loop(Asking::new(ground.base_url(), NOWHERE, "buyer"), crowd).await;
    let grown = ground.resident_bytes().saturating_sub(resident);
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    check_answers(&report);
    after.check(before, told(&report));
    assert_eq!(after.sold, u64::from(units), "sold out");
    ground.check_rows().await;
    let data = ground.own().redis.dataset_bytes().await.saturating_sub(data);

    let mut measured = Measured::default();
    let of = format!("{buyers} buyers");
    let once = |name, unit, value| Figure::new(of.clone(), name, unit, Spread::once(value));
    let resident = once("resident growth of the server", Unit::Mebibytes, real(grown) / MIB);
    measured.add(resident.at_most(RESIDENT_MAX_MIB));
    let each = real(data) / f64::from(units);
    measured.add(once("Redis, for each buyer who bought", Unit::Bytes, each));
    let refused = once("refused or too late", Unit::Count, real(refused(&report)));
    measured.add(refused.at_most(0.0));
    let rate = real(report.due()) / report.took.as_secs_f64();
    measured.add(once("attempts", Unit::PerSecond, rate));
    measured.add(once("p99", Unit::Millis, millis(report.decided.p99())));
    measured.note("one crowd, not rounds of it");
    measured
}
