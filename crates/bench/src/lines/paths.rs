//! P1 to P6: one path each, beside the bare handler under the same closed loop.

use std::rc::Rc;

use futures::FutureExt;
use stampede_testkit::servers::Fsync;

use crate::{
    ask::{Ask, Level},
    bench::Bench,
    duel::{Floors, OURS, RECORDED, Rates, at, duel},
    ground::Ground,
    line::{Line, Measured},
    raw_redis,
};

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

/// The same floors at every number of connections, nothing asked of the drain.
fn floors(throughput: f64, cpu: Option<f64>) -> impl Fn(u32) -> Floors {
    move |_| Floors { throughput, cpu, drained: None }
}

async fn status(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    duel(&bench, &ground, Ask::Status, floors(0.9, Some(0.9))).await
}

async fn sold_out(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    duel(&bench, &ground, Ask::SoldOut, floors(0.75, Some(0.8))).await
}

async fn accepted(bench: Rc<Bench>) -> Measured {
    let ground = Ground::redis(&bench, Fsync::EverySecond, Level::Gate).await;
    let floors = |_: u32| Floors { throughput: 0.6, cpu: Some(0.8), drained: Some(0.45) };
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
        let throughput = if connections < 256 { 0.45 } else { 0.5 };
        Floors { throughput, cpu: Some(0.75), drained: None }
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
    let mut measured = duel(&bench, &ground, asked, floors(0.35, None)).await;
    measured.note("STAMPEDE_ACK=ledger");
    measured
}

async fn embedded(bench: Rc<Bench>) -> Measured {
    let ground = Ground::embedded().await;
    // Its answers are at level ledger, whatever is asked.
    duel(&bench, &ground, Ask::Accepted(Level::Ledger), floors(0.5, Some(0.7))).await
}
