//! A clock that is wrong.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use stampede_application::ports::Clock;
use stampede_domain::Instant;

/// Shows so many milliseconds more than another clock, or fewer.
///
/// Set to fewer while a gate stands on it, it goes back, as no clock of ours would: what is held to
/// that is the gate's own memory.
pub struct OffsetClock {
    clock: Arc<dyn Clock>,
    offset_ms: AtomicI64,
}

impl OffsetClock {
    /// Is ahead of `clock` by so many milliseconds.
    #[must_use]
    pub fn over(clock: Arc<dyn Clock>, offset_ms: i64) -> Self {
        Self { clock, offset_ms: AtomicI64::new(offset_ms) }
    }

    /// From now on it is ahead by so many milliseconds; returns by how many it was.
    pub fn set_offset(&self, offset_ms: i64) -> i64 {
        self.offset_ms.swap(offset_ms, Ordering::Relaxed)
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Instant {
        self.clock.now().plus_millis(self.offset_ms.load(Ordering::Relaxed))
    }
}
