//! What a flood would repeat in the log.

use std::{cell::Cell, time::Duration};

use tokio::time::Instant;

/// How long a line is not repeated; how many attempts it is about, a metric counts.
const PAUSE: Duration = Duration::from_secs(10);

/// When a line was last told.
#[derive(Debug, Default)]
pub(super) struct Seldom(Cell<Option<Instant>>);

impl Seldom {
    /// Whether it is told once more; from then on not for a while.
    pub(super) fn again(&self) -> bool {
        let now = Instant::now();
        let is_due = self.0.get().is_none_or(|last| now - last >= PAUSE);
        if is_due {
            self.0.set(Some(now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_is_told_at_once_and_not_again_before_a_pause_has_passed() {
        let line = Seldom::default();
        assert!(line.again());
        for _ in 0..9 {
            advance(PAUSE / 10).await;
            assert!(!line.again());
        }
        advance(PAUSE / 10).await;
        assert!(line.again() && !line.again());
    }
}
