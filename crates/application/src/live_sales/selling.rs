//! Whether anything is sold right now.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// How long after a unit was sold more are taken to follow: several batches of a busy sale.
pub(super) const LATELY: Duration = Duration::from_millis(50);

/// When a unit was last sold.
pub(super) struct Selling {
    /// What `last` counts from.
    origin: Instant,
    /// Milliseconds after `origin`, one more so that 0 is never.
    last: AtomicU64,
}

impl Selling {
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), last: AtomicU64::new(0) }
    }

    /// Once a batch, by whichever thread hears of it.
    pub(super) fn sold(&self) {
        self.last.store(self.elapsed_ms() + 1, Ordering::Relaxed);
    }

    pub(super) fn is_on(&self) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        last > 0 && u128::from(self.elapsed_ms() + 1 - last) < LATELY.as_millis()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}
