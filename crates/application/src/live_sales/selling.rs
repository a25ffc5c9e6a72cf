//! Whether anything is sold right now, and how others leave room to it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::LiveSales;

/// How long after a unit was sold more are taken to follow: several batches of a busy sale.
pub(super) const LATELY: Duration = Duration::from_millis(50);
/// How long a piece of work gives way to buyers, in its own lengths: a fifth of the time is its.
const GIVEN_WAY: u32 = 4;
/// The longest time, whatever the piece took.
const GIVEN_WAY_MAX: Duration = Duration::from_secs(1);
/// How often it is looked whether anything is still sold.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long whoever worked for so long beside buyers then leaves processors and disks to them.
#[must_use]
pub fn given_way(took: Duration) -> Duration {
    (took * GIVEN_WAY).min(GIVEN_WAY_MAX)
}

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

impl LiveSales {
    /// Whether any sale sells right now, as far as this node hears.
    #[must_use]
    pub fn is_selling(&self) -> bool {
        self.selling.is_on()
    }

    /// Waits until then, but no longer than anything is sold.
    pub async fn give_way(&self, until: Instant) {
        while self.is_selling() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(LOOK_EVERY)).await;
        }
    }
}
