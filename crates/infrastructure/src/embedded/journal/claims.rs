//! Which worker of this process holds which entry.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

/// Entries in somebody's hand, by row.
///
/// Rows are given in order and handed out in order, so one number parts those that were handed
/// out from those that were not. Bounded by what the workers hold at a time.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Every row up to this one was handed out, or was done before anybody asked.
    handed_out: i64,
    held: BTreeMap<i64, Claim>,
}

#[derive(Debug)]
struct Claim {
    consumer: Box<str>,
    /// When it was taken or last renewed.
    since: Instant,
}

impl Claims {
    pub(super) fn handed_out(&self) -> i64 {
        self.handed_out
    }

    pub(super) fn hand_out(&mut self, consumer: &str, ids: impl Iterator<Item = i64>) {
        for id in ids {
            self.handed_out = self.handed_out.max(id);
            self.hold(consumer, id);
        }
    }

    /// Rows that were not renewed for `idle`, in whosever hand; first those that have waited
    /// longest, so that what comes back again and again keeps nothing behind it waiting.
    pub(super) fn idle(&self, idle: Duration, rows_max: usize) -> Vec<i64> {
        let idle = self.held.iter().filter(|(_, claim)| claim.since.elapsed() >= idle);
        let mut idle: Vec<_> = idle.map(|(id, claim)| (claim.since, *id)).collect();
        idle.sort_unstable();

        idle.into_iter().map(|(_, id)| id).take(rows_max).collect()
    }

    pub(super) fn hand_over(&mut self, consumer: &str, ids: &[i64]) {
        for &id in ids {
            self.hold(consumer, id);
        }
    }

    /// Renews those that `consumer` holds; what another took over stays with it.
    pub(super) fn renew(&mut self, consumer: &str, ids: &[i64]) {
        for id in ids {
            if let Some(claim) = self.held.get_mut(id).filter(|claim| &*claim.consumer == consumer)
            {
                claim.since = Instant::now();
            }
        }
    }

    pub(super) fn release(&mut self, ids: &[i64]) {
        for id in ids {
            self.held.remove(id);
        }
    }

    fn hold(&mut self, consumer: &str, id: i64) {
        self.held.insert(id, Claim { consumer: consumer.into(), since: Instant::now() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn what_is_renewed_in_time_stays_where_it_is() {
        let mut claims = Claims::default();
        claims.hand_out("one", [1, 2].into_iter());
        assert_eq!(claims.handed_out(), 2);
        tokio::time::advance(MINUTE).await;
        claims.renew("one", &[1]);
        claims.renew("two", &[2]);
        assert_eq!(claims.idle(MINUTE, 10), [2]);
        claims.hand_over("two", &[2]);
        assert!(claims.idle(MINUTE, 10).is_empty());
        tokio::time::advance(MINUTE).await;
        claims.renew("one", &[2]);
        assert_eq!(claims.idle(MINUTE, 1), [1]);
        claims.release(&[1, 2]);
        assert!(claims.idle(Duration::ZERO, 10).is_empty());
    }
}
