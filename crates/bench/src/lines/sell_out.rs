//! P10: a crowd buys all of a sale.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::Level,
    bench::Bench,
    books::Books,
    figure::{Figure, Spread, Unit, millis, real},
    generator::{Asking, Crowd, Report, check_answers, check_said, closed_loop, told},
    ground::Ground,
    line::{Line, Measured},
};

/// How long a crowd may take: it is stopped by the end of the stock.
const LIMIT: Duration = Duration::from_mins(2);
const CONNECTIONS: usize = 256;
/// Times the time that P3's rate gives.
const TIMES_MAX: f64 = 1.5;
/// How long the ledger may take after the last unit, in seconds.
const RECORDED_MAX_S: f64 = 2.0;

pub(super) fn line() -> Line {
    Line {
        names: &["P10"],
        what: "10,000 units, 256 kept connections, and 10,000 new ones",
        quick_s: 4,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

/// One sale from its first attempt until the ledger has all of it.
struct SoldOut {
    report: Report,
    /// From the last unit until the ledger had everything, in seconds.
    recorded_s: f64,
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let units: u32 = bench.pace.pick(10_000, 1_000);
    let at_p3_rate_s = f64::from(units) / bench.rates().await.accepted;
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    let mut kept = Vec::new();
    for number in 1..=bench.pace.rounds {
        let crowd = Crowd {
            connections: CONNECTIONS,
            requests: None,
            duration: LIMIT,
            keep_alive: true,
            until_sold_out: true,
        };
        kept.push(sell(&ground, &format!("ROUND-{number:04}"), units, crowd).await);
    }
    let mut new = Vec::new();
    for number in 1..=bench.pace.rounds {
        let crowd = Crowd {
            connections: bench.pace.pick(10_000, 500),
            requests: Some(u64::from(units)),
            duration: LIMIT,
            keep_alive: false,
            until_sold_out: false,
        };
        new.push(sell(&ground, &format!("NEW-{number:04}"), units, crowd).await);
    }
    let mut measured = Measured::default();
    let of = "256 kept connections";
    let spread = |value: &dyn Fn(&SoldOut) -> f64| Spread::of(kept.iter().map(value));
    let times = spread(&|sold| sold.report.took.as_secs_f64() / at_p3_rate_s);
    measured
        .add(Figure::new(of, "times the time at P3's rate", Unit::Ratio, times).at_most(TIMES_MAX));
    let recorded = spread(&|sold| sold.recorded_s);
    measured.add(
        Figure::new(of, "in the ledger after", Unit::Seconds, recorded).at_most(RECORDED_MAX_S),
    );
    let took = spread(&|sold| sold.report.took.as_secs_f64());
    measured.add(Figure::new(of, "sold within", Unit::Seconds, took));
    let p99 = spread(&|sold| millis(sold.report.decided.p99()));
    measured.add(Figure::new(of, "p99", Unit::Millis, p99));
    let of = "new connections";
    let figure = |name, unit, value: &dyn Fn(&Report) -> f64| {
        Figure::new(of, name, unit, Spread::of(new.iter().map(|sold| value(&sold.report))))
    };
    measured.add(figure("sold within", Unit::Seconds, &|report| report.took.as_secs_f64()));
    measured.add(figure("p99", Unit::Millis, &|report| millis(report.decided.p99())));
    measured.add(figure("bought", Unit::Count, &|report| real(report.success())));
    measured.add(figure("connections that broke", Unit::Count, &|report| real(report.broken())));
    for (why, count) in new.iter().flat_map(|sold| &sold.report.breaks) {
        measured.note(format!("{count} new connections broke: {why}"));
    }
    measured.note("a new connection for each of the attempts, all of them at once");
    ground.check_rows().await;
    measured
}

async fn sell(ground: &Ground, sku: &str, units: u32, crowd: Crowd) -> SoldOut {
    let skus = [sku.to_owned()];
    ground.open(sku, units).await;
    let before = Books::now(ground.shop(), &skus).await;
    let report = closed_loop(Asking::new(ground.base_url(), sku, sku), crowd).await;
    let ended = Instant::now();
    let (after, since) = Books::settled(ground.shop(), &skus).await;
    after.check(before, told(&report));
    if crowd.until_sold_out {
        check_answers(&report);
        assert_eq!(after.sold, u64::from(units), "sold out");
    } else {
        check_said(&report);
    }
    let recorded_s = since.saturating_duration_since(ended).as_secs_f64();
    println!("  {:?} until sold, {recorded_s:.2} s until recorded", report.took);
    SoldOut { report, recorded_s }
}
