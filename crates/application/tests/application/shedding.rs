//! A burst waits, a standing queue is refused, and no sale starves another.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;
use proptest::prelude::*;
use stampede_application::{
    Coalescer, CoalescerLimits, Outcome, Shed,
    live_sales::Freshness,
    ports::{GateLane, Judged, PortError, Trail},
};
use stampede_domain::{Acknowledgement, Attempt, Decision, Rejection, SaleId, Version};
use tokio::{
    runtime,
    task::LocalSet,
    time::{Instant, interval, sleep, sleep_until},
};

use super::{
    samples::{HandClock, START, attempt, live_sales, snapshot},
    stores::{EPOCH, Stores},
};

const SOLD_OUT: Outcome = Outcome::Decided {
    decision: Decision::Rejected(Rejection::SoldOut),
    acknowledged: Acknowledgement::Gate,
};

/// A lane that takes a while for each attempt, one after the other, and a while for each batch.
struct PacedLane {
    attempt_takes: Cell<Duration>,
    batch_takes: Duration,
    /// When all that was sent so far is through.
    free_at: Cell<Instant>,
    /// Attempts that were sent.
    sent: Cell<usize>,
    in_flight: RefCell<HashMap<SaleId, usize>>,
    /// The most batches of one sale that were in flight at once.
    in_flight_max: Cell<usize>,
}

impl PacedLane {
    /// Nothing goes on for so long.
    fn stall(&self, lasts: Duration) {
        self.free_at.set(self.free_at.get().max(Instant::now()) + lasts);
    }
}

#[async_trait(?Send)]
impl GateLane for PacedLane {
    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        let attempts = u32::try_from(batch.len()).expect("a batch is small");
        self.sent.set(self.sent.get() + batch.len());
        let away = {
            let mut in_flight = self.in_flight.borrow_mut();
            let away = in_flight.entry(id.clone()).or_default();
            *away += 1;
            *away
        };
        self.in_flight_max.set(self.in_flight_max.get().max(away));
        let free_at = self.free_at.get().max(Instant::now()) + self.attempt_takes.get() * attempts;
        self.free_at.set(free_at);
        sleep_until(free_at + self.batch_takes).await;
        *self.in_flight.borrow_mut().get_mut(id).expect("it was away") -= 1;
        Ok(Judged::Decided {
            decisions: vec![Some(Decision::Rejected(Rejection::SoldOut)); batch.len()],
            stock: 0,
            version: Version(9),
            trail: Trail { epoch: EPOCH, acknowledge: Acknowledgement::Gate, entry: None },
        })
    }
}

/// Sales of a shop, and one beside them.
const SALES: usize = 101;

/// What became of one attempt.
struct Told {
    sale: usize,
    came: Instant,
    took: Duration,
    outcome: Outcome,
}

/// A coalescer with its lane and all that it was asked.
struct Shop {
    lane: Rc<PacedLane>,
    ids: Vec<SaleId>,
    limits: CoalescerLimits,
    coalescer: Coalescer,
    submitted: Cell<usize>,
    told: Rc<RefCell<Vec<Told>>>,
}

impl Shop {
    fn of(attempt_takes: Duration, batch_takes: Duration, limits: CoalescerLimits) -> Self {
        let lane = Rc::new(PacedLane {
            attempt_takes: Cell::new(attempt_takes),
            batch_takes,
            free_at: Cell::new(Instant::now()),
            sent: Cell::new(0),
            in_flight: RefCell::default(),
            in_flight_max: Cell::new(0),
        });
        let live = live_sales(&HandClock::at(START), Freshness::Always);
        let confirm = Stores::letting_through(0).confirm();
        let coalescer = Coalescer::new(lane.clone(), live, confirm, limits);
        let ids = (0..SALES).map(|sale| snapshot(&format!("S-{sale}"), 1, 1, 5).sale.id);
        let ids = ids.collect();
        Self { lane, ids, limits, coalescer, submitted: Cell::new(0), told: Rc::default() }
    }

    /// With default limits, over a lane that decides so many attempts a millisecond.
    fn deciding(attempts_per_ms: u32) -> Self {
        let attempt_takes = Duration::from_millis(1) / attempts_per_ms;
        Self::of(attempt_takes, Duration::ZERO, CoalescerLimits::default())
    }

    /// So many attempts come at once; how many of them are not refused at once.
    fn come(&self, sale: usize, attempts: usize) -> usize {
        let mut admitted = 0;
        for _ in 0..attempts {
            self.submitted.set(self.submitted.get() + 1);
            let (came, told) = (Instant::now(), self.told.clone());
            let id = &self.ids[sale];
            let ticket = self.coalescer.submit(id, Acknowledgement::Gate, || attempt(1));
            let ticket = match ticket {
                Ok(ticket) => ticket,
                Err(why) => {
                    let outcome = Outcome::Shed(why);
                    told.borrow_mut().push(Told { sale, came, took: Duration::ZERO, outcome });
                    continue;
                }
            };
            admitted += 1;
            tokio::task::spawn_local(async move {
                let outcome = ticket.await;
                told.borrow_mut().push(Told { sale, came, took: came.elapsed(), outcome });
            });
            assert!(self.coalescer.waiting() <= self.limits.waiting_max);
        }
        admitted
    }

    /// So many come each millisecond of `lasts`.
    async fn flow(&self, sale: usize, attempts_per_ms: usize, lasts: Duration) {
        let mut ticks = interval(Duration::from_millis(1));
        for _ in 0..lasts.as_millis() {
            ticks.tick().await;
            self.come(sale, attempts_per_ms);
        }
    }

    /// Waits until everybody was told.
    async fn settle(&self) {
        while self.told.borrow().len() < self.submitted.get() {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(self.coalescer.waiting(), 0);
        assert_eq!(self.count(|one| one.outcome == SOLD_OUT), self.lane.sent.get());
        assert_eq!(self.refused() + self.lane.sent.get(), self.submitted.get());
    }

    fn count(&self, is_meant: impl Fn(&Told) -> bool) -> usize {
        self.told.borrow().iter().filter(|one| is_meant(one)).count()
    }

    fn refused(&self) -> usize {
        self.count(|one| matches!(one.outcome, Outcome::Shed(_)))
    }

    fn refused_from(&self, from: Instant) -> usize {
        self.count(|one| matches!(one.outcome, Outcome::Shed(_)) && one.came >= from)
    }

    /// So many were refused for that.
    fn refused_as(&self, why: Shed) -> usize {
        self.count(|one| one.outcome == Outcome::Shed(why))
    }

    /// The longest that a decision took whose attempt came from then on.
    fn longest_from(&self, sale: usize, from: Instant) -> Duration {
        let told = self.told.borrow();
        let decided = told.iter().filter(|one| one.outcome == SOLD_OUT);
        let meant = decided.filter(|one| one.sale == sale && one.came >= from);
        meant.map(|one| one.took).max().unwrap_or_default()
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_is_worked_off_within_an_interval_loses_nobody() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(40);
            shop.come(0, 3_000);
            shop.settle().await;
            assert_eq!(shop.refused(), 0);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_stall_shorter_than_an_interval_loses_nobody() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(20);
            for _ in 0..5 {
                shop.flow(0, 8, ms(200)).await;
                shop.lane.stall(ms(90));
            }
            shop.settle().await;
            assert_eq!(shop.refused(), 0);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn under_ten_times_the_pace_the_lane_keeps_it_and_whoever_is_admitted_is_answered_in_time() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            let began = Instant::now();
            shop.flow(0, 20, ms(5_000)).await;
            shop.settle().await;
            assert!(shop.lane.sent.get() >= 9_000, "of 10,000: {}", shop.lane.sent.get());
            let longest = shop.longest_from(0, began + ms(500));
            assert!(longest <= 2 * shop.limits.wait_target, "{longest:?}");
            // Late are those of the beginning, less than a hundredth of what a minute decides.
            let late = shop.count(|one| one.outcome == SOLD_OUT && one.took > ms(40));
            assert!(late < 1_200, "{late}");
            assert!(shop.refused_as(Shed::Late) > 80_000);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_interval_after_a_flood_nobody_is_refused() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            shop.flow(0, 20, ms(2_000)).await;
            let after = Instant::now() + shop.limits.wait_interval;
            shop.flow(0, 1, ms(1_000)).await;
            shop.come(0, 300);
            shop.settle().await;
            assert_eq!(shop.refused_from(after), 0);
            assert!(shop.refused() > 0);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn once_the_store_is_fast_again_the_flood_is_taken_whole() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            shop.flow(0, 20, ms(1_000)).await;
            shop.lane.attempt_takes.set(ms(1) / 40);
            let after = Instant::now() + ms(300);
            shop.flow(0, 20, ms(1_000)).await;
            shop.settle().await;
            assert_eq!(shop.refused_from(after), 0);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_becomes_slower_in_a_flood_is_asked_for_less() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(8);
            shop.flow(0, 20, ms(1_000)).await;
            shop.lane.attempt_takes.set(ms(1));
            let after = Instant::now() + ms(4_000);
            shop.flow(0, 20, ms(6_000)).await;
            shop.settle().await;
            let longest = shop.longest_from(0, after);
            assert!(longest <= 2 * shop.limits.wait_target, "{longest:?}");
        })
        .await;
}

/// Whatever is refused there, nobody is answered sooner for it.
#[tokio::test(start_paused = true)]
async fn a_store_that_takes_long_for_a_batch_and_is_not_full_refuses_nobody() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::of(Duration::ZERO, ms(150), CoalescerLimits::default());
            shop.flow(0, 1, ms(3_000)).await;
            shop.settle().await;
            assert_eq!(shop.refused(), 0);
        })
        .await;
}

/// There less room means less pace, which must not mean less room again.
#[tokio::test(start_paused = true)]
async fn a_full_store_that_takes_long_for_a_batch_is_not_shed_to_a_standstill() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::of(Duration::ZERO, ms(50), CoalescerLimits::default());
            let began = Instant::now();
            shop.flow(0, 40, ms(4_000)).await;
            shop.settle().await;
            let longest = shop.longest_from(0, began + ms(1_000));
            assert!(longest <= 10 * shop.limits.wait_target, "{longest:?}");
            let capacity = shop.limits.in_flight_max * shop.limits.batch_max * 4_000 / 50;
            let sent = shop.lane.sent.get();
            assert!(2 * sent >= capacity, "{sent} of {capacity}");
        })
        .await;
}

#[tokio::test]
async fn the_more_sales_wait_the_less_is_the_room_of_each_and_none_takes_it_all() {
    LocalSet::new()
        .run_until(async {
            let limits = CoalescerLimits { waiting_max: 9, ..CoalescerLimits::default() };
            let shop = Shop::of(Duration::ZERO, Duration::ZERO, limits);
            let admitted = [0, 1, 2].map(|sale| shop.come(sale, 100));
            assert_eq!(admitted, [5, 2, 1]);
            shop.settle().await;
            assert_eq!(shop.refused_as(Shed::Full), 292);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_hot_sale_refuses_nobody_of_another_and_does_not_hold_them_up() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            let began = Instant::now();
            let quiet = async {
                let mut ticks = interval(ms(10));
                for _ in 0..200 {
                    ticks.tick().await;
                    shop.come(1, 1);
                }
            };
            futures::future::join(shop.flow(0, 20, ms(2_000)), quiet).await;
            shop.settle().await;
            assert_eq!(shop.count(|one| one.sale == 1 && one.outcome == SOLD_OUT), 200);
            let longest = shop.longest_from(1, began + ms(500));
            assert!(longest <= 2 * shop.limits.wait_target, "{longest:?}");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn hot_sales_share_the_lane_and_none_of_them_makes_another_late() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            let began = Instant::now();
            let hot = [0, 1, 2].map(|sale| shop.flow(sale, 7, ms(10_000)));
            futures::future::join_all(hot).await;
            shop.settle().await;
            assert!(shop.lane.sent.get() >= 18_000, "of 20,000: {}", shop.lane.sent.get());
            for sale in 0..3 {
                let longest = shop.longest_from(sale, began + ms(1_500));
                assert!(longest <= 2 * shop.limits.wait_target, "{sale}: {longest:?}");
                let decided = shop.count(|one| one.sale == sale && one.outcome == SOLD_OUT);
                assert!(decided >= shop.lane.sent.get() / 6, "{sale}: {decided}");
            }
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_stands_and_is_short_refuses_nobody() {
    LocalSet::new()
        .run_until(async {
            let limits = CoalescerLimits { batch_max: 4, ..CoalescerLimits::default() };
            let shop = Shop::of(ms(1) / 2, Duration::ZERO, limits);
            shop.come(0, 36);
            // As many come as are decided.
            shop.flow(0, 2, ms(1_000)).await;
            shop.settle().await;
            assert_eq!(shop.refused(), 0);
        })
        .await;
}

/// As where many sales are hot: its batches are never full, and none leaves others behind.
#[tokio::test(start_paused = true)]
async fn a_sale_whose_room_is_less_than_a_batch_sheds_too() {
    LocalSet::new()
        .run_until(async {
            let limits = CoalescerLimits { waiting_max: 400, ..CoalescerLimits::default() };
            let shop = Shop::of(ms(1) / 2, Duration::ZERO, limits);
            let after = Instant::now() + ms(1_000);
            shop.flow(0, 20, ms(3_000)).await;
            shop.settle().await;
            let longest = shop.longest_from(0, after);
            assert!(longest <= 2 * shop.limits.wait_target, "{longest:?}");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stalls_in_a_flood_keeps_its_pace_and_makes_few_late() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            for _ in 0..10 {
                shop.flow(0, 20, ms(1_000)).await;
                shop.lane.stall(ms(60));
            }
            shop.settle().await;
            // 20,000 less what the stalls cost.
            assert!(shop.lane.sent.get() >= 18_000, "{}", shop.lane.sent.get());
            let late = shop.count(|one| one.outcome == SOLD_OUT && one.took > ms(80));
            assert!(late < 1_200, "{late}");
        })
        .await;
}

/// As a store that is frozen: nothing comes back, by which a queue could be judged.
#[tokio::test(start_paused = true)]
async fn a_gate_that_answers_nothing_keeps_nobody_waiting_and_decides_nothing_late() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(40);
            shop.flow(0, 4, ms(100)).await;
            let began = Instant::now();
            shop.lane.stall(ms(3_000));
            shop.flow(0, 4, ms(2_500)).await;
            let at_once = shop.count(|one| {
                let is_refused = one.outcome == Outcome::Shed(Shed::Silent);
                is_refused && one.came >= began + ms(600) && one.took.is_zero()
            });
            assert!(at_once >= 4 * 1_890, "{at_once}");
            shop.settle().await;
            let bound = 6 * shop.limits.wait_interval;
            assert!(shop.count(|one| one.outcome != SOLD_OUT && one.took > bound) == 0);
            // Only what was at the gate.
            let late = shop.count(|one| one.outcome == SOLD_OUT && one.took > ms(20));
            assert!((1..50).contains(&late), "{late}");
            assert_eq!(shop.refused(), shop.refused_as(Shed::Silent));
            let after = Instant::now();
            shop.flow(0, 4, ms(500)).await;
            shop.settle().await;
            assert_eq!(shop.refused_from(after), 0);
        })
        .await;
}

/// Each has so few attempts that all of them go with the next batch, and their batches make each
/// other late.
#[tokio::test(start_paused = true)]
async fn a_hundred_hot_sales_share_the_lane_evenly_and_soon_make_nobody_late() {
    LocalSet::new()
        .run_until(async {
            let shop = Shop::deciding(2);
            let began = Instant::now();
            let mut ticks = interval(ms(1));
            for tick in 0..10_000 {
                ticks.tick().await;
                for hot in 0..20 {
                    shop.come((20 * tick + hot) % 100, 1);
                }
                // And one that is not hot.
                if tick % 500 == 0 {
                    shop.come(100, 1);
                }
            }
            shop.settle().await;
            // That no more wait than may, those at the gate with them, is compared as they come.
            assert!(shop.lane.sent.get() >= 18_000, "of 20,000: {}", shop.lane.sent.get());
            let soon = began + ms(8_000);
            for sale in 0..SALES {
                let longest = shop.longest_from(sale, soon);
                assert!(longest <= 5 * shop.limits.wait_target, "{sale}: {longest:?}");
            }
            let decided = |sale| {
                let is_meant = |one: &Told| one.sale == sale && one.came >= soon;
                shop.count(|one| is_meant(one) && one.outcome == SOLD_OUT)
            };
            let decided: Vec<_> = (0..SALES).map(decided).collect();
            assert!(decided[..100].iter().all(|sale| (20..80).contains(sale)), "{decided:?}");
            assert_eq!(decided[100], 4);
        })
        .await;
}

fn any_limits() -> impl Strategy<Value = CoalescerLimits> {
    (1..16_usize, 1..4_usize, 1..64_usize, 1..30_u64, 1..60_u64).prop_map(
        |(batch_max, in_flight_max, waiting_max, target, interval)| CoalescerLimits {
            batch_max,
            in_flight_max,
            waiting_max,
            wait_target: ms(target),
            wait_interval: ms(interval),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn everybody_is_told_and_what_is_refused_was_never_sent_and_no_limit_is_passed(
        limits in any_limits(),
        (attempt_takes_us, batch_takes_ms) in (0..3_000_u64, 0..40_u64),
        arrivals in prop::collection::vec((0..15_u64, 0..3_usize, 1..40_usize, 0..20_u64), 1..60),
    ) {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, async {
            let attempt_takes = Duration::from_micros(attempt_takes_us);
            let shop = Shop::of(attempt_takes, ms(batch_takes_ms), limits);
            for (pause, sale, attempts, stall) in arrivals {
                sleep(ms(pause)).await;
                // A stall now and then.
                shop.lane.stall(ms(if stall == 0 { 80 } else { 0 }));
                shop.come(sale, attempts);
            }
            // All sums are compared there.
            shop.settle().await;
            assert!(shop.lane.in_flight_max.get() <= limits.in_flight_max);
            // No claim was lost, and an idle sale begins anew.
            assert_eq!(shop.come(0, 1), 1);
            shop.settle().await;
        });
    }
}
