//! What waits for the ledger, and what does not.

use std::{cell::Cell, rc::Rc, sync::Arc};

use async_trait::async_trait;
use futures::future::join_all;
use stampede_application::{
    Coalescer, CoalescerLimits, Outcome, Ticket,
    live_sales::Freshness,
    ports::{Entry, EntryBody, EntryId, GateLane, Judged, PortError, Trail},
};
use stampede_domain::{
    Acknowledgement, Attempt, Decision, Instant, Position, Purchase, RecordedPurchase, Rejection,
    SaleId, Version,
};
use tokio::task::{LocalSet, yield_now};

use super::{
    samples::{HandClock, START, attempt, live_sales, snapshot},
    stores::{EPOCH, Stores},
};

/// A gate that sells while it has stock, to sales that ask for level `ledger`.
struct SellingLane {
    stock: Cell<u32>,
    level: Acknowledgement,
    batches: Cell<usize>,
}

fn purchase(attempt: &Attempt, remaining: u32) -> Purchase {
    Purchase {
        bits: attempt.bits,
        at: Instant::from_millis(START),
        qty: 1,
        key: attempt.key,
        remaining,
        position: Position(100 - u64::from(remaining)),
        ordinal: 1,
        held_after: 1,
        cancelled: false,
        unit_price: None,
    }
}

#[async_trait(?Send)]
impl GateLane for SellingLane {
    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        self.batches.set(self.batches.get() + 1);
        let mut accepted = Vec::new();
        let decisions = batch.iter().map(|attempt| {
            if self.stock.get() == 0 {
                return Some(Decision::Rejected(Rejection::SoldOut));
            }
            self.stock.set(self.stock.get() - 1);
            let purchase = purchase(attempt, self.stock.get());
            accepted.push(RecordedPurchase {
                sale: id.clone(),
                epoch: EPOCH,
                buyer: attempt.buyer.clone(),
                purchase,
                traceparent: None,
            });
            Some(Decision::Accepted(purchase))
        });
        let decisions = decisions.collect();
        let is_strict = self.level == Acknowledgement::Ledger && !accepted.is_empty();
        let entry = is_strict.then(|| Entry {
            id: Some(EntryId(format!("{}-0", self.batches.get()))),
            body: EntryBody::Purchases(accepted),
        });
        Ok(Judged::Decided {
            decisions,
            stock: self.stock.get(),
            version: Version(9),
            trail: Trail { epoch: EPOCH, acknowledge: self.level, entry },
        })
    }
}

struct Fixture {
    stores: Arc<Stores>,
    lane: Rc<SellingLane>,
    id: SaleId,
    other: SaleId,
    coalescer: Coalescer,
}

fn fixture(level: Acknowledgement, stock: u32, limits: CoalescerLimits) -> Fixture {
    let stores = Stores::letting_through(0);
    let lane = Rc::new(SellingLane { stock: Cell::new(stock), level, batches: Cell::new(0) });
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let coalescer = Coalescer::new(lane.clone(), live, stores.confirm(), limits);
    let [id, other] = ["A", "B"].map(|sku| snapshot(sku, 1, 1, 5).sale.id);
    Fixture { stores, lane, id, other, coalescer }
}

impl Fixture {
    /// Attempts by so many buyers, from `first` on.
    fn submit(&self, id: &SaleId, first: u16, buyers: u16) -> Vec<Ticket> {
        let submit = |number| {
            let make = || attempt(number);
            self.coalescer.submit(id, Acknowledgement::Ledger, make).expect("there is room")
        };
        (first..first + buyers).map(submit).collect()
    }
}

/// Lets every task on this thread run until it waits.
async fn settle() {
    for _ in 0..50 {
        yield_now().await;
    }
}

fn is_accepted(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Decided { decision: Decision::Accepted(_), acknowledged: Acknowledgement::Ledger }
    )
}

#[tokio::test]
async fn rejections_are_answered_before_the_ledger_has_what_was_accepted_beside_them() {
    LocalSet::new()
        .run_until(async {
            let at = fixture(Acknowledgement::Ledger, 1, CoalescerLimits::default());
            let mut tickets = at.submit(&at.id, 0, 3);
            for late in tickets.split_off(1) {
                let sold_out = Decision::Rejected(Rejection::SoldOut);
                let acknowledged = Acknowledgement::Ledger;
                assert_eq!(late.await, Outcome::Decided { decision: sold_out, acknowledged });
            }
            assert_eq!(at.stores.commits(), [1], "it has begun, and has not ended");
            at.stores.passes.add_permits(1);
            assert!(is_accepted(&tickets.remove(0).await));
            settle().await;
            assert_eq!(*at.stores.done.lock().expect("no panic"), [EntryId("1-0".into())]);
        })
        .await;
}

#[tokio::test]
async fn batches_go_on_to_the_gate_while_the_ledger_is_asked_and_wait_for_it_together() {
    LocalSet::new()
        .run_until(async {
            let limits = CoalescerLimits { batch_max: 2, ..CoalescerLimits::default() };
            let at = fixture(Acknowledgement::Ledger, 100, limits);
            let mut tickets = at.submit(&at.id, 0, 2);
            settle().await;
            tickets.extend(at.submit(&at.id, 2, 8));
            settle().await;
            assert_eq!(at.lane.batches.get(), 5);
            assert_eq!(at.stores.commits(), [2], "one commit at a time");
            at.stores.passes.add_permits(2);
            assert!(join_all(tickets).await.iter().all(is_accepted));
            assert_eq!(at.stores.commits(), [2, 8], "all that waited went together");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_does_not_answer_holds_nobody_longer_than_the_limit_and_its_commit_goes_on() {
    LocalSet::new()
        .run_until(async {
            let at = fixture(Acknowledgement::Ledger, 10, CoalescerLimits::default());
            let ticket = at.submit(&at.id, 0, 1).remove(0);
            // Time passes by itself once everybody waits.
            assert_eq!(ticket.await, Outcome::Undecided);
            assert_eq!(*at.stores.done.lock().expect("no panic"), []);
            at.stores.passes.add_permits(1);
            settle().await;
            assert_eq!(*at.stores.done.lock().expect("no panic"), [EntryId("1-0".into())]);
        })
        .await;
}

#[tokio::test]
async fn beyond_what_may_wait_for_the_ledger_a_strict_attempt_is_shed_and_a_plain_one_is_not() {
    LocalSet::new()
        .run_until(async {
            let limits = CoalescerLimits { unconfirmed_max: 2, ..CoalescerLimits::default() };
            let at = fixture(Acknowledgement::Ledger, 10, limits);
            let tickets = at.submit(&at.id, 0, 2);
            settle().await;
            let never = || unreachable!("made although shed");
            assert!(at.coalescer.submit(&at.id, Acknowledgement::Ledger, never).is_none());
            let plain = at.coalescer.submit(&at.other, Acknowledgement::Gate, || attempt(7));
            assert!(plain.is_some());
            at.stores.passes.add_permits(2);
            assert!(join_all(tickets).await.iter().all(is_accepted));
            settle().await;
            assert!(at.coalescer.submit(&at.id, Acknowledgement::Ledger, || attempt(8)).is_some());
        })
        .await;
}

#[tokio::test]
async fn drift_of_one_sale_keeps_no_other_from_being_confirmed() {
    LocalSet::new()
        .run_until(async {
            let at = fixture(Acknowledgement::Ledger, 10, CoalescerLimits::default());
            *at.stores.drifted.lock().expect("no panic") = Some(at.id.clone());
            // The first holds the way until both others wait.
            let first = at.submit(&at.other, 0, 1).remove(0);
            settle().await;
            let drifted = at.submit(&at.id, 1, 1).remove(0);
            let sound = at.submit(&at.other, 2, 1).remove(0);
            settle().await;
            at.stores.passes.add_permits(3);
            assert!(is_accepted(&first.await));
            assert_eq!(drifted.await, Outcome::Undecided);
            assert!(is_accepted(&sound.await));
            settle().await;
            assert_eq!(at.stores.commits(), [1, 2, 1]);
            assert_eq!(*at.stores.rebuilt.lock().expect("no panic"), std::slice::from_ref(&at.id));
        })
        .await;
}

#[tokio::test]
async fn what_a_gate_acknowledges_by_itself_waits_for_nothing() {
    LocalSet::new()
        .run_until(async {
            let at = fixture(Acknowledgement::Gate, 1, CoalescerLimits::default());
            let ticket = at.submit(&at.id, 0, 1).remove(0);
            let told = ticket.await;
            assert!(
                matches!(
                    told,
                    Outcome::Decided {
                        decision: Decision::Accepted(_),
                        acknowledged: Acknowledgement::Gate
                    }
                ),
                "{told:?}"
            );
            assert_eq!(at.stores.commits(), []);
        })
        .await;
}
