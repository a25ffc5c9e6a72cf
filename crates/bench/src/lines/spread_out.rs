//! P16: few and many sales, few and many connections.

use std::rc::Rc;

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Level, STOCK},
    bench::Bench,
    books::{Answered, Books},
    chart::{Chart, Series},
    duel::at,
    figure::{Figure, Spread, Unit},
    ground::Ground,
    line::{Line, Measured},
    wrk::{self, Run, Sent},
};

static SALES: [usize; 3] = [1, 10, 100];
static CONNECTIONS: [u32; 4] = [1, 16, 256, 1_000];
/// What more connections may leave of the rate: less would be a cliff.
const STEP_MIN: f64 = 0.7;

pub(super) fn line() -> Line {
    Line {
        names: &["P16"],
        what: "accepted attempts at 1, 10, 100 sales and 1, 16, 256, 1,000 connections, redis",
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let sales = bench.pace.pick(&SALES[..], &SALES[..2]);
    let connections = bench.pace.pick(&CONNECTIONS[..], &CONNECTIONS[1..3]);
    let ground = Ground::redis(Fsync::EverySecond, Level::Gate).await;
    let most = sales.iter().copied().max().unwrap_or_default();
    let skus: Vec<String> = (0..most).map(|number| format!("ROUND-{number:04}")).collect();
    for sku in &skus {
        ground.open(sku, STOCK).await;
    }
    let mut measured = Measured::default();
    let mut series = Vec::new();
    let mut number = 0;
    for &count in sales {
        let mut rates = Vec::new();
        for &connections in connections {
            number += 1;
            let seconds = bench.pace.run_s().div_ceil(2);
            let rate = sell(&ground, &skus[..count], connections, seconds, number).await;
            println!("  {count} sales, {connections} connections: {rate:.0}/s");
            let of = format!("{count} sales, {}", at(connections));
            measured.add(Figure::new(of, "accepted", Unit::PerSecond, Spread::once(rate)));
            rates.push(rate);
        }
        let steps = rates.windows(2).map(|pair| pair[1] / pair[0]);
        let least = steps.fold(f64::INFINITY, f64::min);
        let of = format!("{count} sales");
        let name = "least step to more connections";
        let step = Figure::new(of.clone(), name, Unit::Ratio, Spread::once(least));
        measured.add(step.at_least(STEP_MIN));
        let points = (0_u32..).map(f64::from).zip(rates).collect();
        series.push(Series { name: of, points });
    }
    let ticks = (0_u32..).map(f64::from).zip(connections.iter().map(u32::to_string));
    measured.charts.push(Chart {
        title: "Accepted attempts by connections and sales".to_owned(),
        x_name: "connections",
        x_ticks: ticks.collect(),
        y_name: "accepted/s",
        series,
    });
    measured.note("a step that leaves less than 0.7 of the rate would be a cliff");
    measured
}

/// Attempts at these sales in turn, whose purchases must all be in the ledger before they count.
async fn sell(
    ground: &Ground,
    skus: &[String],
    connections: u32,
    seconds: u32,
    number: u32,
) -> f64 {
    let before = Books::now(ground.shop(), skus).await;
    let sent = Sent::Attempts { skus: skus.to_vec(), prefix: format!("spread-{number:02}") };
    let base_url = ground.base_url().to_owned();
    let closed = wrk::run(Run { base_url, sent, connections, seconds }).await;
    let (after, _) = Books::settled(ground.shop(), skus).await;
    after.check(before, Answered { successes: closed.requests, unknown: connections.into() });
    closed.rate
}
