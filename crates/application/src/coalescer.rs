//! The coalescer: attempts of one sale that wait together go to the gate as one batch.
//!
//! One per worker thread: not `Send`, no lock, no channel, a gate lane of its own. A batch's
//! reply is one shared value; each attempt holds its place in it and a waker, so an attempt
//! costs no allocation of its own. A batch is driven by a task of its own, never by the request
//! that opened it, so a dropped request harms nobody.
//!
//! Where an answer that names a purchase waits for the ledger, the rest of its batch does not, and
//! neither does the next batch.
//!
//! What cannot be decided in time is refused before it is made; of a queue that turns out to stand
//! also what waits already. No sale's queue takes the room of another.

mod confirming;
mod flow;
mod queue;
mod reply;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use stampede_domain::{Acknowledgement, Attempt, Decision, SaleId};

pub use self::reply::Ticket;
use self::{confirming::Confirming, queue::Queue, reply::Batch};
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
    /// Attempts of all sales that wait for a batch to leave; one sale may have no more of that than
    /// it leaves to the others, and one more is shed.
    pub waiting_max: usize,
    /// How long an attempt is meant to take until it is decided, once its sale sheds.
    pub wait_target: Duration,
    /// How long a queue may stand before its sale sheds.
    pub wait_interval: Duration,
}

impl Default for CoalescerLimits {
    fn default() -> Self {
        Self {
            batch_max: 256,
            in_flight_max: 2,
            waiting_max: 8_192,
            wait_target: Duration::from_millis(20),
            wait_interval: Duration::from_millis(100),
        }
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
    /// It would have been late, and the gate was not asked.
    Overloaded,
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
    /// Attempts that the lane has answered, or failed to.
    answered: Cell<usize>,
    /// One queue for each sale that has attempts waiting or in flight; gone when it has none.
    queues: RefCell<HashMap<SaleId, Queue>>,
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
            answered: Cell::new(0),
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
        let (waiting, limits) = (shared.waiting.get(), &shared.limits);
        let mut queues = shared.queues.borrow_mut();
        let known = queues.get_mut(id).map(|queue| queue.admits(waiting, limits));
        let admits = known.unwrap_or(waiting < limits.waiting_max);
        if !admits || !shared.confirm.has_room(id, acknowledge) {
            return None;
        }
        shared.waiting.set(waiting + 1);
        if known.is_none() {
            queues.insert(id.clone(), Queue::default());
        }
        let queue = queues.get_mut(id)?;
        let ticket = queue.push(make(), limits.batch_max);
        if queue.in_flight < limits.in_flight_max {
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

/// Takes batches of one sale to the gate until none waits.
async fn drive(shared: Rc<Shared>, id: SaleId) {
    let driver = Driver { shared, id };
    let mut answered = 0;
    while let Some(batch) = driver.next_batch(answered) {
        answered = batch.attempts.len();
        let shared = &driver.shared;
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
    /// The next batch, `answered` attempts having been in the last; none if this is the first.
    fn next_batch(&self, answered: usize) -> Option<Batch> {
        let shared = &self.shared;
        shared.answered.set(shared.answered.get() + answered);
        let mut queues = shared.queues.borrow_mut();
        let queue = queues.get_mut(&self.id)?;
        let waited = queue.waiting();
        // Who has not been away knows nothing of the lane.
        if answered > 0 && queue.turn(shared.answered.get(), &shared.limits) {
            tracing::warn!(sale = %self.id, waited,
                "more comes than the gate decides; what would be late is refused");
        }
        let batch = queue.next_batch();
        shared.waiting.set(shared.waiting.get() - (waited - queue.waiting()));
        batch
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let mut queues = self.shared.queues.borrow_mut();
        if let Some(queue) = queues.get_mut(&self.id) {
            queue.in_flight -= 1;
            if queue.is_idle() {
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
