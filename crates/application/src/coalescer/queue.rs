//! The attempts of one sale that wait for a driver.

use std::{collections::VecDeque, mem, time::Duration};

use stampede_domain::Attempt;
use tokio::time::Instant;

use super::{
    CoalescerLimits,
    flow::{Flow, Turn},
    reply::{Batch, Ticket},
};

/// The attempts of one sale.
#[derive(Default)]
pub(super) struct Queue {
    /// Batches that wait, oldest first; only the last may have room, and the first if it was cut.
    batches: VecDeque<Batch>,
    /// Attempts of these.
    waiting: usize,
    /// Drivers at work on this sale.
    pub(super) in_flight: usize,
    flow: Flow,
    /// Whether an attempt was refused since a driver last came back.
    has_refused: bool,
}

impl Queue {
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether nothing of the sale waits or is in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.batches.is_empty()
    }

    /// Whether one more attempt may wait, with `waiting` of all sales: while fewer of this one do
    /// than there is room for others, so that the more sales wait, the less is each one's, and none
    /// fills it all; and if it sheds nothing, or the attempt can be decided in time.
    pub(super) fn admits(&mut self, waiting: usize, limits: &CoalescerLimits) -> bool {
        let free = limits.waiting_max.saturating_sub(waiting);
        let admits = self.waiting < free.min(self.flow.room(waiting));
        self.has_refused |= !admits;
        admits
    }

    pub(super) fn push(&mut self, attempt: Attempt, batch_max: usize) -> Ticket {
        if self.batches.back().is_none_or(|batch| batch.attempts.len() >= batch_max) {
            self.batches.push_back(Batch::opened(Instant::now()));
        }
        let Some(batch) = self.batches.back_mut() else { unreachable!("one was just pushed") };
        self.waiting += 1;
        batch.push(attempt)
    }

    pub(super) fn next_batch(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.waiting -= batch.attempts.len();
        Some(batch)
    }

    /// A driver has come back, and by now the lane has answered so many attempts of all sales;
    /// whether the sale begins to shed, and those who would be late are refused.
    pub(super) fn turn(&mut self, answered: usize, limits: &CoalescerLimits) -> bool {
        let now = Instant::now();
        // Whoever is in the first batch was there before the second was opened.
        let wait_min = self.batches.get(1).map_or(Duration::ZERO, |second| now - second.opened);
        let has_refused = mem::take(&mut self.has_refused);
        let room = self.flow.turn(&Turn { now, answered, wait_min, has_refused }, limits);
        if let Some(room) = room {
            self.cut(room);
        }
        room.is_some()
    }

    /// Refuses those who have waited longest, so that `room` attempts go on waiting.
    fn cut(&mut self, room: usize) {
        let mut excess = self.waiting.saturating_sub(room);
        self.waiting -= excess;
        while excess > 0
            && let Some(oldest) = self.batches.front_mut()
        {
            excess -= oldest.refuse(excess);
            if oldest.attempts.is_empty() {
                self.batches.pop_front();
            }
        }
    }
}
