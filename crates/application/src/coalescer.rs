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
//! What cannot be decided in time is refused before it is made; of a queue that turns out to stand,
//! or of a sale of which the gate says nothing, also what waits already. No sale's queue takes the
//! room of another.

mod confirming;
mod flow;
mod queue;
mod reply;
mod seldom;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    mem,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use stampede_domain::{Acknowledgement, Attempt, Decision, SaleId};
use tokio::{
    task::spawn_local,
    time::{Instant, sleep},
};

pub use self::reply::Ticket;
use self::{
    confirming::Confirming,
    queue::{LOOKS, Queue},
    reply::Batch,
    seldom::Seldom,
};
use crate::{
    live_sales::LiveSales,
    ports::{BatchTook, Causes, GateLane, Judged, PortError},
    use_cases::ConfirmPurchases,
};

/// What one worker's coalescer may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalescerLimits {
    /// Attempts in one batch, at most 256.
    pub batch_max: usize,
    /// Batches of one sale on their way to the gate.
    pub in_flight_max: usize,
    /// Attempts of all sales that wait for the gate's answer, those in flight with them; one sale
    /// may have no more of that than it leaves to the others, and one more is shed.
    pub waiting_max: usize,
    /// How long an attempt is meant to take until it is decided, once its sale sheds.
    pub wait_target: Duration,
    /// How long a queue may stand before its sale sheds; and for five times as long the gate may
    /// answer nothing of a sale before what waits for it is shed.
    pub wait_interval: Duration,
}

impl Default for CoalescerLimits {
    fn default() -> Self {
        Self {
            batch_max: 256,
            in_flight_max: 1,
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
    /// It was refused, and the gate was not asked.
    Shed(Shed),
    /// We do not know; the attempt may be repeated as it is.
    Undecided,
}

/// Why an attempt is refused and the gate is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// As many of its sale wait as leave room to other sales.
    Full,
    /// More of its sale come than the gate decides, and it would be late.
    Late,
    /// The gate has answered nothing of its sale for too long.
    Silent,
    /// As many purchases of its sale wait for the ledger as may.
    Unconfirmed,
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
    /// Attempts that wait for the gate's answer.
    waiting: Cell<usize>,
    /// Attempts that the lane has answered, or failed to.
    answered: Cell<usize>,
    /// One queue for each sale that has attempts waiting, or has shed of late.
    queues: RefCell<HashMap<SaleId, Queue>>,
    /// Whether somebody looks at these; only while there are any.
    is_watched: Cell<bool>,
    /// Attempts that each sale would have if those who wait while a sale sheds were shared evenly,
    /// as of the last look; without limit while none sheds.
    even_share: Cell<usize>,
    /// The lines of the log that a flood would repeat.
    sheds_told: Seldom,
    silence_told: Seldom,
}

impl Coalescer {
    /// A coalescer over the calling thread's own lane. Needs a local task set to drive batches, and
    /// a runtime with time.
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
            is_watched: Cell::new(false),
            even_share: Cell::new(usize::MAX),
            sheds_told: Seldom::default(),
            silence_told: Seldom::default(),
        };
        Self { shared: Rc::new(shared) }
    }

    /// Queues the attempt that `make` makes at a sale which asks for `acknowledge`, as far as this
    /// node knows.
    ///
    /// # Errors
    ///
    /// [`Shed`] if it would wait where too much waits; then nothing was made or asked.
    pub fn submit(
        &self,
        id: &SaleId,
        acknowledge: Acknowledgement,
        make: impl FnOnce() -> Attempt,
    ) -> Result<Ticket, Shed> {
        let shared = &self.shared;
        let (waiting, limits) = (shared.waiting.get(), &shared.limits);
        let mut queues = shared.queues.borrow_mut();
        let known = queues.get_mut(id);
        let is_known = known.is_some();
        match known {
            Some(queue) => queue.admit(waiting, limits)?,
            None if waiting < limits.waiting_max => {}
            None => return Err(Shed::Full),
        }
        if !shared.confirm.has_room(id, acknowledge) {
            return Err(Shed::Unconfirmed);
        }
        if !is_known {
            queues.insert(id.clone(), Queue::default());
            if !shared.is_watched.replace(true) {
                spawn_local(look_now_and_then(shared.clone()));
            }
        }
        let Some(queue) = queues.get_mut(id) else { unreachable!("one was just inserted") };
        let ticket = queue.push(make(), limits.batch_max);
        shared.waiting.set(waiting + 1);
        if queue.wants_driver(limits.in_flight_max) {
            spawn_local(drive(shared.clone(), id.clone()));
        }
        Ok(ticket)
    }

    /// Attempts that wait for the gate's answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting.get()
    }
}

/// Takes batches of one sale to the gate until none waits.
async fn drive(shared: Rc<Shared>, id: SaleId) {
    let mut driver = Driver { shared, id, away: 0 };
    while let Some(batch) = driver.next_batch() {
        let shared = &driver.shared;
        let (left, waiting) = (Instant::now(), shared.waiting.get());
        let judged = shared.lane.decide(&driver.id, &batch.attempts).await;
        let (attempts, waited) = (batch.attempts.len(), left - batch.opened);
        let took = BatchTook { attempts, waited, waiting, took: left.elapsed() };
        shared.lane.measured(&took, &judged);
        shared.answer(&driver.id, batch, judged);
    }
}

/// Looks at the queues now and then, until there are none.
///
/// Here and not by a timer a batch: what is counted are looks, so that a thread that stood still
/// itself does not take that for the gate's silence.
async fn look_now_and_then(shared: Rc<Shared>) {
    let pause = (shared.limits.wait_interval / LOOKS).max(Duration::from_millis(1));
    loop {
        sleep(pause).await;
        if !shared.look() {
            return;
        }
    }
}

/// One task's claim to drive a sale's queue; given back however the task ends.
struct Driver {
    shared: Rc<Shared>,
    id: SaleId,
    /// Attempts of the batch that it has at the gate.
    away: usize,
}

impl Driver {
    /// Comes back with the last batch, if this is not the first, and takes the next.
    fn next_batch(&mut self) -> Option<Batch> {
        let shared = &self.shared;
        let mut queues = shared.queues.borrow_mut();
        let queue = queues.get_mut(&self.id)?;
        // Who has not been away knows nothing of the lane.
        if self.away > 0 {
            shared.came_back(queue, mem::take(&mut self.away));
            let (answered, share) = (shared.answered.get(), shared.even_share.get());
            if let Some(refused) = queue.turn(answered, share, &shared.limits) {
                shared.waiting.set(shared.waiting.get() - refused);
                if shared.sheds_told.again() {
                    tracing::warn!(sale = %self.id, refused,
                        "more comes than the gate decides; what would be late is refused");
                }
            }
        }
        let batch = queue.next_batch()?;
        self.away = batch.attempts.len();
        Some(batch)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let shared = &self.shared;
        let mut queues = shared.queues.borrow_mut();
        if let Some(queue) = queues.get_mut(&self.id) {
            // As after a panic.
            shared.came_back(queue, self.away);
            if queue.ends_driver() {
                queues.remove(&self.id);
            }
        }
    }
}

impl Shared {
    /// So many attempts of a batch are answered, or nobody answers them any more.
    fn came_back(&self, queue: &mut Queue, attempts: usize) {
        queue.came_back(attempts);
        self.answered.set(self.answered.get() + attempts);
        self.waiting.set(self.waiting.get() - attempts);
    }

    /// Looks at every queue; whether there are any.
    fn look(&self) -> bool {
        let mut queues = self.queues.borrow_mut();
        queues.retain(|id, queue| {
            let refused = queue.look();
            self.waiting.set(self.waiting.get() - refused);
            if refused > 0 && self.silence_told.again() {
                tracing::warn!(sale = %id, refused,
                    "the gate answers nothing of a sale; what waits for it is refused");
            }
            !queue.is_over()
        });
        let room = queues.values().filter_map(Queue::shed_room).min();
        self.even_share.set(room.map_or(usize::MAX, |room| room / (queues.len() + 1)));
        self.is_watched.set(!queues.is_empty());
        self.is_watched.get()
    }

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
