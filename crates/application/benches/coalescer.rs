//! What it costs to bring attempts to the gate and their answers back, the gate left out.
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/application/samples.rs"]
mod samples;
#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/application/stores.rs"]
mod stores;

use std::{cell::Cell, rc::Rc};

use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use stampede_application::{
    Coalescer, CoalescerLimits,
    live_sales::Freshness,
    ports::{GateLane, Judged, PortError, Trail},
};
use stampede_domain::{
    Acknowledgement, Attempt, Decision, Instant, Position, Purchase, Rejection, SaleId, Version,
};
use tokio::{runtime::Builder, task::LocalSet};

use self::{
    samples::{HandClock, START, attempt, live_sales, snapshot},
    stores::{EPOCH, Stores},
};

const STOCK: u32 = 5;

/// Answers at once: sells to all without end, or to nobody.
struct QuickLane {
    sells: bool,
    /// Raised by each batch that sells, so that the node has a new stock to show.
    version: Cell<u64>,
}

impl QuickLane {
    fn decision(&self, attempt: &Attempt) -> Decision {
        if !self.sells {
            return Decision::Rejected(Rejection::SoldOut);
        }
        Decision::Accepted(Purchase {
            bits: attempt.bits,
            at: Instant::from_millis(START),
            qty: attempt.qty,
            key: attempt.key,
            remaining: STOCK,
            position: Position(1),
            ordinal: 1,
            held_after: attempt.qty,
            cancelled: false,
            unit_price: None,
        })
    }
}

#[async_trait(?Send)]
impl GateLane for QuickLane {
    async fn decide(&self, _id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        self.version.set(self.version.get() + u64::from(self.sells));
        Ok(Judged::Decided {
            decisions: batch.iter().map(|attempt| Some(self.decision(attempt))).collect(),
            stock: STOCK,
            version: Version(self.version.get()),
            trail: Trail { epoch: EPOCH, acknowledge: Acknowledgement::Gate, entry: None },
        })
    }
}

fn bursts(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = LocalSet::new();
    let known = snapshot("A", 1, 1, STOCK);
    let id = known.sale.id.clone();
    let mut group = criterion.benchmark_group("coalescer");
    for (sells, decided) in [(true, "accepted"), (false, "rejected")] {
        let coalescer = local.block_on(&runtime, async {
            let live = live_sales(&HandClock::at(START), Freshness::Always);
            live.apply(&known);
            let confirm = Stores::letting_through(0).confirm();
            let lane = QuickLane { sells, version: Cell::new(1) };
            Coalescer::new(Rc::new(lane), live, confirm, CoalescerLimits::default())
        });
        for burst in [1_u16, 16, 128] {
            let attempts: Vec<Attempt> = (0..burst).map(attempt).collect();
            group.throughput(Throughput::Elements(burst.into()));
            group.bench_function(format!("{burst} {decided} at once"), |bencher| {
                bencher.iter(|| {
                    local.block_on(&runtime, async {
                        let submit = |attempt: &Attempt| {
                            let make = || attempt.clone();
                            let ticket = coalescer.submit(&id, Acknowledgement::Gate, make);
                            ticket.expect("there is room")
                        };
                        join_all(attempts.iter().map(submit)).await
                    })
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bursts);
criterion_main!(benches);
