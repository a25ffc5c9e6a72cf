//! P14: a server that sends traces to a collector, beside one that makes none.

use std::{collections::BTreeMap, rc::Rc};

use futures::FutureExt;
use stampede_testkit::servers::{Collector, Fsync};

use crate::{
    bench::Bench,
    duel::{Load, Turn, at, selling_turn},
    figure::{Figure, Spread, Unit, real},
    ground::{Ground, Own, check_rows},
    line::{Line, Measured},
    wrk::BUSY,
};

/// What traces leave of the throughput, at least.
const LEFT_MIN: f64 = 0.95;
/// The same as it is restated: five pairs of turns do not tell a twentieth where a turn differs from
/// the next by a fifth; eleven do.
const LEFT_RESTATED: f64 = 0.80;
/// The span of an attempt.
const REQUEST: &str = "POST /api/v1/purchases";
/// The span at the other end of its trace.
const COMMIT: &str = "ledger.commit";

pub(super) fn line() -> Line {
    Line {
        names: &["P14"],
        what: "telemetry on against off, P3's setting",
        quick_s: 7,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

/// Which requests a server traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Traced {
    /// None, since it is told of no collector.
    Nothing,
    /// The part that is traced as it is shipped.
    APart,
    /// As many as it may begin, for orientation.
    Everything,
}

/// In an order in which those that are compared are next to each other, also from behind.
const ALL: [Traced; 3] = [Traced::Nothing, Traced::APart, Traced::Everything];

/// One turn of one of them.
struct Sold {
    turn: Turn,
    /// Attempts of which the collector had the span.
    traces: u64,
    seconds: u32,
}

/// The turns of each, round by round.
type Turns = BTreeMap<Traced, Vec<Sold>>;

impl Traced {
    fn word(self) -> &'static str {
        match self {
            Self::Nothing => "off",
            Self::APart => "on",
            Self::Everything => "always_on",
        }
    }

    fn settings(self, collector: &Collector) -> Vec<(&'static str, String)> {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url().to_owned());
        match self {
            Self::Nothing => Vec::new(),
            Self::APart => vec![endpoint],
            Self::Everything => vec![endpoint, ("OTEL_TRACES_SAMPLER", "always_on".to_owned())],
        }
    }
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let mut measured = Measured::default();
    for &connections in bench.pace.connections() {
        let turns = turns(&bench, connections).await;
        add_figures(&mut measured, connections, &turns);
    }
    measured.note(
        "each turn has a server and stores of its own; on: OTEL_EXPORTER_OTLP_ENDPOINT names a \
         collector in the process of the benchmark; always_on: OTEL_TRACES_SAMPLER=always_on besides",
    );
    measured.note(
        "every server counts its metrics, and none begins more than STAMPEDE_TRACES_PER_S_MAX \
         traces in a second",
    );
    measured
}

/// Each in turn, in every other round the last one first.
async fn turns(bench: &Bench, connections: u32) -> Turns {
    let seconds = bench.pace.run_s();
    let mut order = bench.pace.pick(&ALL[..], &ALL[..2]).to_vec();
    // A quick turn is over before spans are sent as shipped, and a stop waits a second for them.
    let send_early = bench.pace.pick(None, Some(("OTEL_BSP_SCHEDULE_DELAY", "1000")));
    let mut turns = Turns::new();
    let mut number = 0;
    for _ in 0..bench.pace.rounds {
        for &traced in &order {
            number += 1;
            let load = Load { connections, seconds, number };
            let sold = sell(bench, traced, send_early, load).await;
            let (of, rate, spans) = (at(connections), sold.turn.closed.rate, sold.traces);
            println!("  {of}, {}: {rate:.0}/s, {spans} of them traced", traced.word());
            turns.entry(traced).or_default().push(sold);
        }
        order.reverse();
    }
    turns
}

/// One turn of a server that lives for it alone, so that all its spans have been sent in the end,
/// and of stores that do too: at its start a server compares what was sold before.
async fn sell(
    bench: &Bench,
    traced: Traced,
    more: Option<(&'static str, &str)>,
    load: Load,
) -> Sold {
    let own = Own::start(bench, Fsync::EverySecond).await;
    let collector = Collector::start().await;
    let stores = own.stores(own.redis.url());
    let mut settings = traced.settings(&collector);
    settings.extend(more.map(|(name, value)| (name, value.to_owned())));
    let ground = Ground::with(stores, None, settings).await;
    let turn = selling_turn(&ground, load).await;
    ground.stop().await;
    check_rows(&own.stores(own.redis.url())).await;
    let spans = collector.spans();
    let count =
        |name: &str| -> u64 { spans.iter().filter(|sent| sent.span.name == name).map(|_| 1).sum() };
    let (attempts, commits) = (count(REQUEST), count(COMMIT));
    assert!(
        traced == Traced::Nothing || (attempts > 0 && commits > 0),
        "wrong traces with telemetry {}: the collector has {attempts} of attempts and {commits} of \
         commits",
        traced.word()
    );
    Sold { turn, traces: attempts, seconds: load.seconds }
}

fn add_figures(measured: &mut Measured, connections: u32, turns: &Turns) {
    let off = &turns[&Traced::Nothing];
    for (&traced, own) in turns {
        let of = format!("{}, {}", at(connections), traced.word());
        let figure = |name, unit, value: &dyn Fn(&Sold) -> f64| {
            Figure::new(of.clone(), name, unit, Spread::of(own.iter().map(value)))
        };
        let ratio = |name, value: &dyn Fn(&Turn, &Turn) -> f64| {
            let ratios = own.iter().zip(off).map(|(own, off)| value(&own.turn, &off.turn));
            Figure::new(of.clone(), name, Unit::Ratio, Spread::of(ratios))
        };
        if traced != Traced::Nothing {
            let left = ratio("throughput ratio", &|own, off| own.closed.rate / off.closed.rate);
            let is_held = traced == Traced::APart;
            measured.add(if is_held {
                left.at_least(LEFT_MIN).restated(LEFT_RESTATED)
            } else {
                left
            });
            measured.add(ratio("CPU ratio", &|own, off| off.cpu_us / own.cpu_us));
            let recorded = |own: &Turn, off: &Turn| own.recorded() / off.recorded();
            measured.add(ratio("throughput ratio with the drain", &recorded));
            let begun = |sold: &Sold| real(sold.traces) / f64::from(sold.seconds);
            measured.add(figure("traces of attempts", Unit::PerSecond, &begun));
        }
        let refused = figure("refused", Unit::Count, &|sold| real(sold.turn.closed.refused));
        measured.add(refused.at_most(0.0));
        measured.add(figure("accepted", Unit::PerSecond, &|sold| sold.turn.closed.rate));
        measured.add(figure("p99", Unit::Millis, &|sold| sold.turn.closed.p99_ms));
        measured.add(figure("CPU", Unit::Micros, &|sold| sold.turn.cpu_us));
        if own.iter().any(|sold| sold.turn.closed.busy > BUSY) {
            measured.note(format!("{of}: wrk was busy all the time: it may have limited the rate"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Sold, Traced, Turns, add_figures};
    use crate::{
        duel::{Drained, Turn},
        line::Measured,
        wrk::Closed,
    };

    fn sold(rate: f64) -> Sold {
        let closed = Closed { answered: 1, refused: 0, rate, p99_ms: 1.0, busy: 0.5 };
        let drained = Some(Drained { rate: rate / 2.0, cpu_us: 20.0 });
        Sold { turn: Turn { closed, cpu_us: 10.0, drained }, traces: 80, seconds: 8 }
    }

    #[test]
    fn a_server_that_sends_traces_is_held_to_one_of_the_same_round_that_does_not() {
        let mut turns = Turns::new();
        for (traced, rates) in [
            (Traced::Nothing, [100.0, 80.0, 50.0]),
            (Traced::APart, [90.0, 80.0, 49.0]),
            (Traced::Everything, [50.0, 40.0, 25.0]),
        ] {
            turns.insert(traced, rates.map(sold).into());
        }
        let mut measured = Measured::default();
        add_figures(&mut measured, 64, &turns);
        let shown = |of: &str, name: &str| {
            let mut figures = measured.figures.iter();
            let found = figures.find(|figure| figure.of == of && figure.name == name)?;
            Some((found.shown(), found.verdict()))
        };
        let ratio = "throughput ratio";
        let on = ("0.98 [0.90 – 1.00]".to_owned(), "met");
        assert_eq!(shown("64 connections, on", ratio), Some(on));
        let always_on = ("0.50".to_owned(), "");
        assert_eq!(shown("64 connections, always_on", ratio), Some(always_on));
        assert_eq!(shown("64 connections, off", ratio), None);
        let drained = ("0.50".to_owned(), "");
        assert_eq!(
            shown("64 connections, always_on", "throughput ratio with the drain"),
            Some(drained)
        );
        let traces = ("10/s".to_owned(), "");
        assert_eq!(shown("64 connections, on", "traces of attempts"), Some(traces));
    }

    #[test]
    fn a_hundredth_of_all_requests_is_traced_as_shipped() {
        let settings = include_str!("../../../../.env.example");
        assert!(settings.contains("\nOTEL_TRACES_SAMPLER=parentbased_traceidratio\n"));
        assert!(settings.contains("\nOTEL_TRACES_SAMPLER_ARG=0.01\n"));
    }
}
