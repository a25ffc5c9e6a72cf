//! So many in a second, and no more.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// What may still happen in this second. Safe to share.
#[derive(Debug)]
pub(super) struct Allowance {
    per_s_max: u32,
    origin: Instant,
    /// The second in the upper half, and in the lower what has happened in it.
    taken: AtomicU64,
}

impl Allowance {
    pub(super) fn new(per_s_max: u32) -> Self {
        Self { per_s_max, origin: Instant::now(), taken: AtomicU64::new(0) }
    }

    /// Whether one more may happen; if so it is counted.
    pub(super) fn take(&self) -> bool {
        self.take_in(self.origin.elapsed().as_secs())
    }

    fn take_in(&self, second: u64) -> bool {
        let this = second << 32;
        let one_more = |taken: u64| {
            let taken = if taken & !u64::from(u32::MAX) == this { taken } else { this };
            (taken - this < u64::from(self.per_s_max)).then_some(taken + 1)
        };
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Allowance;

    #[test]
    fn so_many_happen_in_each_second() {
        let allowance = Allowance::new(2);
        let taken = [0, 0, 0, 1, 1, 1, 7].map(|second| allowance.take_in(second));
        assert_eq!(taken, [true, true, false, true, true, false, true]);
        assert!(!Allowance::new(0).take());
    }
}
