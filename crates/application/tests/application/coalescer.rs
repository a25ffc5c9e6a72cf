//! Attempts that wait together go together.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use async_trait::async_trait;
use futures::future::join_all;
use stampede_application::{
    Coalescer, CoalescerLimits, Outcome, Shed,
    live_sales::{Freshness, LiveSales},
    ports::{GateLane, Judged, PortError, Trail},
};
use stampede_domain::{Acknowledgement, Attempt, Decision, Rejection, SaleId, Version};
use tokio::{
    sync::Semaphore,
    task::{LocalSet, yield_now},
};

use super::{
    samples::{HandClock, START, attempt, live_sales, sku, snapshot},
    stores::{EPOCH, Stores},
};

/// A lane whose batches wait until they are let through.
struct HeldLane {
    batches: RefCell<Vec<usize>>,
    passes: Semaphore,
    answer: Answer,
}

#[derive(Clone, Copy)]
enum Answer {
    SoldOut,
    Fail,
    Panic,
}

impl HeldLane {
    fn new(answer: Answer) -> Rc<Self> {
        Rc::new(Self { batches: RefCell::default(), passes: Semaphore::new(0), answer })
    }
}

#[async_trait(?Send)]
impl GateLane for HeldLane {
    async fn decide(&self, _id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        self.batches.borrow_mut().push(batch.len());
        self.passes.acquire().await.expect("never closed").forget();
        match self.answer {
            Answer::SoldOut => Ok(Judged::Decided {
                decisions: vec![Some(Decision::Rejected(Rejection::SoldOut)); batch.len()],
                stock: 0,
                version: Version(9),
                trail: Trail { epoch: EPOCH, acknowledge: Acknowledgement::Gate, entry: None },
            }),
            Answer::Fail => Err(PortError::unavailable("gate", "away")),
            Answer::Panic => unreachable!("the lane panics, as the test asks"),
        }
    }
}

const SOLD_OUT: Outcome = Outcome::Decided {
    decision: Decision::Rejected(Rejection::SoldOut),
    acknowledged: Acknowledgement::Gate,
};

struct Fixture {
    lane: Rc<HeldLane>,
    live: Arc<LiveSales>,
    id: SaleId,
    coalescer: Coalescer,
}

fn fixture(answer: Answer, limits: CoalescerLimits) -> Fixture {
    let lane = HeldLane::new(answer);
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let known = snapshot("A", 1, 1, 5);
    live.apply(&known);
    let coalescer =
        Coalescer::new(lane.clone(), live.clone(), Stores::letting_through(0).confirm(), limits);
    Fixture { lane, live, id: known.sale.id, coalescer }
}

/// Lets every task on this thread run until it waits.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test]
async fn one_waiting_attempt_goes_at_once_and_alone() {
    let Fixture { lane, id, coalescer, .. } = fixture(Answer::SoldOut, CoalescerLimits::default());
    LocalSet::new()
        .run_until(async {
            lane.passes.add_permits(1);
            let ticket =
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(1)).expect("there is room");
            assert_eq!(ticket.await, SOLD_OUT);
            assert_eq!(*lane.batches.borrow(), [1]);
        })
        .await;
}

#[tokio::test]
async fn attempts_that_wait_while_two_batches_are_away_go_together_up_to_the_limit() {
    let limits = CoalescerLimits { batch_max: 4, in_flight_max: 2, ..CoalescerLimits::default() };
    let Fixture { lane, id, coalescer, .. } = fixture(Answer::SoldOut, limits);
    LocalSet::new()
        .run_until(async {
            let mut tickets = Vec::new();
            for number in 0..2 {
                tickets.push(
                    coalescer
                        .submit(&id, Acknowledgement::Gate, || attempt(number))
                        .expect("there is room"),
                );
                settle().await;
            }
            for number in 2..11 {
                tickets.push(
                    coalescer
                        .submit(&id, Acknowledgement::Gate, || attempt(number))
                        .expect("there is room"),
                );
            }
            settle().await;
            assert_eq!(*lane.batches.borrow(), [1, 1]);
            assert_eq!(coalescer.waiting(), 11);
            lane.passes.add_permits(10);
            assert_eq!(join_all(tickets).await, vec![SOLD_OUT; 11]);
            assert_eq!(*lane.batches.borrow(), [1, 1, 4, 4, 1]);
            assert_eq!(coalescer.waiting(), 0);
        })
        .await;
}

#[tokio::test]
async fn a_full_queue_sheds_before_anything_is_made() {
    // One sale may have half of it.
    let limits = CoalescerLimits { waiting_max: 4, ..CoalescerLimits::default() };
    let Fixture { lane, id, coalescer, .. } = fixture(Answer::SoldOut, limits);
    LocalSet::new()
        .run_until(async {
            let first =
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(1)).expect("there is room");
            let second =
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(2)).expect("there is room");
            let never = || unreachable!("made although shed");
            let third = coalescer.submit(&id, Acknowledgement::Gate, never);
            assert_eq!(third.err(), Some(Shed::Full));
            lane.passes.add_permits(2);
            assert_eq!((first.await, second.await), (SOLD_OUT, SOLD_OUT));
            assert!(
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(3)).is_ok(),
                "there is room again"
            );
        })
        .await;
}

#[tokio::test]
async fn a_dropped_request_harms_nobody_in_its_batch() {
    let Fixture { lane, id, coalescer, .. } = fixture(Answer::SoldOut, CoalescerLimits::default());
    LocalSet::new()
        .run_until(async {
            let opened =
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(1)).expect("there is room");
            let joined =
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(2)).expect("there is room");
            drop(opened);
            lane.passes.add_permits(1);
            assert_eq!(joined.await, SOLD_OUT);
            assert_eq!(*lane.batches.borrow(), [2]);
        })
        .await;
}

#[tokio::test]
async fn a_gate_that_fails_or_panics_leaves_nobody_waiting_and_the_next_attempt_is_heard() {
    for answer in [Answer::Fail, Answer::Panic] {
        let Fixture { lane, id, coalescer, .. } = fixture(answer, CoalescerLimits::default());
        LocalSet::new()
            .run_until(async {
                lane.passes.add_permits(2);
                for number in 0..2 {
                    let ticket = coalescer
                        .submit(&id, Acknowledgement::Gate, || attempt(number))
                        .expect("there is room");
                    assert_eq!(ticket.await, Outcome::Undecided);
                }
                assert_eq!(*lane.batches.borrow(), [1, 1]);
            })
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_behind_a_panic_is_refused_and_not_forgotten() {
    let limits = CoalescerLimits { batch_max: 1, in_flight_max: 1, ..CoalescerLimits::default() };
    let Fixture { lane, id, coalescer, .. } = fixture(Answer::Panic, limits);
    LocalSet::new()
        .run_until(async {
            lane.passes.add_permits(1);
            let submit = |number| coalescer.submit(&id, Acknowledgement::Gate, || attempt(number));
            let [first, second] = [0, 1].map(|number| submit(number).expect("there is room"));
            assert_eq!(first.await, Outcome::Undecided);
            assert_eq!(second.await, Outcome::Shed(Shed::Silent));
            assert_eq!(*lane.batches.borrow(), [1]);
        })
        .await;
}

#[tokio::test]
async fn what_a_batch_left_is_shown_before_its_buyers_are_answered() {
    let Fixture { lane, live, id, coalescer } =
        fixture(Answer::SoldOut, CoalescerLimits::default());
    LocalSet::new()
        .run_until(async {
            lane.passes.add_permits(1);
            let ticket =
                coalescer.submit(&id, Acknowledgement::Gate, || attempt(1)).expect("there is room");
            assert_eq!(ticket.await, SOLD_OUT);
            let shown = live.last_known(&sku("A")).expect("known");
            assert_eq!((shown.stock, shown.version), (0, Version(9)));
        })
        .await;
}
