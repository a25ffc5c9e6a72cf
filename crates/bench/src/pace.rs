//! How long and how often it is measured.

use std::time::Duration;

/// How often a line is measured that counts by its median.
const ROUNDS: u32 = 5;
/// How long a line of a full run may take for each of its rounds: enough for any machine.
const LINE_ROUND_MAX: Duration = Duration::from_mins(10);
/// Seconds of a quick run for what is made once: Postgres, and a first look at the capacity.
pub(crate) const QUICK_START_S: u64 = 15;

/// How much is done: enough to measure, or enough to see that it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Whether the figures mean nothing.
    pub(crate) is_quick: bool,
    /// Rounds of a line.
    pub(crate) rounds: u32,
}

impl Pace {
    /// As many rounds as are asked for.
    pub(crate) fn new(is_quick: bool, rounds: Option<u32>) -> Self {
        Self { is_quick, rounds: rounds.unwrap_or(if is_quick { 1 } else { ROUNDS }) }
    }

    /// What a full run takes, or a quick one.
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// The numbers of connections of closed loops.
    pub(crate) fn connections(self) -> &'static [u32] {
        self.pick(&[64, 256], &[64])
    }

    /// Seconds of one closed run.
    pub(crate) fn run_s(self) -> u32 {
        self.pick(8, 1)
    }

    /// How long a line may take that has so many seconds of a quick run's two minutes.
    pub(crate) fn limit(self, quick_s: u64) -> Duration {
        self.pick(LINE_ROUND_MAX, Duration::from_secs(quick_s)) * self.rounds
    }
}
