//! P16: few and many sales, few and many connections.

use std::rc::Rc;

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Level, STOCK},
    bench::Bench,
    books::{Books, answered},
    chart::{Chart, Series},
    duel::at,
    figure::{Figure, Spread, Unit},
    ground::Ground,
    line::{Line, Measured},
    wrk::{self, BUSY, Closed, Run, Sent},
};

static SALES: [usize; 3] = [1, 10, 100];
static CONNECTIONS: [u32; 4] = [1, 16, 256, 1_000];
/// What more connections, or more sales, may leave of the rate: less would be a cliff.
const STEP_MIN: f64 = 0.7;
/// The least where sales are ten times as many, since a batch is of one sale.
const STEP_RESTATED: f64 = 0.28;

pub(super) fn line() -> Line {
    Line {
        names: &["P16"],
        what: "accepted attempts at 1, 10, 100 sales and 1, 16, 256, 1,000 connections, redis",
        quick_s: 7,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let sales = bench.pace.pick(&SALES[..], &SALES[..2]);
    let connections = bench.pace.pick(&CONNECTIONS[..], &CONNECTIONS[1..3]);
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    let most = sales.iter().copied().max().unwrap_or_default();
    let skus: Vec<String> = (0..most).map(|number| format!("ROUND-{number:04}")).collect();
    for sku in &skus {
        ground.open(sku, STOCK).await;
    }
    // Accepted a second: by round, by sales, by connections.
    let mut rates: Vec<Vec<Vec<f64>>> = Vec::new();
    let mut number = 0;
    let mut is_busy = false;
    for _ in 0..bench.pace.rounds {
        let mut by_sales = Vec::new();
        for &count in sales {
            let mut by_connections = Vec::new();
            for &connections in connections {
                number += 1;
                let seconds = bench.pace.run_s().div_ceil(2);
                let sold = sell(&ground, &skus[..count], connections, seconds, number).await;
                println!("  {count} sales, {connections} connections: {:.0}/s", sold.rate);
                is_busy |= sold.busy > BUSY;
                by_connections.push(sold.rate);
            }
            by_sales.push(by_connections);
        }
        rates.push(by_sales);
    }
    ground.check_rows().await;
    let mut measured = measured(sales, connections, &rates);
    if is_busy {
        measured.note("wrk was busy all the time: it may be what limited a rate");
    }
    measured
}

fn measured(sales: &[usize], connections: &[u32], rates: &[Vec<Vec<f64>>]) -> Measured {
    let mut measured = Measured::default();
    let figure = |of: String, name, unit, value: &dyn Fn(&Vec<Vec<f64>>) -> f64| {
        Figure::new(of, name, unit, Spread::of(rates.iter().map(value)))
    };
    let mut series = Vec::new();
    for (row, count) in sales.iter().enumerate() {
        let mut points = Vec::new();
        for (column, &connections) in connections.iter().enumerate() {
            let of = format!("{count} sales, {}", at(connections));
            let rate = figure(of, "accepted", Unit::PerSecond, &|round| round[row][column]);
            points.push(rate.measured.median);
            measured.add(rate);
        }
        let points = (0_u32..).map(f64::from).zip(points).collect();
        series.push(Series { name: format!("{count} sales"), points });
    }
    for (row, count) in sales.iter().enumerate() {
        let least = |round: &Vec<Vec<f64>>| least_step(round[row].iter().copied());
        let (of, name) = (format!("{count} sales"), "least step to more connections");
        measured.add(figure(of, name, Unit::Ratio, &least).at_least(STEP_MIN));
    }
    for (column, &connections) in connections.iter().enumerate() {
        let least = |round: &Vec<Vec<f64>>| least_step(round.iter().map(|row| row[column]));
        let name = "least step to more sales";
        let step = figure(at(connections), name, Unit::Ratio, &least);
        measured.add(step.at_least(STEP_MIN).restated(STEP_RESTATED));
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

/// The least that one of these rates leaves of the one before it.
fn least_step(rates: impl Iterator<Item = f64>) -> f64 {
    let rates: Vec<f64> = rates.collect();
    rates.windows(2).map(|pair| pair[1] / pair[0]).fold(f64::INFINITY, f64::min)
}

/// Attempts at these sales in turn, whose purchases must all be in the ledger before they count.
async fn sell(
    ground: &Ground,
    skus: &[String],
    connections: u32,
    seconds: u32,
    number: u32,
) -> Closed {
    let before = Books::now(ground.shop(), skus).await;
    let sent = Sent::Attempts { skus: skus.to_vec(), prefix: format!("spread-{number:02}") };
    let base_url = ground.base_url().to_owned();
    let closed = wrk::run(Run { base_url, sent, connections, seconds }).await;
    let (after, _) = Books::settled(ground.shop(), skus).await;
    after.check(before, answered(&closed, connections));
    closed
}

#[cfg(test)]
mod tests {
    use super::{least_step, measured};

    #[test]
    fn a_cliff_is_seen_on_the_way_to_more_connections_and_to_more_sales() {
        assert_eq!(least_step([10.0, 5.0, 20.0].into_iter()).to_string(), "0.5");
        let rates = [vec![vec![10.0, 20.0], vec![5.0, 20.0]]];
        let measured = measured(&[1, 10], &[1, 16], &rates);
        let step = |of: &str, name: &str| measured.median(of, name).unwrap().to_string();
        assert_eq!(step("1 sales", "least step to more connections"), "2");
        assert_eq!(step("1 connections", "least step to more sales"), "0.5");
        assert_eq!(step("16 connections", "least step to more sales"), "1");
    }
}
