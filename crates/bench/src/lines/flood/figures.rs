//! What the rounds of the flood are told as.

use std::time::Duration;

use super::{Flood, Round, TIMES, decided};
use crate::{
    chart::Chart,
    figure::{Figure, Spread, Unit, millis, real},
    generator::{Report, Second, refused},
    line::Measured,
};

/// The part of the flood that has to be sent: connections are limited, and so is the generator.
const SENT_MIN: f64 = 0.9;
const GOODPUT_MIN: f64 = 0.9;
/// With batches that are small enough for short waits, which cost the slowed way more.
const GOODPUT_RESTATED: f64 = 0.6;
/// Times the p99 of a calm server: of those that are decided in the flood, and of what is normal.
const P99_TIMES_MAX: f64 = 2.0;
const P99_TIMES_RESTATED: f64 = 10.0;
const NORMAL_MAX_S: f64 = 5.0;
/// With seconds that P8 has too, in which the machine is busy with something else.
const NORMAL_RESTATED_S: f64 = 10.0;
/// By how much the server may grow once the beginning of a flood is over.
const RESIDENT_GROWTH_MAX_MIB: f64 = 32.0;
/// The part of what arrives in a second that is decided in a normal one.
const NORMAL_DECIDED: f64 = 0.95;
const MIB: f64 = 1_048_576.0;

impl Flood {
    /// The whole seconds in which attempts arrived.
    fn seconds(&self) -> &[Second] {
        seconds_of(&self.report, self.lasts)
    }
}

/// The whole seconds in which attempts arrived.
fn seconds_of(report: &Report, lasts: Duration) -> &[Second] {
    let whole = usize::try_from(lasts.as_secs()).unwrap_or(usize::MAX);
    &report.seconds[..whole.min(report.seconds.len())]
}

/// What one of them has on average.
fn a_second(seconds: &[Second], of: fn(&Second) -> u64) -> f64 {
    let sum: u64 = seconds.iter().map(of).sum();
    real(sum) / real(seconds.len().max(1) as u64)
}

/// Seconds until all were normal: nearly all that came was decided, about as quickly as in the
/// calm. One more than there were, if the last was not.
fn normal_after_s(seconds: &[Second], rate: u32, calm_p99: Duration) -> f64 {
    let is_normal = |second: &Second| {
        let decided = real(second.decided) >= f64::from(rate) * NORMAL_DECIDED;
        decided && second.p99 <= calm_p99.mul_f64(P99_TIMES_MAX)
    };
    let last = seconds.iter().rposition(|second| !is_normal(second));
    let longer = last.is_some_and(|last| last + 1 == seconds.len());
    let until = last.map_or(0, |last| last + 1 + usize::from(longer));
    real(u64::try_from(until).unwrap_or(u64::MAX))
}

pub(super) fn measured(calm_rate: u32, takes: f64, rounds: &[Round]) -> Measured {
    let mut measured = Measured::default();
    let figure = |name, unit, value: &dyn Fn(&Round) -> f64| {
        Figure::new("slowed", name, unit, Spread::of(rounds.iter().map(value)))
    };
    let goodput = |round: &Round| a_second(round.flood.seconds(), |second| second.decided);
    let of_store = |round: &Round| goodput(round) / takes;
    let of_store = figure("goodput of what the store takes", Unit::Ratio, &of_store);
    measured.add(of_store.at_least(GOODPUT_MIN).restated(GOODPUT_RESTATED));
    let [calm_p99, p99] = [calm_p99_ms, flood_p99_ms];
    let times = |round: &Round| p99(round) / calm_p99(round).max(f64::MIN_POSITIVE);
    let times = figure("p99 of the decided, times the calm one's", Unit::Ratio, &times);
    measured.add(times.at_most(P99_TIMES_MAX).restated(P99_TIMES_RESTATED));
    let since_sent = |report: &Report| millis(report.decided_since_sent.p99());
    let times = |round: &Round| {
        since_sent(&round.flood.report) / since_sent(&round.calm).max(f64::MIN_POSITIVE)
    };
    measured.add(figure("the same since they were sent", Unit::Ratio, &times));
    let median = |round: &Round| millis(round.flood.report.decided_since_sent.p50());
    measured.add(figure("median of the decided since they were sent", Unit::Millis, &median));
    let p99_sent = |round: &Round| since_sent(&round.flood.report);
    measured.add(figure("p99 of the decided since they were sent", Unit::Millis, &p99_sent));
    let normal = |round: &Round| normal_s(round, calm_rate);
    let normal = figure("normal within", Unit::Seconds, &normal);
    measured.add(normal.at_most(NORMAL_MAX_S).restated(NORMAL_RESTATED_S));
    let grown = |round: &Round| {
        let [begun, ended] = round.flood.resident.map(real);
        (ended - begun) / MIB
    };
    let grown = figure("resident growth", Unit::Mebibytes, &grown);
    measured.add(grown.at_most(RESIDENT_GROWTH_MAX_MIB));
    let refused = |round: &Round| real(refused(&round.calm));
    measured.add(figure("refused or too late in the calm", Unit::Count, &refused).at_most(0.0));
    let sent = |round: &Round| a_second(round.flood.seconds(), |second| second.sent) / takes;
    let sent = figure("sent, times what the store takes", Unit::Ratio, &sent);
    measured.add(sent.at_least(TIMES * SENT_MIN));
    let late = |round: &Round| millis(round.flood.report.lateness.p99());
    measured.add(figure("p99 of the generator's lateness in the flood", Unit::Millis, &late));
    measured.add(Figure::new("slowed", "the store takes", Unit::PerSecond, Spread::once(takes)));
    measured.add(figure("goodput", Unit::PerSecond, &goodput));
    measured.add(figure("p99 of the decided", Unit::Millis, &p99));
    measured.add(figure("p99 in the calm", Unit::Millis, &calm_p99));
    measured.note("a proxy slows what goes to Redis; its p99 is held to P8's load on the same way");
    if let Some(last) = rounds.last() {
        add_charts(&mut measured, &last.flood);
        measured.note("the charts are of the last round");
    }
    add_unslowed(&mut measured, rounds);
    measured
}

fn calm_p99_ms(round: &Round) -> f64 {
    millis(round.calm.decided.p99())
}

fn flood_p99_ms(round: &Round) -> f64 {
    millis(round.flood.report.decided.p99())
}

/// Seconds until the calm load was as it had been before the flood.
fn normal_s(round: &Round, calm_rate: u32) -> f64 {
    let Flood { after, calm_for, opening, .. } = &round.flood;
    let seconds = seconds_of(after, *calm_for);
    opening.as_secs_f64() + normal_after_s(seconds, calm_rate, round.calm.decided.p99())
}

fn add_charts(measured: &mut Measured, flood: &Flood) {
    let by_second = |of: fn(&Second) -> u64| {
        flood.report.seconds.iter().map(|second| real(of(second))).collect::<Vec<f64>>()
    };
    let curves = vec![
        ("sent", by_second(|second| second.sent)),
        ("decided", by_second(|second| second.decided)),
        ("shed", by_second(|second| second.shed)),
    ];
    measured.charts.push(Chart::seconds("The flood of a slowed server", "requests/s", curves));
    let p99s = |report: &Report| {
        report.seconds.iter().map(|second| millis(second.p99)).collect::<Vec<f64>>()
    };
    let curves = vec![("in the flood", p99s(&flood.report)), ("after it", p99s(&flood.after))];
    measured.charts.push(Chart::seconds("p99 of the decided by second", "ms", curves));
}

/// Printed, and held to nothing: it says how much is refused and what becomes of the rest.
fn add_unslowed(measured: &mut Measured, rounds: &[Round]) {
    let mut add = |name, unit, value: &dyn Fn(&Report) -> f64| {
        let spread = Spread::of(rounds.iter().map(|round| value(&round.unslowed)));
        measured.add(Figure::new("unslowed flood", name, unit, spread));
    };
    let a_second = |count: u64, report: &Report| real(count) / report.took.as_secs_f64();
    let shed = |report: &Report| report.seconds.iter().map(|second| second.shed).sum();
    add("arrived", Unit::PerSecond, &|report| a_second(report.due(), report));
    add("sent", Unit::PerSecond, &|report| a_second(report.sent, report));
    add("decided", Unit::PerSecond, &|report| a_second(decided(report), report));
    add("shed", Unit::PerSecond, &|report| a_second(shed(report), report));
    add("p99 of the decided", Unit::Millis, &|report| millis(report.decided.p99()));
    let name = "p99 of the decided since they were sent";
    add(name, Unit::Millis, &|report| millis(report.decided_since_sent.p99()));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Second, normal_after_s};

    #[test]
    fn it_is_normal_again_after_the_last_second_that_is_not() {
        let second = |decided, p99_ms| Second {
            decided,
            p99: Duration::from_millis(p99_ms),
            ..Second::default()
        };
        let calm = Duration::from_millis(2);
        let after = |seconds: &[Second]| normal_after_s(seconds, 100, calm).to_string();
        assert_eq!(after(&[second(100, 4)]), "0");
        assert_eq!(after(&[second(20, 1), second(100, 5), second(95, 4)]), "2");
        assert_eq!(after(&[second(100, 1), second(20, 1), second(95, 4)]), "2");
        assert_eq!(after(&[second(20, 1)]), "2", "longer than was looked");
    }
}
