//! The store's time, as this node knows it between two replies.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Instant as Monotonic,
};

use stampede_application::ports::Clock;
use stampede_domain::Instant;

/// How much of a step back is taken over by one reply: an eighth, so that one slow reply does
/// not set the estimate back, and a clock that was set is followed within a second.
const STEP_BACK_DIVISOR: i64 = 8;

/// The clock of Redis: its `TIME` when last told, and monotonic time since.
///
/// Every reply tells it anew. Lags behind the store by the way of one reply, and never goes
/// back, even when Redis does.
#[derive(Debug)]
pub struct RedisClock {
    origin: Monotonic,
    /// Milliseconds of the store at `origin`.
    offset: AtomicI64,
    /// The last time that was told.
    told: AtomicI64,
}

impl RedisClock {
    /// A clock whose store says `raw_ms` now.
    pub(super) fn new(raw_ms: i64) -> Self {
        Self {
            origin: Monotonic::now(),
            offset: AtomicI64::new(raw_ms),
            told: AtomicI64::new(raw_ms),
        }
    }

    /// Takes in what a reply says that the time is.
    pub(super) fn observe(&self, raw_ms: i64) {
        let seen = raw_ms - self.elapsed_ms();
        let known = self.offset.load(Ordering::Relaxed);
        let next = if seen >= known { seen } else { known - (known - seen) / STEP_BACK_DIVISOR };
        self.offset.store(next, Ordering::Relaxed);
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Clock for RedisClock {
    fn now(&self) -> Instant {
        let estimate = self.offset.load(Ordering::Relaxed).saturating_add(self.elapsed_ms());
        // Written once a millisecond, not by each of those who ask: they share its cache line.
        let told = self.told.load(Ordering::Relaxed);
        if told >= estimate {
            return Instant::from_millis(told);
        }
        Instant::from_millis(estimate.max(self.told.fetch_max(estimate, Ordering::Relaxed)))
    }
}

/// The raw time of one connection's server, which a batch's not-after is told in.
///
/// Follows each reply, back as well: a server's clock that was set is what its script compares.
#[derive(Debug)]
pub(super) struct StoreTime {
    origin: Monotonic,
    offset: AtomicI64,
}

impl StoreTime {
    pub(super) fn new(raw_ms: i64) -> Self {
        Self { origin: Monotonic::now(), offset: AtomicI64::new(raw_ms) }
    }

    pub(super) fn observe(&self, raw_ms: i64) {
        self.offset.store(raw_ms - self.elapsed_ms(), Ordering::Relaxed);
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.offset.load(Ordering::Relaxed).saturating_add(self.elapsed_ms())
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_followed_but_never_shown_going_back() {
        let clock = RedisClock::new(1_000_000);
        let before = clock.now();
        for _ in 0..100 {
            clock.observe(500_000);
        }
        assert!(clock.now() >= before);
        assert!(clock.offset.load(Ordering::Relaxed) < 501_000);
    }

    #[test]
    fn a_time_that_is_ahead_is_taken_at_once() {
        let clock = RedisClock::new(1_000_000);
        clock.observe(2_000_000);
        assert!(clock.now() >= Instant::from_millis(2_000_000));
    }
}
