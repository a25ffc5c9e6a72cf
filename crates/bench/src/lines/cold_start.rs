//! P15: from nothing to the first answer.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use stampede_testkit::{
    servers::{Fsync, StampedeProcess},
    shop::Stores,
};

use crate::{
    ask::{NOWHERE, STOCK, attempt_request, authority},
    bench::Bench,
    books::Books,
    figure::{Figure, Spread, Unit},
    generator::{Asking, Crowd, check_answers, closed_loop, told},
    ground::{AS_SHIPPED, Ground, Own, STOP_LIMIT},
    line::{Line, Measured},
    sample::Sample,
};

const CONNECTIONS: usize = 256;
/// How long making the purchases may take.
const FILL_LIMIT: Duration = Duration::from_mins(10);
const COLD_MAX_S: f64 = 0.1;
const FULL_MAX_S: f64 = 3.0;

pub(super) fn line() -> Line {
    Line {
        names: &["P15"],
        what: "cold start to first answer; embedded with 1,000,000 purchases on disk",
        quick_s: 7,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let mut measured = Measured::default();
    let starts = bench.pace.pick(5, 2);
    let name = "until /health/live";
    let mut cold = Vec::new();
    for _ in 0..starts {
        let stores = Stores::embedded();
        let start = Start::of(&stores).await;
        cold.push(start.live_s);
        start.end().await;
    }
    let cold = Figure::new("embedded, empty", name, Unit::Seconds, Spread::of(cold));
    measured.add(cold.at_most(COLD_MAX_S));

    let own = Own::start(&bench, Fsync::EverySecond).await;
    let stores = own.stores(own.redis.url());
    // The first of all makes the tables.
    Start::of(&stores).await.end().await;
    let mut redis = Vec::new();
    for _ in 0..starts {
        let start = Start::of(&stores).await;
        redis.push(start.live_s);
        start.end().await;
    }
    let redis = Figure::new("redis, tables made", name, Unit::Seconds, Spread::of(redis));
    measured.add(redis.at_most(COLD_MAX_S));
    drop(own);

    let (stores, purchases) = filled(bench.pace.pick(1_000_000, 10_000)).await;
    let (mut live, mut decided) = (Vec::new(), Vec::new());
    for number in 0..starts {
        let start = Start::of(&stores).await;
        live.push(start.live_s);
        decided.push(start.decided_s(&format!("first-{number}")).await);
        start.end().await;
    }
    let of = format!("embedded, {purchases} purchases");
    let live = Figure::new(of.clone(), name, Unit::Seconds, Spread::of(live));
    measured.add(live.at_most(FULL_MAX_S));
    let decided = Spread::of(decided);
    let decided = Figure::new(of, "until an attempt is decided", Unit::Seconds, decided);
    measured.add(decided.at_most(FULL_MAX_S));
    measured.note("the server before has stopped in order; what it wrote is in the page cache");
    measured
}

/// A server that was started and has answered once.
struct Start {
    process: StampedeProcess,
    begun: Instant,
    /// From the start of the process until it answered that it lives.
    live_s: f64,
}

impl Start {
    async fn of(stores: &Stores) -> Self {
        let mut settings = stores.settings();
        settings.extend(AS_SHIPPED.map(|(name, value)| (name, value.to_owned())));
        let begun = Instant::now();
        let process = StampedeProcess::start(["serve"], settings).await;
        let host = authority(process.base_url());
        let request = format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Sample::of(process.base_url(), &request).await;
        let live_s = begun.elapsed().as_secs_f64();
        Self { process, begun, live_s }
    }

    /// Until an attempt of this buyer was accepted, from the same instant on.
    async fn decided_s(&self, buyer: &str) -> f64 {
        let base_url = self.process.base_url();
        let answer = Sample::of(base_url, &attempt_request(base_url, NOWHERE, buyer)).await;
        assert!(answer.body.contains("\"success\":true"), "{answer:?}");
        self.begun.elapsed().as_secs_f64()
    }

    async fn end(self) {
        self.process.terminate();
        self.process.wait(STOP_LIMIT).await;
    }
}

/// The folder of the engine embedded after about so many purchases and an orderly stop, and how
/// many there are.
async fn filled(purchases: u64) -> (Stores, u64) {
    println!("  making {purchases} purchases");
    let ground = Ground::embedded().await;
    ground.open(NOWHERE, STOCK).await;
    let skus = [NOWHERE.to_owned()];
    let before = Books::now(ground.shop(), &skus).await;
    let crowd = Crowd {
        connections: CONNECTIONS,
        requests: Some(purchases),
        duration: FILL_LIMIT,
        keep_alive: true,
        until_sold_out: false,
    };
    let report = closed_loop(Asking::new(ground.base_url(), NOWHERE, "fill"), crowd).await;
    check_answers(&report);
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    after.check(before, told(&report));
    ground.check_rows().await;
    let (stores, _) = ground.stop().await;
    (stores, after.recorded)
}
