//! P1 to P6: one path each, beside the bare handler under the same closed loop.

use std::rc::Rc;

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Ask, Level},
    bench::Bench,
    duel::{Floor, Floors, OURS, RECORDED, Rates, at, duel},
    ground::Ground,
    line::{Line, Measured},
    raw_redis,
};

/// From so many connections on there are many.
const MANY: u32 = 256;

pub(super) fn lines() -> [Line; 6] {
    [
        Line {
            names: &["P1"],
            what: "status read, one sale",
            quick_s: 6,
            measure: Some(|bench| status(bench).boxed_local()),
        },
        Line {
            names: &["P2"],
            what: "attempt on a sold-out sale, redis",
            quick_s: 5,
            measure: Some(|bench| sold_out(bench).boxed_local()),
        },
        Line {
            names: &["P3", "P3b"],
            what: "attempt accepted, redis, fsync everysec, level gate; with the drain (P3b)",
            quick_s: 8,
            measure: Some(|bench| accepted(bench).boxed_local()),
        },
        Line {
            names: &["P4"],
            what: "attempt accepted, redis, fsync always, level gate",
            quick_s: 7,
            measure: Some(|bench| synced(bench).boxed_local()),
        },
        Line {
            names: &["P5"],
            what: "attempt accepted, redis, fsync everysec, level ledger",
            quick_s: 7,
            measure: Some(|bench| at_ledger(bench).boxed_local()),
        },
        Line {
            names: &["P6"],
            what: "attempt accepted, embedded",
            quick_s: 6,
            measure: Some(|bench| embedded(bench).boxed_local()),
        },
    ]
}

/// What was asked of a ratio, and the floor instead: with the fewest connections, and with the
/// most. `docs/05_stress_testing.md` says what is known of each.
#[derive(Clone, Copy)]
struct Floored {
    asked: f64,
    restated: [f64; 2],
}

impl Floored {
    fn at(self, connections: u32) -> Floor {
        let [few, many] = self.restated;
        Floor { asked: self.asked, restated: if connections < MANY { few } else { many } }
    }
}

const fn floored(asked: f64, restated: [f64; 2]) -> Floored {
    Floored { asked, restated }
}

/// Floors of which nothing is asked of the drain.
fn floors(throughput: Floored, cpu: Option<Floored>) -> impl Fn(u32) -> Floors {
    move |connections| Floors {
        throughput: throughput.at(connections),
        cpu: cpu.map(|cpu| cpu.at(connections)),
        drained: None,
    }
}

async fn status(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    duel(
        &bench,
        &ground,
        Ask::Status,
        floors(floored(0.9, [0.8, 0.65]), Some(floored(0.9, [0.7, 0.65]))),
    )
    .await
}

async fn sold_out(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    duel(
        &bench,
        &ground,
        Ask::SoldOut,
        floors(floored(0.75, [0.55, 0.55]), Some(floored(0.8, [0.55, 0.5]))),
    )
    .await
}

async fn accepted(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    let gate = floors(floored(0.6, [0.35, 0.4]), Some(floored(0.8, [0.5, 0.48])));
    let drained = floored(0.45, [0.19, 0.19]);
    let floors =
        |connections| Floors { drained: Some(drained.at(connections)), ..gate(connections) };
    let mut measured = duel(&bench, &ground, Ask::Accepted(Level::Gate), floors).await;
    let median = |name| measured.median(&at(64), name);
    if let (Some(accepted), Some(recorded)) = (median(OURS), median(RECORDED)) {
        bench.note_rates(Rates { accepted, recorded });
    }
    drop(ground);
    measured.add(raw_redis::figure(bench.pace, Fsync::EverySecond).await);
    measured.note("the drain runs beside every turn, and the next begins when all is recorded");
    measured
}

async fn synced(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::Always, Level::Gate).await;
    let floors = |connections: u32| {
        let asked = if connections < MANY { 0.45 } else { 0.5 };
        floors(floored(asked, [0.28, 0.4]), Some(floored(0.75, [0.48, 0.55])))(connections)
    };
    let mut measured = duel(&bench, &ground, Ask::Accepted(Level::Gate), floors).await;
    drop(ground);
    measured.add(raw_redis::figure(bench.pace, Fsync::Always).await);
    measured.note("appendfsync always");
    measured
}

async fn at_ledger(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Ledger).await;
    let asked = Ask::Accepted(Level::Ledger);
    let mut measured = duel(&bench, &ground, asked, floors(floored(0.35, [0.1, 0.15]), None)).await;
    measured.note("STAMPEDE_ACK=ledger");
    measured
}

async fn embedded(bench: Rc<Bench>) -> Measured {
    let ground = Ground::embedded().await;
    // Its answers are at level ledger, whatever is asked.
    duel(
        &bench,
        &ground,
        Ask::Accepted(Level::Ledger),
        floors(floored(0.5, [0.36, 0.42]), Some(floored(0.7, [0.33, 0.35]))),
    )
    .await
}
