//! P13: a million buyers come for a hundred thousand units.

use std::{rc::Rc, time::Duration};

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Level, NOWHERE},
    bench::Bench,
    books::Books,
    figure::{Figure, Spread, Unit, millis, real},
    generator::{Asking, Crowd, Report, check_answers, closed_loop, refused, told},
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

/// One crowd at a server of its own.
struct Round {
    report: Report,
    /// Memory by which the server has grown.
    grown: u64,
    /// Bytes by which Redis has.
    data: u64,
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let (buyers, units): (u64, u32) = bench.pace.pick((1_000_000, 100_000), (20_000, 2_000));
    let mut rounds = Vec::new();
    for _ in 0..bench.pace.rounds {
        rounds.push(round(&bench, buyers, units).await);
    }
    let mut measured = Measured::default();
    let of = format!("{buyers} buyers");
    let figure = |name, unit, value: &dyn Fn(&Round) -> f64| {
        Figure::new(of.clone(), name, unit, Spread::of(rounds.iter().map(value)))
    };
    let grown = |round: &Round| real(round.grown) / MIB;
    let resident = figure("resident growth of the server", Unit::Mebibytes, &grown);
    measured.add(resident.at_most(RESIDENT_MAX_MIB));
    let each = |round: &Round| real(round.data) / f64::from(units);
    measured.add(figure("Redis, for each buyer who bought", Unit::Bytes, &each));
    let refused = |round: &Round| real(refused(&round.report));
    measured.add(figure("refused or too late", Unit::Count, &refused).at_most(0.0));
    let rate = |round: &Round| real(round.report.due()) / round.report.took.as_secs_f64();
    measured.add(figure("attempts", Unit::PerSecond, &rate));
    measured.add(figure("p99", Unit::Millis, &|round| millis(round.report.decided.p99())));
    measured
}

/// A server of its own, so that no memory of an earlier round is there to be used again.
async fn round(bench: &Bench, buyers: u64, units: u32) -> Round {
    let ground = Ground::redis(bench, Fsync::EverySecond, Level::Gate).await;
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
    Round { report, grown, data }
}
