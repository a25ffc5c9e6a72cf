//! What waits in the outbox, looked at now and then.

use std::{sync::Arc, time::Duration};

use opentelemetry::metrics::{Gauge, Meter};
use stampede_application::ports::{Clock as _, Entry, EntryBody, Outbox, PortError};
use stampede_domain::Instant;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::SystemClock;

/// How often it is looked.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// So many dead letters are counted: whoever has more looks at them by the API.
const LETTERS_MAX: usize = 100;

/// Entries that are read of a shard whose first says no instant: an entry may be large.
const BEHIND_MAX: usize = 8;

/// Of the outbox of all nodes, as this one has last seen it.
#[derive(Clone, Debug)]
pub(super) struct OutboxGauges {
    entries: Gauge<u64>,
    oldest: Gauge<f64>,
    letters: Gauge<u64>,
}

impl OutboxGauges {
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            entries: meter
                .u64_gauge("outbox_entries")
                .with_description("Entries of the outbox that are not in the ledger, of all nodes.")
                .build(),
            oldest: meter
                .f64_gauge("outbox_oldest_seconds")
                .with_description(
                    "Age of the oldest purchase in the outbox, of all nodes; grows while that is away.",
                )
                .build(),
            letters: meter
                .u64_gauge("dead_letters_waiting")
                .with_description("Dead letters that wait for a person, of all nodes.")
                .build(),
        }
    }

    /// Looks until `stop`. Where the outbox does not answer, what waits is said to age, as it does
    /// if nobody takes it to the ledger; the other figures stay as they were.
    pub(super) async fn watch(self, outbox: Arc<dyn Outbox>, stop: CancellationToken) {
        let clock = SystemClock::default();
        // As far as is known, all that was accepted before this is in the ledger.
        let mut recorded_to = None;
        let mut looks = interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(looks.tick()).await.is_some() {
            let Some(looked) = stop.run_until_cancelled(self.look(outbox.as_ref())).await else {
                return;
            };
            let now = clock.now();
            match looked {
                Ok(oldest) => recorded_to = Some(oldest.unwrap_or(now)),
                Err(error) => tracing::debug!(%error, "the outbox was not looked at"),
            }
            if let Some(recorded_to) = recorded_to {
                let age_ms = u64::try_from(now.millis_since(recorded_to)).unwrap_or_default();
                self.oldest.record(Duration::from_millis(age_ms).as_secs_f64(), &[]);
            }
            if let Some(Err(error)) = stop.run_until_cancelled(self.count(outbox.as_ref())).await {
                tracing::debug!(%error, "the dead letters were not counted");
            }
        }
    }

    /// Tells how many entries wait, and answers when the oldest purchase in them was accepted.
    async fn look(&self, outbox: &dyn Outbox) -> Result<Option<Instant>, PortError> {
        self.entries.record(outbox.depth().await?, &[]);
        let mut oldest = None::<Instant>;
        for shard in outbox.shards() {
            let mut first = outbox.overdue(shard, Instant::MAX, 1).await?;
            if first.first().is_some_and(|entry| accepted(entry).is_none()) {
                first = outbox.overdue(shard, Instant::MAX, BEHIND_MAX).await?;
            }
            oldest = oldest.into_iter().chain(first.iter().filter_map(accepted)).min();
        }
        Ok(oldest)
    }

    /// Counts the letters: most lie in the ledger, which may be away while the outbox is not.
    async fn count(&self, outbox: &dyn Outbox) -> Result<(), PortError> {
        let letters = outbox.dead_letters(None, LETTERS_MAX).await?;
        self.letters.record(letters.len() as u64, &[]);
        Ok(())
    }
}

/// When the first purchase of an entry was accepted; a change says no instant.
fn accepted(entry: &Entry) -> Option<Instant> {
    match &entry.body {
        EntryBody::Purchases(purchases) => purchases.first().map(|first| first.purchase.at),
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => None,
    }
}
