//! Reconciliation on a schedule, by apalis-cron.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{BoxDynError, Data, Monitor, WorkerBuilder},
};
use apalis_cron::{CronScheduler, Tick};
use chrono::DateTime;
use stampede_application::{
    ports::{Causes, Findings, Thoroughness, Trigger},
    use_cases::Reconcile,
};

/// Runs reconciliation at each tick that no other node has taken.
pub(super) struct Reconciliation {
    reconcile: Arc<Reconcile>,
    schedule: cron::Schedule,
    /// Why the next run compares purchase by purchase, if it does: it is this node's first, or a
    /// store was away.
    whole_due: Mutex<Option<Trigger>>,
}

impl Reconciliation {
    pub(super) fn new(reconcile: Arc<Reconcile>, schedule: cron::Schedule) -> Self {
        Self { reconcile, schedule, whole_due: Mutex::new(Some(Trigger::Start)) }
    }

    pub(super) fn register(self: Arc<Self>, monitor: Monitor, node: &str) -> Monitor {
        let name = format!("{node}-reconciliation");
        monitor.register(move |_restart| {
            WorkerBuilder::new(name.as_str())
                .backend(CronScheduler::new(self.schedule.clone()))
                .data(self.clone())
                .catch_panic()
                .build(reconcile)
        })
    }

    /// Compares, unless another node does or has done so at this tick.
    pub(super) async fn run(&self) {
        // Taken before: a fault that comes while the run is at work asks for another.
        let whole = self.whole_due().take();
        let (trigger, thoroughness, rest) = match whole {
            Some(trigger) => (trigger, Thoroughness::Whole, Duration::ZERO),
            None => (Trigger::Schedule, Thoroughness::Counters, rest(&self.schedule)),
        };
        match self.reconcile.run_if_free(thoroughness, trigger, rest).await {
            Ok(None) => {
                let mut due = self.whole_due();
                *due = due.or(whole);
            }
            Ok(Some(run)) => {
                if let Some(error) = run.error {
                    tracing::warn!(error, "not every sale was compared");
                }
            }
            Err(error) => {
                self.store_lost();
                tracing::warn!(
                    error = %Causes(&error),
                    "reconciliation could not be finished"
                );
            }
        }
    }

    /// A worker met drift in what it had to record.
    pub(super) async fn drift_met(&self, findings: Findings) {
        self.reconcile.drift_met(findings).await;
    }

    /// A store was away: the next run looks at everything.
    pub(super) fn store_lost(&self) {
        *self.whole_due() = Some(Trigger::StoreBack);
    }

    fn whole_due(&self) -> std::sync::MutexGuard<'_, Option<Trigger>> {
        self.whole_due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long after a run of another node this one leaves a tick to it: half of the time between
/// two, so that nodes whose ticks come at one time run once.
fn rest(schedule: &cron::Schedule) -> Duration {
    let mut ticks = schedule.after(&DateTime::UNIX_EPOCH);
    let between = ticks.next().zip(ticks.next()).map(|(first, second)| second - first);
    between.and_then(|between| between.to_std().ok()).unwrap_or_default() / 2
}

/// One tick. Never an error: a failed run is told by its record and its metric.
async fn reconcile(
    _tick: Tick,
    reconciliation: Data<Arc<Reconciliation>>,
) -> Result<(), BoxDynError> {
    reconciliation.run().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use stampede_application::{
        live_sales::{Freshness, LiveSales},
        ports::Ledger,
        use_cases::{ReconcileLimits, ReconcileStores, RecordLimits, RecordPurchases},
    };

    use super::*;
    use crate::{
        OsRandomness, SystemClock,
        embedded::{
            EmbeddedCatalogue, EmbeddedDatabase, EmbeddedEngine, EmbeddedLedger, EngineLimits,
            EngineParts,
        },
    };

    #[test]
    fn a_node_rests_for_half_of_the_time_between_two_ticks() {
        for (schedule, seconds) in [("*/20 * * * * *", 10), ("0 0 * * * *", 1_800)] {
            assert_eq!(rest(&schedule.parse().unwrap()), Duration::from_secs(seconds));
        }
    }

    #[tokio::test]
    async fn a_nodes_first_run_and_the_first_after_a_store_was_away_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let database = EmbeddedDatabase::open(folder.path()).await.unwrap();
        let catalogue = Arc::new(EmbeddedCatalogue::new(database.clone(), 10));
        let clock = Arc::new(SystemClock::default());
        let parts = EngineParts {
            database: database.clone(),
            catalogue: catalogue.clone(),
            clock: clock.clone(),
            randomness: Arc::new(OsRandomness),
        };
        let engine = EmbeddedEngine::start(parts, EngineLimits::default()).await.unwrap();
        let ledger = Arc::new(EmbeddedLedger::new(database));
        let (gate, outbox) = (engine.gate(), engine.outbox());
        let limits = RecordLimits::default();
        let record = RecordPurchases::new(ledger.clone(), outbox.clone(), gate.clone(), limits);
        let live = Arc::new(LiveSales::new(clock, Freshness::Always));
        let stores = ReconcileStores { catalogue, ledger: ledger.clone(), gate, outbox, live };
        let (node, limits) = ("this".into(), ReconcileLimits::default());
        let reconcile = Reconcile::new(stores, Arc::new(record), node, limits, Arc::new(|_| {}));
        let schedule = "*/20 * * * * *".parse().unwrap();
        let reconciliation = Reconciliation::new(Arc::new(reconcile), schedule);
        let runs = async || {
            reconciliation.run().await;
            let run = ledger.last_run().await.unwrap().unwrap();
            (run.trigger, run.thoroughness)
        };
        let (whole, counters) = (Thoroughness::Whole, Thoroughness::Counters);
        assert_eq!(runs().await, (Trigger::Start, whole));
        assert_eq!(runs().await, (Trigger::Schedule, counters));
        reconciliation.store_lost();
        // Another fault, while the run for the first one is at work.
        tokio::join!(reconciliation.run(), async { reconciliation.store_lost() });
        assert_eq!(runs().await, (Trigger::StoreBack, whole));
        assert_eq!(runs().await, (Trigger::Schedule, counters));
    }
}
