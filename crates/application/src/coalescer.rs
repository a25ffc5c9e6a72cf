//! The coalescer: attempts of one sale that wait together go to the gate as one batch.
//!
//! One per worker thread: not `Send`, no lock, no channel, a gate lane of its own. A batch's
//! reply is one shared value; each attempt holds its place in it and a waker, so an attempt
//! costs no allocation of its own. A batch is driven by a task of its own, never by the request
//! that opened it, so a dropped request harms nobody.
//!
//! Where an answer that names a purchase waits for the ledger, the rest of its batch does not, and
//! neither does the next batch.

mod confirming;
mod reply;

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
    sync::Arc,
};

use stampede_domain::{Acknowledgement, Attempt, Decision, SaleId};

pub use self::reply::Ticket;
use self::{confirming::Confirming, reply::Batch};
use crate::{
    live_sales::LiveSales,
    ports::{Causes, GateLane, Judged, PortError},
    use_cases::ConfirmPurchases,
};

/// What one worker's coalescer may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalescerLimits {
    /// Attempts in one batch, at most 256.
    pub batch_max: usize,
    /// Batches of one sale on their way to the gate.
    pub in_flight_max: usize,
    /// Attempts of all sales that wait for a batch to leave; one more is shed.
    pub waiting_max: usize,
}

impl Default for CoalescerLimits {
    fn default() -> Self {
        Self { batch_max: 256, in_flight_max: 2, waiting_max: 8_192 }
    }
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gate decided, and what the decision names has survived that much.
    Decided {
        /// What it decided.
        decision: Decision,
        /// What a purchase that it names has survived.
        acknowledged: Acknowledgement,
    },
    /// The gate has no such sale, or another generation of it.
    UnknownSale,
    /// We do not know; the attempt may be repeated as it is.
    Undecided,
}

/// Makes batches of what one worker thread is asked.
pub struct Coalescer {
    shared: Rc<Shared>,
}

/// What the coalescer and its drivers share, all on one thread.
struct Shared {
    lane: Rc<dyn GateLane>,
    live: Arc<LiveSales>,
    confirm: Arc<ConfirmPurchases>,
    limits: CoalescerLimits,
    /// Attempts that wait for a batch to leave.
    waiting: Cell<usize>,
    /// One queue for each sale that has attempts waiting or in flight; gone when it has none.
    queues: RefCell<HashMap<SaleId, Queue>>,
}

/// The attempts of one sale.
#[derive(Default)]
struct Queue {
    /// Batches that wait, oldest first; only the last may have room.
    batches: VecDeque<Batch>,
    /// Drivers at work on this sale.
    in_flight: usize,
}

impl Coalescer {
    /// A coalescer over the calling thread's own lane. Needs a local task set to drive batches.
    #[must_use]
    pub fn new(
        lane: Rc<dyn GateLane>,
        live: Arc<LiveSales>,
        confirm: Arc<ConfirmPurchases>,
        limits: CoalescerLimits,
    ) -> Self {
        let shared = Shared {
            lane,
            live,
            confirm,
            limits,
            waiting: Cell::new(0),
            queues: RefCell::default(),
        };
        Self { shared: Rc::new(shared) }
    }

    /// Queues the attempt that `make` makes at a sale which asks for `acknowledge`, as far as this
    /// node knows; `None`, with nothing made or asked, if it would wait where too much waits.
    pub fn submit(
        &self,
        id: &SaleId,
        acknowledge: Acknowledgement,
        make: impl FnOnce() -> Attempt,
    ) -> Option<Ticket> {
        let shared = &self.shared;
        let has_room = shared.waiting.get() < shared.limits.waiting_max;
        if !has_room || !shared.confirm.has_room(id, acknowledge) {
            return None;
        }
        shared.waiting.set(shared.waiting.get() + 1);
        let mut queues = shared.queues.borrow_mut();
        if !queues.contains_key(id) {
            queues.insert(id.clone(), Queue::default());
        }
        let queue = queues.get_mut(id)?;
        let ticket = queue.push(make(), shared.limits.batch_max);
        if queue.in_flight < shared.limits.in_flight_max {
            queue.in_flight += 1;
            tokio::task::spawn_local(drive(shared.clone(), id.clone()));
        }
        Some(ticket)
    }

    /// Attempts that wait for a batch to leave.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting.get()
    }
}

impl Queue {
    fn push(&mut self, attempt: Attempt, batch_max: usize) -> Ticket {
        if self.batches.back().is_none_or(|batch| batch.attempts.len() >= batch_max) {
            self.batches.push_back(Batch::default());
        }
        let Some(batch) = self.batches.back_mut() else { unreachable!("one was just pushed") };
        batch.push(attempt)
    }
}

/// Takes batches of one sale to the gate until none waits.
async fn drive(shared: Rc<Shared>, id: SaleId) {
    let driver = Driver { shared, id };
    while let Some(batch) = driver.next_batch() {
        let shared = &driver.shared;
        shared.waiting.set(shared.waiting.get() - batch.attempts.len());
        let judged = shared.lane.decide(&driver.id, &batch.attempts).await;
        shared.answer(&driver.id, batch, judged);
    }
}

/// One task's claim to drive a sale's queue; given back however the task ends.
struct Driver {
    shared: Rc<Shared>,
    id: SaleId,
}

impl Driver {
    fn next_batch(&self) -> Option<Batch> {
        self.shared.queues.borrow_mut().get_mut(&self.id)?.batches.pop_front()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let mut queues = self.shared.queues.borrow_mut();
        if let Some(queue) = queues.get_mut(&self.id) {
            queue.in_flight -= 1;
            if queue.in_flight == 0 && queue.batches.is_empty() {
                queues.remove(&self.id);
            }
        }
    }
}

impl Shared {
    /// Answers a batch; what the gate says of the stock is shown before it is told.
    fn answer(&self, id: &SaleId, batch: Batch, judged: Result<Judged, PortError>) {
        match judged {
            Ok(Judged::Decided { decisions, stock, version, trail }) => {
                self.live.apply_stock(id, version, stock);
                let acknowledged = self.confirm.level(trail.acknowledge);
                if self.confirm.is_awaited(acknowledged) {
                    Confirming::of(&self.confirm, id, batch, decisions, trail);
                    return;
                }
                batch.answer(decisions.into_iter().map(|decision| {
                    let decided = |decision| Outcome::Decided { decision, acknowledged };
                    Some(decision.map_or(Outcome::Undecided, decided))
                }));
            }
            Ok(Judged::UnknownSale) => batch.answer_all(Outcome::UnknownSale),
            Err(error) => {
                tracing::warn!(sale = %id, attempts = batch.attempts.len(), error = %Causes(&error),
                    "the gate did not decide a batch");
                batch.answer_all(Outcome::Undecided);
            }
        }
    }
}
