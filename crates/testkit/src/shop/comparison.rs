//! The program's own comparison of gate and ledger, as the command `reconcile` runs it.

use std::time::{Duration, Instant};

use super::Stores;
use crate::servers::{Ended, StampedeProcess};

/// How long another node may have the turn, or may keep a sale to itself for a restore: both lapse
/// with a node that is gone. A Redis that was started again is attached to by its replica about a
/// second later, and the sale restored once more: a test may end its nodes in the middle of that.
const TURN_LIMIT: Duration = Duration::from_mins(1);
/// What the command says while it has not the turn, or cannot compare a sale.
const WAITS: [&str; 2] =
    ["another run of reconciliation is at work", "another node restores the sale"];

/// What one comparison found.
#[derive(Debug)]
pub struct Comparison {
    /// In all: found, repaired, raised. `None` if it did not come to its end.
    pub sum: Option<[u64; 3]>,
    /// The command.
    pub ended: Ended,
}

impl Comparison {
    /// Whether it came to its end and found nothing.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.sum == Some([0; 3]) && self.ended.code == Some(0)
    }
}

impl Stores {
    /// Compares gate and ledger purchase by purchase, with nothing else at work: what is of this
    /// instant has settled.
    pub async fn compare(&self) -> Comparison {
        let mut settings = self.settings();
        settings.push(("STAMPEDE_RECONCILE_SETTLED_AFTER_MS", "0".to_owned()));
        let begun = Instant::now();
        loop {
            let ended = StampedeProcess::run(["reconcile"], settings.clone()).await;
            let sum = sum(&ended.lines);
            let waits = WAITS.iter().any(|wait| ended.lines.iter().any(|line| line.contains(wait)));
            // What it found already would be repaired by the next one, and not be seen.
            let found = sum.is_some_and(|sum| sum != [0; 3]);
            if !waits || found || begun.elapsed() > TURN_LIMIT {
                return Comparison { sum, ended };
            }
        }
    }
}

/// The last line of the command's table.
fn sum(lines: &[String]) -> Option<[u64; 3]> {
    let sum = lines.iter().find_map(|line| line.strip_prefix("all "))?;
    let counts: Option<Vec<u64>> = sum.split_whitespace().map(|count| count.parse().ok()).collect();
    counts?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn the_sum_of_a_comparison_is_found_repaired_and_raised() {
        let lines = |all: &str| ["drift  found repaired raised", all].map(str::to_owned);
        assert_eq!(sum(&lines("all      3      2      1")), Some([3, 2, 1]));
        assert_eq!(sum(&lines("sold_twice 3 2 1")), None);
        assert_eq!(sum(&lines("all 3 2")), None);
    }
}
