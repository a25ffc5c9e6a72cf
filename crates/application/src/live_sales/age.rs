//! How old what a node shows is.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Freshness, LiveSales};

impl LiveSales {
    /// How long ago the shard was read that was read longest ago; zero where the gate is in this
    /// process and nothing has to be read again.
    #[must_use]
    pub fn age(&self) -> Duration {
        match self.freshness {
            Freshness::Always | Freshness::Within(Duration::MAX) => Duration::ZERO,
            Freshness::Within(_) => {
                let read = self.shards_read.iter().map(|read| read.load(Ordering::Relaxed)).min();
                let read = Duration::from_millis(read.unwrap_or_default());
                self.origin.elapsed().saturating_sub(read)
            }
        }
    }
}
