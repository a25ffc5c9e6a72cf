//! P9: ten times what a slowed store can take, and all that the generator can send.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use stampede_testkit::servers::{Fsync, Proxy, Way};
use tokio::time::sleep;

use super::calm::calm_rate;
use crate::{
    ask::{Level, NOWHERE, STOCK},
    bench::Bench,
    books::{Answered, Books},
    chart::Chart,
    figure::{Figure, Spread, Unit, millis, real, whole},
    generator::{
        Asking, Crowd, Report, Second, check_answers, closed_loop, open_loop, refused, rejected,
        told,
    },
    ground::{Ground, Own, cores},
    line::{Line, Measured},
};

/// Attempts a second that the slowed store takes, about.
const STORE_RATE: f64 = 4_000.0;
/// How many times that arrive.
const TIMES: f64 = 10.0;
/// The part of them that has to be sent: connections are limited, and so is the generator.
const SENT_MIN: f64 = 0.9;
/// How near the slowed store is to come.
const NEAR: f64 = 0.05;
/// Connections by which it is found out what the store takes.
const CONNECTIONS: usize = 256;
const GOODPUT_MIN: f64 = 0.9;
/// With batches that are small enough for short waits, which cost the slowed way more.
const GOODPUT_RESTATED: f64 = 0.6;
/// Times the p99 of a calm server: of those that are decided in the flood, and of what is normal.
const P99_TIMES_MAX: f64 = 2.0;
const P99_TIMES_RESTATED: f64 = 5.0;
const NORMAL_MAX_S: f64 = 5.0;
/// With seconds that P8 has too, in which the machine is busy with something else.
const NORMAL_RESTATED_S: f64 = 10.0;
/// The part of a flood after which the server has its connections, and is to grow no more.
const BEGINNING: f64 = 10.0;
/// By how much it may have grown from there on.
const RESIDENT_GROWTH_MAX_MIB: f64 = 32.0;
/// The part of what arrives in a second that is decided in a normal one.
const NORMAL_DECIDED: f64 = 0.95;
const MIB: f64 = 1_048_576.0;

pub(super) fn line() -> Line {
    Line {
        names: &["P9"],
        what: "ten times what a slowed store takes, then calm; and a flood of an unslowed one",
        quick_s: 13,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

/// A server whose way to Redis can be slowed, and one sale of it.
struct Scene {
    ground: Ground,
    proxy: Proxy,
    /// What clients were told so far.
    told: Vec<Answered>,
}

/// What the flood showed.
struct Flood {
    /// Memory of the server once its beginning was over, and once its last attempt was answered.
    resident: [u64; 2],
    report: Report,
    /// How long its attempts arrived.
    lasts: Duration,
    /// The calm load once the store was as quick as before.
    after: Report,
    /// How long its arrivals came.
    calm_for: Duration,
    /// From the instant at which the store was as quick as before to the first arrival.
    opening: Duration,
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let calm_rate = calm_rate(&bench).await;
    let calm_for = Duration::from_secs(bench.pace.pick(15, 1));
    let mut scene = Scene::start(&bench).await;
    let skus = [NOWHERE.to_owned()];
    let before = Books::now(scene.ground.shop(), &skus).await;
    let calm = open_loop(scene.asking("calm"), calm_rate, calm_for).await;
    scene.note(&calm);
    let (lasts, tries) = (Duration::from_secs(bench.pace.pick(5, 1)), bench.pace.pick(4, 1));
    let takes = scene.slow(lasts, tries).await;
    println!("  the slowed store takes {takes:.0}/s");
    let lasts = Duration::from_secs(bench.pace.pick(60, 1));
    let flood = scene.flood(takes, lasts, calm_rate, calm_for).await;
    let all_out = whole((STORE_RATE * TIMES).max(bench.rates().await.accepted * 2.0));
    let lasts = Duration::from_secs(bench.pace.pick(10, 1));
    let unslowed = open_loop(scene.asking("all-out"), all_out, lasts).await;
    scene.note(&unslowed);
    let (after, _) = Books::settled(scene.ground.shop(), &skus).await;
    let sum = |of: fn(&Answered) -> u64| -> u64 { scene.told.iter().map(of).sum() };
    let all = Answered {
        successes: sum(|told| told.successes),
        refused: sum(|told| told.refused),
        unknown: sum(|told| told.unknown),
    };
    after.check(before, all);
    scene.ground.check_rows().await;
    let mut measured = measured(&calm, calm_rate, takes, &flood);
    add_unslowed(&mut measured, &unslowed);
    measured
}

impl Scene {
    async fn start(bench: &Bench) -> Self {
        let own = Own::start(bench, Fsync::EverySecond).await;
        let proxy = Proxy::before(&own.redis.url()).await;
        let stores = own.stores(proxy.url(&own.redis.url()));
        let ground = Ground::over(stores, Some(own), Level::Gate).await;
        ground.open(NOWHERE, STOCK).await;
        Self { ground, proxy, told: Vec::new() }
    }

    /// Attempts of buyers who come in this phase alone.
    fn asking(&self, phase: &str) -> Asking {
        Asking::new(self.ground.base_url(), NOWHERE, phase)
    }

    /// Slows the way to Redis until about [`STORE_RATE`] attempts a second pass, in so many tries
    /// at most, and answers how many do.
    ///
    /// Each worker has a lane of its own, and so its part of them.
    async fn slow(&mut self, lasts: Duration, tries: usize) -> f64 {
        let came = self.proxy.carried().requests.came;
        let unslowed = self.closed("unslowed", lasts).await;
        let bytes = real(self.proxy.carried().requests.came - came);
        let bytes_each = bytes / real(decided(&unslowed).max(1));
        let lanes = real(u64::try_from(cores()).unwrap_or(1));
        let mut bytes_per_s = STORE_RATE * bytes_each / lanes;
        let mut takes = 0.0;
        for number in 1..=tries {
            self.proxy.requests(Way::Throttle(whole(bytes_per_s)));
            let report = self.closed(&format!("slowed-{number}"), lasts).await;
            takes = decided_per_s(&report);
            if (takes / STORE_RATE - 1.0).abs() < NEAR {
                break;
            }
            bytes_per_s *= STORE_RATE / takes.max(1.0);
        }
        assert!(takes > 0.0, "nothing passes the slowed way to the store");
        takes
    }

    async fn closed(&mut self, phase: &str, duration: Duration) -> Report {
        let crowd = Crowd {
            connections: CONNECTIONS,
            requests: None,
            duration,
            keep_alive: true,
            until_sold_out: false,
        };
        let report = closed_loop(self.asking(phase), crowd).await;
        self.note(&report);
        report
    }

    /// Holds the answers of a phase to the contract, and keeps what was told.
    fn note(&mut self, report: &Report) {
        check_answers(report);
        self.told.push(told(report));
    }

    /// The flood of the slowed server, which takes so many a second; once its last attempt is
    /// answered the slowness ends, and the calm load begins.
    async fn flood(
        &mut self,
        takes: f64,
        lasts: Duration,
        calm_rate: u32,
        calm_for: Duration,
    ) -> Flood {
        let begun = async {
            sleep(lasts.div_f64(BEGINNING)).await;
            self.ground.resident_bytes()
        };
        let flooded = open_loop(self.asking("flood"), whole(takes * TIMES), lasts);
        let (begun, report) = tokio::join!(begun, flooded);
        let ended = self.ground.resident_bytes();
        self.proxy.requests(Way::Pass);
        let passes = Instant::now();
        let after = open_loop(self.asking("after"), calm_rate, calm_for).await;
        let opening = after.started.saturating_duration_since(passes);
        self.note(&report);
        self.note(&after);
        Flood { resident: [begun, ended], report, lasts, after, calm_for, opening }
    }
}

fn decided(report: &Report) -> u64 {
    report.success() + rejected(report)
}

fn decided_per_s(report: &Report) -> f64 {
    real(decided(report)) / report.took.as_secs_f64()
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

fn measured(calm: &Report, calm_rate: u32, takes: f64, flood: &Flood) -> Measured {
    let mut measured = Measured::default();
    let of = "slowed";
    let once = |name, unit, value| Figure::new(of, name, unit, Spread::once(value));
    let flooded = seconds_of(&flood.report, flood.lasts);
    let goodput = a_second(flooded, |second| second.decided);
    let of_store = once("goodput of what the store takes", Unit::Ratio, goodput / takes);
    measured.add(of_store.at_least(GOODPUT_MIN).restated(GOODPUT_RESTATED));
    let (calm_p99, p99) = (millis(calm.decided.p99()), millis(flood.report.decided.p99()));
    let times = p99 / calm_p99.max(f64::MIN_POSITIVE);
    let times = once("p99 of the decided, times the calm one's", Unit::Ratio, times);
    measured.add(times.at_most(P99_TIMES_MAX).restated(P99_TIMES_RESTATED));
    let [calm_sent, flood_sent] = [calm, &flood.report].map(|report| &report.decided_since_sent);
    let times = millis(flood_sent.p99()) / millis(calm_sent.p99()).max(f64::MIN_POSITIVE);
    measured.add(once("the same since they were sent", Unit::Ratio, times));
    for (name, latency) in [
        ("median of the decided since they were sent", flood_sent.p50()),
        ("p99 of the decided since they were sent", flood_sent.p99()),
    ] {
        measured.add(once(name, Unit::Millis, millis(latency)));
    }
    let after = seconds_of(&flood.after, flood.calm_for);
    let normal_s =
        flood.opening.as_secs_f64() + normal_after_s(after, calm_rate, calm.decided.p99());
    let normal = once("normal within", Unit::Seconds, normal_s);
    measured.add(normal.at_most(NORMAL_MAX_S).restated(NORMAL_RESTATED_S));
    let [begun, ended] = flood.resident.map(real);
    let grown = once("resident growth", Unit::Mebibytes, (ended - begun) / MIB);
    measured.add(grown.at_most(RESIDENT_GROWTH_MAX_MIB));
    let refused_in_calm = real(refused(calm));
    measured
        .add(once("refused or too late in the calm", Unit::Count, refused_in_calm).at_most(0.0));
    let sent = a_second(flooded, |second| second.sent);
    let times = once("sent, times what the store takes", Unit::Ratio, sent / takes);
    measured.add(times.at_least(TIMES * SENT_MIN));
    let late = millis(flood.report.lateness.p99());
    measured.add(once("p99 of the generator's lateness in the flood", Unit::Millis, late));
    measured.add(once("the store takes", Unit::PerSecond, takes));
    measured.add(once("goodput", Unit::PerSecond, goodput));
    measured.add(once("p99 of the decided", Unit::Millis, p99));
    measured.add(once("p99 in the calm", Unit::Millis, calm_p99));
    measured.note("a proxy slows what goes to Redis; its p99 is held to P8's load on the same way");
    measured.note("one flood, not rounds of it");
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
    measured
}

/// Printed, and held to nothing: it says how much is refused and what becomes of the rest.
fn add_unslowed(measured: &mut Measured, report: &Report) {
    let seconds = report.took.as_secs_f64();
    let shed = report.seconds.iter().map(|second| second.shed).sum();
    for (name, count) in [
        ("arrived", report.due()),
        ("sent", report.sent),
        ("decided", decided(report)),
        ("shed", shed),
    ] {
        let rate = Spread::once(real(count) / seconds);
        measured.add(Figure::new("unslowed flood", name, Unit::PerSecond, rate));
    }
    let p99 = Spread::once(millis(report.decided.p99()));
    measured.add(Figure::new("unslowed flood", "p99 of the decided", Unit::Millis, p99));
    let p99 = Spread::once(millis(report.decided_since_sent.p99()));
    let name = "p99 of the decided since they were sent";
    measured.add(Figure::new("unslowed flood", name, Unit::Millis, p99));
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
