//! P8: latencies at a rate that leaves room, beside the bare handler at the same rate.

use std::{rc::Rc, time::Duration};

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Ask, Level, NOWHERE, STOCK},
    bare::Status,
    bench::{Bench, in_turn},
    books::Books,
    chart::Chart,
    figure::{Figure, Spread, Unit, millis, real, whole},
    generator::{Asking, Report, check_answers, curve, open_loop, refused, told},
    ground::Ground,
    line::{Line, Measured},
};

/// The part of the capacity that arrives; less where that was measured for a second only.
const CALM: f64 = 0.7;
const CALM_IN_QUICK: f64 = 0.2;
/// What the server may add to the bare handler's latencies, in milliseconds.
const P99_ADDED_MAX_MS: f64 = 3.0;
const P999_ADDED_MAX_MS: f64 = 15.0;
/// The same where everything shares two cores.
const P99_ADDED_RESTATED_MS: f64 = 80.0;
const P999_ADDED_RESTATED_MS: f64 = 120.0;
/// The load of the bare handler that is most like this one.
const LIKE_CONNECTIONS: u32 = 64;

pub(super) fn line() -> Line {
    Line {
        names: &["P8"],
        what: "open loop at 70 % of the capacity, P3's setting",
        quick_s: 7,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

/// The most that was asked of a figure, and what it is restated to.
type Most = Option<[f64; 2]>;

/// One run of each of the two.
struct Round {
    ours: Report,
    theirs: Report,
}

/// One of the two, of a round.
type Of = fn(&Round) -> &Report;
/// The two, by name.
const SIDES: [(&str, Of); 2] = [("ours", |round| &round.ours), ("bare", |round| &round.theirs)];

async fn measure(bench: Rc<Bench>) -> Measured {
    let rate = calm_rate(&bench).await;
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    let asked = Ask::Accepted(Level::Gate);
    let bare = bench.bare(asked, LIKE_CONNECTIONS, &Status::none()).await;
    let duration = Duration::from_secs(bench.pace.pick(10, 1));
    let mut rounds = Vec::new();
    for number in 1..=bench.pace.rounds {
        let sku = format!("ROUND-{number:04}");
        let theirs = open_loop(Asking::new(bare.base_url(), NOWHERE, "calm"), rate, duration);
        let (theirs, ours) = in_turn(number, theirs, calm(&ground, &sku, rate, duration)).await;
        check_answers(&theirs);
        println!("  p99 of bare {:?}, of ours {:?}", theirs.latencies.p99(), ours.latencies.p99());
        rounds.push(Round { ours, theirs });
    }
    ground.check_rows().await;
    measured(rate, &rounds)
}

/// Arrivals a second that leave room. The capacity is what is sold and recorded in the same time:
/// what is only sold waits for the ledger, and so cannot go on.
pub(super) async fn calm_rate(bench: &Bench) -> u32 {
    whole(bench.rates().await.recorded * bench.pace.pick(CALM, CALM_IN_QUICK))
}

/// Attempts at a sale of their own, which are accepted and recorded.
pub(super) async fn calm(ground: &Ground, sku: &str, rate: u32, duration: Duration) -> Report {
    let skus = [sku.to_owned()];
    ground.open(sku, STOCK).await;
    let before = Books::now(ground.shop(), &skus).await;
    let report = open_loop(Asking::new(ground.base_url(), sku, "calm"), rate, duration).await;
    check_answers(&report);
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    after.check(before, told(&report));
    report
}

/// The p99 of the median second.
fn usual_p99(report: &Report) -> f64 {
    Spread::of(report.seconds.iter().map(|second| millis(second.p99))).median
}

fn measured(rate: u32, rounds: &[Round]) -> Measured {
    let mut measured = Measured::default();
    let of = format!("{rate} arrivals/s");
    let spread = |value: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(value));
    let add = |measured: &mut Measured, name, value: &dyn Fn(&Round) -> f64, most: Most| {
        let figure = Figure::new(of.clone(), name, Unit::Millis, spread(value));
        measured.add(match most {
            Some([most, restated]) => figure.at_most(most).restated(restated),
            None => figure,
        });
    };
    let p99 = |report: &Report| millis(report.latencies.p99());
    let p999 = |report: &Report| millis(report.latencies.p999());
    let added = |round: &Round| p99(&round.ours) - p99(&round.theirs);
    add(
        &mut measured,
        "p99 above the bare handler's",
        &added,
        Some([P99_ADDED_MAX_MS, P99_ADDED_RESTATED_MS]),
    );
    let added = |round: &Round| p999(&round.ours) - p999(&round.theirs);
    add(
        &mut measured,
        "p99.9 above the bare handler's",
        &added,
        Some([P999_ADDED_MAX_MS, P999_ADDED_RESTATED_MS]),
    );
    // The one says how long the seconds are in which the machine was busy with something else, the
    // other leaves them out.
    let added = |round: &Round| usual_p99(&round.ours) - usual_p99(&round.theirs);
    add(&mut measured, "p99 of the median second, above", &added, None);
    add(&mut measured, "p99 of the median second, ours", &|round| usual_p99(&round.ours), None);
    add(&mut measured, "p99 of ours", &|round| p99(&round.ours), None);
    add(&mut measured, "p99 of bare", &|round| p99(&round.theirs), None);
    add(&mut measured, "p99.9 of ours", &|round| p999(&round.ours), None);
    add(&mut measured, "p99.9 of bare", &|round| p999(&round.theirs), None);
    for (whose, of_round) in SIDES {
        let of = format!("{of}, {whose}");
        let late = spread(&|round| millis(of_round(round).lateness.p99()));
        measured.add(Figure::new(
            of.clone(),
            "p99 of the generator's lateness",
            Unit::Millis,
            late,
        ));
        let refused = spread(&|round| real(refused(of_round(round))));
        measured.add(Figure::new(of, "refused or too late", Unit::Count, refused).at_most(0.0));
    }
    let sent = spread(&|round| real(round.ours.sent) / round.ours.took.as_secs_f64());
    measured.add(Figure::new(of.clone(), "sent to ours", Unit::PerSecond, sent));
    if let Some(last) = rounds.last() {
        let curves = vec![curve("ours", &last.ours), curve("bare", &last.theirs)];
        measured.charts.push(Chart::percentiles(format!("Latencies at {of}, last round"), curves));
    }
    measured
}
