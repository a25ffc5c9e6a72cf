//! P9: ten times what a slowed store can take, and all that the generator can send.

mod figures;

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use stampede_testkit::servers::{Fsync, Proxy, Way};
use tokio::time::sleep;

use self::figures::measured;
use super::calm::calm_rate;
use crate::{
    ask::{Level, NOWHERE, STOCK},
    bench::Bench,
    books::{Answered, Books},
    figure::{real, whole},
    generator::{Asking, Crowd, Report, check_answers, closed_loop, open_loop, rejected, told},
    ground::{Ground, Own, cores},
    line::{Line, Measured},
};

/// Attempts a second that the slowed store takes, about.
const STORE_RATE: f64 = 4_000.0;
/// How many times that arrive.
const TIMES: f64 = 10.0;
/// How near the slowed store is to come.
const NEAR: f64 = 0.05;
/// Connections by which it is found out what the store takes.
const CONNECTIONS: usize = 256;
/// The part of a flood after which the server has its connections, and is to grow no more.
const BEGINNING: f64 = 10.0;

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
    /// Of the round.
    number: u32,
}

/// A way to the store that is slowed.
#[derive(Clone, Copy)]
struct Slowed {
    way: Way,
    /// Attempts a second that pass.
    takes: f64,
}

/// One flood, and what stands around it.
struct Round {
    calm: Report,
    flood: Flood,
    unslowed: Report,
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
    let (lasts, tries) = (Duration::from_secs(bench.pace.pick(5, 1)), bench.pace.pick(4, 1));
    let slowed = scene.slow(lasts, tries).await;
    println!("  the slowed store takes {:.0}/s", slowed.takes);
    let all_out = whole((STORE_RATE * TIMES).max(bench.rates().await.accepted * 2.0));
    let mut rounds = Vec::new();
    for number in 1..=bench.pace.rounds {
        scene.number = number;
        Books::settled(scene.ground.shop(), &skus).await;
        let calm = open_loop(scene.asking("calm"), calm_rate, calm_for).await;
        scene.note(&calm);
        let lasts = Duration::from_secs(bench.pace.pick(60, 1));
        let flood = scene.flood(slowed, lasts, calm_rate, calm_for).await;
        let lasts = Duration::from_secs(bench.pace.pick(10, 1));
        let unslowed = open_loop(scene.asking("all-out"), all_out, lasts).await;
        scene.note(&unslowed);
        println!("  p99 of the decided {:?}", flood.report.decided.p99());
        rounds.push(Round { calm, flood, unslowed });
    }
    let (after, _) = Books::settled(scene.ground.shop(), &skus).await;
    let sum = |of: fn(&Answered) -> u64| -> u64 { scene.told.iter().map(of).sum() };
    let all = Answered {
        successes: sum(|told| told.successes),
        refused: sum(|told| told.refused),
        unknown: sum(|told| told.unknown),
    };
    after.check(before, all);
    scene.ground.check_rows().await;
    measured(calm_rate, slowed.takes, &rounds)
}

impl Scene {
    async fn start(bench: &Bench) -> Self {
        let own = Own::start(bench, Fsync::EverySecond).await;
        let proxy = Proxy::before(&own.redis.url()).await;
        let stores = own.stores(proxy.url(&own.redis.url()));
        let ground = Ground::over(stores, Some(own), Level::Gate).await;
        ground.open(NOWHERE, STOCK).await;
        Self { ground, proxy, told: Vec::new(), number: 0 }
    }

    /// Attempts of buyers who come in this phase alone.
    fn asking(&self, phase: &str) -> Asking {
        let buyers = format!("{phase}-{}", self.number);
        Asking::new(self.ground.base_url(), NOWHERE, &buyers)
    }

    /// Finds how slow the way to Redis must be for about [`STORE_RATE`] attempts a second to pass,
    /// in so many tries at most. It is as quick as before then.
    ///
    /// Each worker has a lane of its own, and so its part of them.
    async fn slow(&mut self, lasts: Duration, tries: usize) -> Slowed {
        let came = self.proxy.carried().requests.came;
        let unslowed = self.closed("unslowed", lasts).await;
        let bytes = real(self.proxy.carried().requests.came - came);
        let bytes_each = bytes / real(decided(&unslowed).max(1));
        let lanes = real(u64::try_from(cores()).unwrap_or(1));
        let mut bytes_per_s = STORE_RATE * bytes_each / lanes;
        let mut slowed = Slowed { way: Way::Pass, takes: 0.0 };
        for number in 1..=tries {
            slowed.way = Way::Throttle(whole(bytes_per_s));
            self.proxy.requests(slowed.way);
            let report = self.closed(&format!("slowed-{number}"), lasts).await;
            slowed.takes = decided_per_s(&report);
            if (slowed.takes / STORE_RATE - 1.0).abs() < NEAR {
                break;
            }
            bytes_per_s *= STORE_RATE / slowed.takes.max(1.0);
        }
        assert!(slowed.takes > 0.0, "nothing passes the slowed way to the store");
        self.proxy.requests(Way::Pass);
        slowed
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

    /// The flood of the slowed server; once its last attempt is answered the slowness ends, and
    /// the calm load begins.
    async fn flood(
        &mut self,
        slowed: Slowed,
        lasts: Duration,
        calm_rate: u32,
        calm_for: Duration,
    ) -> Flood {
        self.proxy.requests(slowed.way);
        let begun = async {
            sleep(lasts.div_f64(BEGINNING)).await;
            self.ground.resident_bytes()
        };
        let flooded = open_loop(self.asking("flood"), whole(slowed.takes * TIMES), lasts);
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
