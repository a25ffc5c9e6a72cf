//! The coalescer: attempts of one sale that wait together go to the gate as one batch.
//!
//! One per worker thread: not `Send`, no lock, no channel, a gate lane of its own. A batch's
//! reply is one shared value; each attempt holds its place in it and a waker, so an attempt
//! costs no allocation of its own. A batch is driven by a task of its own, never by the request
//! that opened it, so a dropped request harms nobody.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use stampede_domain::{Attempt, Decision, SaleId};

use crate::{
    live_sales::LiveSales,
    ports::{Causes, GateLane, Judged, PortError},
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
    /// The gate decided.
    Decided(Decision),
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

/// Attempts that go together, and where their answers will stand.
struct Batch {
    attempts: Vec<Attempt>,
    reply: Rc<Reply>,
}

/// The answers of one batch, in order.
#[derive(Default)]
struct Reply {
    outcomes: RefCell<Option<Vec<Outcome>>>,
    wakers: RefCell<Vec<Option<Waker>>>,
}

impl Coalescer {
    /// A coalescer over the calling thread's own lane. Needs a local task set to drive batches.
    #[must_use]
    pub fn new(lane: Rc<dyn GateLane>, live: Arc<LiveSales>, limits: CoalescerLimits) -> Self {
        let shared =
            Shared { lane, live, limits, waiting: Cell::new(0), queues: RefCell::default() };
        Self { shared: Rc::new(shared) }
    }

    /// Queues the attempt that `make` makes; `None`, with nothing made, if the queue is full.
    pub fn submit(&self, id: &SaleId, make: impl FnOnce() -> Attempt) -> Option<Ticket> {
        let shared = &self.shared;
        if shared.waiting.get() >= shared.limits.waiting_max {
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
            self.batches.push_back(Batch { attempts: Vec::new(), reply: Rc::default() });
        }
        let Some(batch) = self.batches.back_mut() else { unreachable!("one was just pushed") };
        batch.attempts.push(attempt);
        batch.reply.wakers.borrow_mut().push(None);
        Ticket { reply: batch.reply.clone(), place: batch.attempts.len() - 1 }
    }
}

/// Takes batches of one sale to the gate until none waits.
async fn drive(shared: Rc<Shared>, id: SaleId) {
    let driver = Driver { shared, id };
    while let Some(batch) = driver.next_batch() {
        let shared = &driver.shared;
        shared.waiting.set(shared.waiting.get() - batch.attempts.len());
        let judged = shared.lane.decide(&driver.id, &batch.attempts).await;
        batch.reply.finish(shared.outcomes(&driver.id, batch.attempts.len(), judged));
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

impl Drop for Batch {
    /// A batch that its driver lost was not decided; its requests must not wait for ever.
    fn drop(&mut self) {
        if self.reply.outcomes.borrow().is_none() {
            self.reply.finish(vec![Outcome::Undecided; self.attempts.len()]);
        }
    }
}

impl Shared {
    /// One outcome for each attempt; what the gate says of the stock is shown before it is told.
    fn outcomes(
        &self,
        id: &SaleId,
        attempts: usize,
        judged: Result<Judged, PortError>,
    ) -> Vec<Outcome> {
        match judged {
            Ok(Judged::Decided { decisions, stock, version, .. }) => {
                self.live.apply_stock(id, version, stock);
                decisions
                    .into_iter()
                    .map(|decision| decision.map_or(Outcome::Undecided, Outcome::Decided))
                    .collect()
            }
            Ok(Judged::UnknownSale) => vec![Outcome::UnknownSale; attempts],
            Err(error) => {
                tracing::warn!(sale = %id, attempts, error = %Causes(&error),
                    "the gate did not decide a batch");
                vec![Outcome::Undecided; attempts]
            }
        }
    }
}

impl Reply {
    fn finish(&self, outcomes: Vec<Outcome>) {
        *self.outcomes.borrow_mut() = Some(outcomes);
        for waker in self.wakers.borrow_mut().drain(..).flatten() {
            waker.wake();
        }
    }
}

/// One attempt's place in its batch's reply; resolves once the batch is answered.
pub struct Ticket {
    reply: Rc<Reply>,
    place: usize,
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(outcomes) = &*self.reply.outcomes.borrow() {
            return Poll::Ready(outcomes.get(self.place).copied().unwrap_or(Outcome::Undecided));
        }
        if let Some(waker) = self.reply.wakers.borrow_mut().get_mut(self.place) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}
