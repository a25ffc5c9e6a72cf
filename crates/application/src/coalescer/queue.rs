//! The attempts of one sale that wait for the gate's answer.

use std::{collections::VecDeque, mem, time::Duration};

use stampede_domain::Attempt;
use tokio::time::Instant;

use super::{
    CoalescerLimits, Shed,
    flow::{Flow, Turn},
    reply::{Batch, Ticket},
};

/// Looks that are taken within an interval.
pub(super) const LOOKS: u32 = 2;
/// For how many looks the gate may say nothing of a sale: five intervals. A disk that hesitates
/// takes one or two, and whoever is refused comes again in a second.
const SILENT_LOOKS: u32 = 5 * LOOKS;

/// The attempts of one sale.
#[derive(Default)]
pub(super) struct Queue {
    /// Batches that have not left, oldest first; only the last may have room, and the first may be
    /// short if it was cut.
    batches: VecDeque<Batch>,
    /// Attempts of these.
    queued: usize,
    /// Attempts that drivers have at the gate.
    away: usize,
    /// Drivers at work on this sale.
    drivers: usize,
    flow: Flow,
    /// Whether an attempt was refused since a driver last came back.
    has_refused: bool,
    /// Looks since a driver last came back, or the first one left.
    silent: u32,
}

impl Queue {
    /// A driver is gone; whether all that is known of the sale may be forgotten by that.
    pub(super) fn ends_driver(&mut self) -> bool {
        self.drivers -= 1;
        self.is_idle() && self.flow.is_calm()
    }

    /// Whether it may be forgotten at a look: a sale that sheds is remembered for an interval more,
    /// since one that may have a single attempt waiting is idle each time that one is answered.
    pub(super) fn is_over(&self) -> bool {
        self.is_idle() && (self.flow.is_calm() || self.silent > LOOKS)
    }

    /// Attempts of all sales that may wait, if this one sheds.
    pub(super) fn shed_room(&self) -> Option<usize> {
        self.flow.shed_room()
    }

    fn is_idle(&self) -> bool {
        self.drivers == 0 && self.batches.is_empty()
    }

    /// Whether one more attempt may wait, with `waiting` of all sales: while fewer of this one do
    /// than there is room for others, so that the more sales wait, the less is each one's, and none
    /// fills it all; and if it sheds nothing, or the attempt can be decided in time.
    pub(super) fn admit(&mut self, waiting: usize, limits: &CoalescerLimits) -> Result<(), Shed> {
        let own = self.queued + self.away;
        let why = if own >= limits.waiting_max.saturating_sub(waiting) {
            Shed::Full
        } else if self.is_silent() {
            Shed::Silent
        } else if own >= self.flow.room(waiting) || self.queued >= self.flow.queue_room(limits) {
            Shed::Late
        } else {
            return Ok(());
        };
        self.has_refused = true;
        Err(why)
    }

    pub(super) fn push(&mut self, attempt: Attempt, batch_max: usize) -> Ticket {
        if self.batches.back().is_none_or(|batch| batch.attempts.len() >= batch_max) {
            self.batches.push_back(Batch::opened(Instant::now()));
        }
        let Some(batch) = self.batches.back_mut() else { unreachable!("one was just pushed") };
        self.queued += 1;
        batch.push(attempt)
    }

    /// Whether one more driver is to begin, of so many at most; if so it is counted.
    pub(super) fn wants_driver(&mut self, drivers_max: usize) -> bool {
        if self.drivers >= drivers_max {
            return false;
        }
        if self.drivers == 0 {
            self.silent = 0;
        }
        self.drivers += 1;
        true
    }

    pub(super) fn next_batch(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.queued -= batch.attempts.len();
        self.away += batch.attempts.len();
        Some(batch)
    }

    /// So many attempts that were at the gate are there no more.
    pub(super) fn came_back(&mut self, attempts: usize) {
        self.away -= attempts;
        self.silent = 0;
    }

    /// A driver has come back, and by now the lane has answered so many attempts of all sales; how
    /// many are refused, as they would be late, if the sale begins to shed.
    ///
    /// It is late if even the youngest of the next batch has waited for too long; if somebody was
    /// refused; and, while another sale sheds, if it has more than its even `share`: the batches of
    /// many hot sales make each other late, and none of them has a full one left behind.
    pub(super) fn turn(
        &mut self,
        answered: usize,
        share: usize,
        limits: &CoalescerLimits,
    ) -> Option<usize> {
        let now = Instant::now();
        // Whoever is in the first batch was there before the second was opened.
        let wait_min = self.batches.get(1).map_or(Duration::ZERO, |second| now - second.opened);
        let has_refused = mem::take(&mut self.has_refused);
        let has_more = self.queued + self.away > share;
        let is_late = wait_min > limits.wait_target || has_refused || has_more;
        if !self.flow.turn(&Turn { now, answered, is_late, has_refused }, limits) {
            return None;
        }
        // As if it were alone.
        let own = self.flow.shed_room().map_or(usize::MAX, |room| room / 2);
        let kept = own.saturating_sub(self.away).min(self.flow.queue_room(limits));
        Some(self.refuse(self.queued.saturating_sub(kept), Shed::Late))
    }

    /// Takes a look; how many are refused, as the gate has said nothing for too long, or nobody
    /// will ask it: a driver has panicked.
    pub(super) fn look(&mut self) -> usize {
        self.silent = self.silent.saturating_add(1);
        if self.queued == 0 || (self.drivers > 0 && !self.is_silent()) {
            return 0;
        }
        self.has_refused = true;
        self.refuse(self.queued, Shed::Silent)
    }

    fn is_silent(&self) -> bool {
        self.away > 0 && self.silent > SILENT_LOOKS
    }

    /// Refuses so many of those that have not left, those who have waited longest.
    fn refuse(&mut self, attempts: usize, why: Shed) -> usize {
        let mut excess = attempts;
        while excess > 0
            && let Some(oldest) = self.batches.front_mut()
        {
            excess -= oldest.refuse(excess, why);
            if oldest.attempts.is_empty() {
                self.batches.pop_front();
            }
        }
        self.queued -= attempts;
        attempts
    }
}
