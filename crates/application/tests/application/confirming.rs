//! What waits for the ledger, and what does not.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use futures::future::join_all;
use stampede_application::{
    Coalescer, CoalescerLimits, Outcome, Shed, Ticket,
    live_sales::Freshness,
    ports::{Drift, Entry, EntryBody, EntryId, Findings, GateLane, Held, Judged, PortError, Trail},
    use_cases::{ConfirmLimits, ConfirmPurchases},
};
use stampede_domain::{
    Acknowledgement, Attempt, BuyerId, Decision, Epoch, Instant, Position, Purchase,
    RecordedPurchase, Rejection, SaleId, Version,
};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, LocalSet, yield_now},
};

use super::{
    samples::{HandClock, START, attempt, live_sales, snapshot},
    stores::{EPOCH, Stores},
};

/// A gate that sells one unit a buyer while it has stock, and tells of it again whoever has one.
struct SellingLane {
    sold: RefCell<HashMap<BuyerId, Purchase>>,
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
            if let Some(held) = self.sold.borrow().get(&attempt.buyer) {
                return Some(Decision::Replayed(*held));
            }
            if self.stock.get() == 0 {
                return Some(Decision::Rejected(Rejection::SoldOut));
            }
            self.stock.set(self.stock.get() - 1);
            let purchase = purchase(attempt, self.stock.get());
            self.sold.borrow_mut().insert(attempt.buyer.clone(), purchase);
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
    confirm: Arc<ConfirmPurchases>,
    coalescer: Coalescer,
}

fn fixture(level: Acknowledgement, stock: u32, limits: CoalescerLimits) -> Fixture {
    fixture_within(level, stock, limits, ConfirmLimits::default())
}

/// A strict sale of ten units.
fn confirming(limits: ConfirmLimits) -> Fixture {
    fixture_within(Acknowledgement::Ledger, 10, CoalescerLimits::default(), limits)
}

fn fixture_within(
    level: Acknowledgement,
    stock: u32,
    limits: CoalescerLimits,
    confirm: ConfirmLimits,
) -> Fixture {
    let stores = Stores::letting_through(0);
    let lane = Rc::new(SellingLane {
        sold: RefCell::default(),
        stock: Cell::new(stock),
        level,
        batches: Cell::new(0),
    });
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let confirm = stores.confirm_within(confirm);
    let coalescer = Coalescer::new(lane.clone(), live, confirm.clone(), limits);
    let [id, other] = ["A", "B"].map(|sku| snapshot(sku, 1, 1, 5).sale.id);
    Fixture { stores, lane, id, other, confirm, coalescer }
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

    /// A batch of which each attempt would be told again of one of these purchases.
    fn repeat(&self, numbers: &[u16]) -> JoinHandle<usize> {
        let named: Vec<_> = numbers.iter().map(|number| recorded(&self.id, *number)).collect();
        let (confirm, id) = (self.confirm.clone(), self.id.clone());
        tokio::task::spawn_local(async move {
            let confirmed = confirm.batch(&id, None, named.clone()).await;
            named.iter().filter(|one| confirmed.recorded.contains(&one.purchase.no())).count()
        })
    }

    /// A lookup by a buyer who holds one purchase.
    fn look_up(&self) -> JoinHandle<Result<Vec<Purchase>, PortError>> {
        let purchase = recorded(&self.id, 7).purchase;
        let (confirm, id) = (self.confirm.clone(), self.id.clone());
        tokio::task::spawn_local(async move {
            let acknowledge = Acknowledgement::Ledger;
            let held = Held { purchases: vec![purchase], epoch: EPOCH, acknowledge };
            confirm.lookup(&id, &attempt(7).buyer, held).await
        })
    }
}

fn recorded(id: &SaleId, number: u16) -> RecordedPurchase {
    let attempt = attempt(number);
    RecordedPurchase {
        sale: id.clone(),
        epoch: EPOCH,
        purchase: purchase(&attempt, u32::from(number)),
        buyer: attempt.buyer,
        traceparent: None,
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
            assert_eq!(at.stores.done(), [EntryId("1-0".into())]);
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
            assert_eq!(at.stores.done(), []);
            at.stores.passes.add_permits(1);
            settle().await;
            assert_eq!(at.stores.done(), [EntryId("1-0".into())]);
        })
        .await;
}

/// While the ledger is slow the repeats come on, and those who gave up are not its work any more.
#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_left_to_the_workers() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            let first = at.submit(&at.id, 0, 1).remove(0);
            settle().await;
            let second = at.submit(&at.id, 1, 1).remove(0);
            let repeat = at.repeat(&[7]);
            assert_eq!((first.await, second.await), (Outcome::Undecided, Outcome::Undecided));
            assert_eq!(repeat.await.expect("no panic"), 0);
            let third = at.submit(&at.id, 2, 1).remove(0);
            settle().await;
            at.stores.passes.add_permits(2);
            assert!(is_accepted(&third.await));
            settle().await;
            assert_eq!(at.stores.commits(), [1, 1]);
            assert_eq!(at.stores.questions(), []);
            assert_eq!(at.stores.done(), ["1-0", "3-0"].map(|id| EntryId(id.into())));
        })
        .await;
}

#[tokio::test]
async fn repeats_that_wait_together_are_one_question_about_each_purchase_once() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            let first = at.submit(&at.id, 0, 1).remove(0);
            settle().await;
            let repeats: Vec<_> = (0..20).map(|_| at.repeat(&[7, 8, 7])).collect();
            settle().await;
            at.stores.passes.add_permits(2);
            assert!(is_accepted(&first.await));
            for repeat in repeats {
                assert_eq!(repeat.await.expect("no panic"), 3);
            }
            assert_eq!(at.stores.questions(), [2]);
            assert_eq!(at.stores.commits(), [1, 2], "what the ledger had not, in one commit");
            assert_eq!(at.repeat(&[8]).await.expect("no panic"), 1);
            assert_eq!(at.stores.commits(), [1, 2], "it has it now");
        })
        .await;
}

#[tokio::test]
async fn beyond_what_may_wait_a_strict_attempt_is_shed_before_the_gate_is_asked_and_a_lookup_too() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits { waiting_max: 4, ..ConfirmLimits::default() });
            let mut tickets = at.submit(&at.id, 0, 1);
            settle().await;
            tickets.extend(at.submit(&at.id, 1, 2));
            settle().await;
            let never = || unreachable!("made although shed");
            let shed = at.coalescer.submit(&at.id, Acknowledgement::Ledger, never);
            assert_eq!(shed.err(), Some(Shed::Unconfirmed));
            let plain = at.coalescer.submit(&at.id, Acknowledgement::Gate, || attempt(7));
            assert!(plain.is_ok(), "it waits for nothing, as far as is known");
            at.submit(&at.other, 8, 1);
            let looked_up = at.look_up();
            settle().await;
            at.stores.passes.add_permits(4);
            assert!(join_all(tickets).await.iter().all(is_accepted));
            let looked_up = looked_up.await.expect("no panic");
            assert!(matches!(looked_up, Err(PortError::Unavailable { .. })), "{looked_up:?}");
            settle().await;
            assert!(at.coalescer.submit(&at.id, Acknowledgement::Ledger, || attempt(9)).is_ok());
        })
        .await;
}

#[tokio::test]
async fn a_sale_whose_purchases_wait_leaves_room_to_others_and_all_of_them_share_one_bound() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits { waiting_max: 4, ..ConfirmLimits::default() });
            let mut tickets = Vec::new();
            for (id, first) in [(&at.id, 0), (&at.other, 10)] {
                tickets.extend(at.submit(id, first, 1));
                settle().await;
            }
            tickets.extend(at.submit(&at.id, 1, 2));
            tickets.extend(at.submit(&at.other, 11, 1));
            settle().await;
            let never = || unreachable!("made although shed");
            for id in [&at.id, &at.other] {
                let shed = at.coalescer.submit(id, Acknowledgement::Ledger, never);
                assert!(shed.is_err(), "three wait, and one place is left to a third sale");
            }
            at.stores.passes.add_permits(4);
            assert!(join_all(tickets).await.iter().all(is_accepted));
        })
        .await;
}

/// Whoever has a unit waits for its commit, however many do: to shed them then would be too late.
#[tokio::test]
async fn what_was_accepted_is_confirmed_even_if_more_was_than_may_wait() {
    LocalSet::new()
        .run_until(async {
            let limits = CoalescerLimits { batch_max: 2, ..CoalescerLimits::default() };
            let confirm = ConfirmLimits { waiting_max: 1, ..ConfirmLimits::default() };
            let at = fixture_within(Acknowledgement::Ledger, 10, limits, confirm);
            let tickets = at.submit(&at.id, 0, 8);
            settle().await;
            assert_eq!(at.lane.batches.get(), 4);
            at.stores.passes.add_permits(2);
            assert!(join_all(tickets).await.iter().all(is_accepted));
        })
        .await;
}

#[tokio::test]
async fn copies_of_one_attempt_wait_as_one_purchase() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits { waiting_max: 4, ..ConfirmLimits::default() });
            let mut tickets = at.submit(&at.id, 0, 1);
            settle().await;
            for _ in 0..5 {
                tickets.extend(at.submit(&at.id, 0, 1));
            }
            settle().await;
            assert_eq!(at.lane.batches.get(), 2, "the copies are one batch");
            assert!(at.coalescer.submit(&at.id, Acknowledgement::Ledger, || attempt(1)).is_ok());
            at.stores.passes.add_permits(2);
            let told = join_all(tickets).await;
            let is_replayed = |outcome: &Outcome| {
                matches!(outcome, Outcome::Decided { decision: Decision::Replayed(_), .. })
            };
            assert!(is_accepted(&told[0]) && told[1..].iter().all(is_replayed), "{told:?}");
        })
        .await;
}

/// As behind a row that a frozen node holds.
#[tokio::test]
async fn a_commit_that_hangs_keeps_no_other_sale_from_being_confirmed() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            *at.stores.stuck.lock().expect("no panic") = Some(at.id.clone());
            at.stores.passes.add_permits(2);
            let mut stuck = at.submit(&at.id, 0, 1);
            settle().await;
            stuck.extend(at.submit(&at.id, 1, 1));
            for buyer in [2, 3] {
                assert!(is_accepted(&at.submit(&at.other, buyer, 1).remove(0).await));
            }
            assert_eq!(at.stores.commits(), [1, 1, 1], "one of the first sale, and it hangs");
        })
        .await;
}

#[tokio::test]
async fn no_more_commits_run_at_a_time_than_may() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits { at_once_max: 1, ..ConfirmLimits::default() });
            let mut tickets = at.submit(&at.id, 0, 2);
            tickets.extend(at.submit(&at.other, 2, 3));
            settle().await;
            assert_eq!(at.stores.commits().len(), 1);
            at.stores.passes.add_permits(2);
            assert!(join_all(tickets).await.iter().all(is_accepted));
            assert_eq!(at.stores.commits().len(), 2);
        })
        .await;
}

#[tokio::test]
async fn after_a_panic_the_sale_is_confirmed_again() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            at.stores.passes.add_permits(1);
            at.stores.panics.store(true, Ordering::Relaxed);
            assert_eq!(at.submit(&at.id, 0, 1).remove(0).await, Outcome::Undecided);
            assert!(is_accepted(&at.submit(&at.id, 1, 1).remove(0).await));
        })
        .await;
}

#[tokio::test]
async fn drift_of_one_sale_makes_it_anew_and_keeps_no_other_from_being_confirmed() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            *at.stores.drifted.lock().expect("no panic") = Some(at.id.clone());
            let drifted = at.submit(&at.id, 1, 1).remove(0);
            let sound = at.submit(&at.other, 2, 1).remove(0);
            settle().await;
            at.stores.passes.add_permits(2);
            assert_eq!(drifted.await, Outcome::Undecided);
            assert!(is_accepted(&sound.await));
            settle().await;
            assert_eq!(*at.stores.rebuilt.lock().expect("no panic"), std::slice::from_ref(&at.id));
            let mut met = Findings::default();
            met.repaired(Drift::SoldTwice, 1);
            assert_eq!(at.stores.findings(), met, "it is put on record");
            assert_eq!(at.stores.done(), [EntryId("2-0".into())]);
        })
        .await;
}

#[tokio::test]
async fn a_sale_is_made_anew_again_while_the_last_time_is_not_on_record_yet() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            *at.stores.drifted.lock().expect("no panic") = Some(at.id.clone());
            at.stores.records.forget_permits(Semaphore::MAX_PERMITS);
            for (number, rebuilds) in [(0, 1), (1, 2)] {
                at.stores.passes.add_permits(1);
                assert_eq!(at.submit(&at.id, number, 1).remove(0).await, Outcome::Undecided);
                settle().await;
                assert_eq!(at.stores.rebuilt.lock().expect("no panic").len(), rebuilds);
            }
        })
        .await;
}

/// What was lost is told by the gate, as such.
#[tokio::test]
async fn drift_after_which_a_purchase_has_no_place_is_not_called_repaired() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            *at.stores.drifted.lock().expect("no panic") = Some(at.id.clone());
            at.stores.raised.store(1, Ordering::Relaxed);
            at.stores.passes.add_permits(1);
            assert_eq!(at.submit(&at.id, 1, 1).remove(0).await, Outcome::Undecided);
            settle().await;
            assert_eq!(*at.stores.rebuilt.lock().expect("no panic"), std::slice::from_ref(&at.id));
            assert_eq!(at.stores.findings(), Findings::default());
        })
        .await;
}

/// Lookups have places of their own, so that a crowd of them takes none from the commits.
#[tokio::test(start_paused = true)]
async fn lookups_ask_the_ledger_a_few_at_a_time_and_beyond_that_are_not_answered_in_the_end() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits { at_once_max: 2, ..ConfirmLimits::default() });
            at.stores.hold_answers();
            let lookups: Vec<_> = (0..20).map(|_| at.look_up()).collect();
            settle().await;
            assert_eq!(at.stores.questions(), [1, 1]);
            at.stores.passes.add_permits(1);
            assert!(is_accepted(&at.submit(&at.id, 0, 1).remove(0).await));
            // Time passes by itself once everybody waits.
            for lookup in lookups {
                let told = lookup.await.expect("no panic");
                assert!(matches!(told, Err(PortError::Unavailable { .. })), "{told:?}");
            }
            // The ledger has it not yet: it is asked once more by the commit.
            at.stores.answers.add_permits(2);
            at.stores.passes.add_permits(1);
            let held = vec![recorded(&at.id, 7).purchase];
            assert_eq!(at.look_up().await.expect("no panic").expect("an answer"), held);
        })
        .await;
}

#[tokio::test]
async fn a_gate_in_another_life_is_brought_into_the_ledgers_by_one_task_however_many_find_it() {
    LocalSet::new()
        .run_until(async {
            let at = confirming(ConfirmLimits::default());
            *at.stores.epoch.lock().expect("no panic") = Epoch { number: 2, nonce: 8 };
            for _ in 0..5 {
                let told = at.look_up().await.expect("no panic");
                assert!(matches!(told, Err(PortError::Unavailable { .. })), "{told:?}");
            }
            settle().await;
            assert_eq!(*at.stores.aligning.lock().expect("no panic"), std::slice::from_ref(&at.id));
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
