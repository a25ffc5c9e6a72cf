//! When a sale's queue sheds: a burst waits, a standing queue is refused.
//!
//! What a burst or one stall of the store leaves behind is worked off by itself, and nobody is
//! refused for it. A queue that stands for a whole interval only makes every answer late: it is
//! cut to what the lane decides in time, and stays so until an interval passes without a refusal.
//! That is the idea of `CoDel` (RFC 8289), with batches in the place of packets.
//!
//! Whether a queue stands is seen at each sale; what may wait then, at the gate or for it, follows
//! from the pace of the whole lane, for all sales share it: else each would take for its own loss
//! what others gained.

use std::time::Duration;

use tokio::time::Instant;

use super::CoalescerLimits;

/// How a sale's queue stands.
#[derive(Debug, Default)]
pub(super) enum Flow {
    /// A driver that comes back takes all, or what it leaves has just come.
    #[default]
    Calm,
    /// Not any more, but for less than an interval.
    Standing(Window),
    /// For an interval.
    Shedding(Shedding),
}

/// A driver that has come back for its next batch.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) now: Instant,
    /// Attempts of all sales that the lane has answered so far.
    pub(super) answered: usize,
    /// Whether the queue stands, as far as this turn tells.
    pub(super) is_late: bool,
    /// Whether an attempt was refused since the last turn.
    pub(super) has_refused: bool,
}

/// Turns that are judged together.
#[derive(Debug)]
pub(super) struct Window {
    since: Instant,
    /// What the lane had answered by then.
    answered: usize,
    has_refused: bool,
}

/// How much may wait while a sale sheds.
#[derive(Debug)]
pub(super) struct Shedding {
    window: Window,
    /// Attempts of all sales, those at the gate with them; of that this one may have no more than
    /// it leaves to the others.
    room: usize,
    /// The lane's best pace since it shed, or since pace was last lost, in attempts a second.
    pace_max: usize,
    /// Whether the last window had much less.
    was_slow: bool,
}

impl Flow {
    /// Whether there is nothing to remember.
    pub(super) fn is_calm(&self) -> bool {
        matches!(self, Self::Calm)
    }

    /// Attempts of the sale that may wait, with so many of all sales waiting; one at least, however
    /// many sales shed.
    pub(super) fn room(&self, waiting: usize) -> usize {
        self.shed_room().map_or(usize::MAX, |room| room.saturating_sub(waiting).max(1))
    }

    /// Attempts of all sales that may wait, if this one sheds.
    pub(super) fn shed_room(&self) -> Option<usize> {
        match self {
            Self::Calm | Self::Standing(_) => None,
            Self::Shedding(shedding) => Some(shedding.room),
        }
    }

    /// Attempts of the sale that may wait for a batch to leave: a share of what it may have when it
    /// is alone, beside one for each batch at the gate, so that its batches come to be alike.
    pub(super) fn queue_room(&self, limits: &CoalescerLimits) -> usize {
        let shares = limits.in_flight_max.saturating_add(1);
        self.shed_room().map_or(usize::MAX, |room| (room / 2 / shares).max(1))
    }

    /// Goes on after a turn; whether the sale begins to shed by it.
    pub(super) fn turn(&mut self, turn: &Turn, limits: &CoalescerLimits) -> bool {
        match self {
            Self::Calm | Self::Standing(_) if !turn.is_late => *self = Self::Calm,
            Self::Calm => *self = Self::Standing(Window::opened(turn)),
            Self::Standing(window) => {
                if window.lasted(turn) >= limits.wait_interval {
                    *self = Self::Shedding(Shedding::begun(window, turn, limits));
                    return true;
                }
            }
            Self::Shedding(shedding) => {
                shedding.window.has_refused |= turn.has_refused;
                if shedding.window.lasted(turn) >= limits.wait_interval {
                    let next = shedding.next(turn, limits);
                    *self = next.map_or(Self::Calm, Self::Shedding);
                }
            }
        }
        false
    }
}

impl Shedding {
    /// After a window in which the queue stood: the lane had all that it could take.
    fn begun(standing: &Window, turn: &Turn, limits: &CoalescerLimits) -> Self {
        let pace = standing.pace(turn);
        Self {
            window: Window::opened(turn),
            room: in_time(pace, limits),
            pace_max: pace,
            was_slow: false,
        }
    }

    /// The next window; `None` if nobody was refused in this one.
    ///
    /// The room goes step by step to what the pace allows. Where the store takes long for a batch
    /// of any size, less room is less pace and asks for less room again, down to nothing: so lost
    /// pace doubles the room. If the store itself became slower, that was for once in vain.
    fn next(&self, turn: &Turn, limits: &CoalescerLimits) -> Option<Self> {
        if !self.window.has_refused {
            return None;
        }
        let pace = self.window.pace(turn);
        let is_slow = pace < self.pace_max / 4 * 3;
        let (room, pace_max) = match (is_slow, self.was_slow) {
            (false, _) => (self.room.saturating_mul(9) / 10, self.pace_max.max(pace)),
            (true, false) => (self.room, self.pace_max),
            (true, true) => (self.room.saturating_mul(2), pace),
        };
        let room = room.min(limits.waiting_max).max(in_time(pace, limits));
        let was_slow = is_slow && !self.was_slow;
        Some(Self { window: Window::opened(turn), room, pace_max, was_slow })
    }
}

impl Window {
    fn opened(turn: &Turn) -> Self {
        Self { since: turn.now, answered: turn.answered, has_refused: false }
    }

    fn lasted(&self, turn: &Turn) -> Duration {
        turn.now - self.since
    }

    /// Attempts a second that the lane answered.
    fn pace(&self, turn: &Turn) -> usize {
        scaled(turn.answered - self.answered, Duration::from_secs(1), self.lasted(turn))
    }
}

/// Attempts of all sales that may wait at this pace: whoever comes last is decided in time.
///
/// Twice as many, since a sale leaves to others what it has itself: alone it gets half.
fn in_time(pace: usize, limits: &CoalescerLimits) -> usize {
    scaled(pace, limits.wait_target, Duration::from_secs(1)).max(1).saturating_mul(2)
}

fn scaled(attempts: usize, by: Duration, of: Duration) -> usize {
    let scaled = attempts as u128 * by.as_nanos() / of.as_nanos().max(1);
    usize::try_from(scaled).unwrap_or(usize::MAX)
}
