//! The clock of this machine.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use stampede_application::ports::Clock;
use stampede_domain::Instant;

/// The clock of this machine, which stands still while the machine's is set back.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// The latest time that was told, in milliseconds since 1970.
    latest: AtomicI64,
}

impl SystemClock {
    /// The later of `wall` and what was told before, both in milliseconds since 1970.
    fn tell(&self, wall: i64) -> Instant {
        // Written once a millisecond, not by each of those who ask: they share its cache line.
        let latest = self.latest.load(Ordering::Relaxed);
        if latest >= wall {
            return Instant::from_millis(latest);
        }
        Instant::from_millis(self.latest.fetch_max(wall, Ordering::Relaxed).max(wall))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that others are given")]
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.tell(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back() {
        let clock = SystemClock::default();
        let told = [5, 7, 6, 8].map(|wall| clock.tell(wall).millis());
        assert_eq!(told, [5, 7, 7, 8]);
        assert!(clock.now() > Instant::from_millis(1_700_000_000_000));
    }
}
