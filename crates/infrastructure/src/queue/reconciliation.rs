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
        let whole = *self.whole_due();
        let (trigger, thoroughness, rest) = match whole {
            Some(trigger) => (trigger, Thoroughness::Whole, Duration::ZERO),
            None => (Trigger::Schedule, Thoroughness::Counters, rest(&self.schedule)),
        };
        match self.reconcile.run_if_free(thoroughness, trigger, rest).await {
            Ok(None) => {}
            Ok(Some(_)) => {
                // Another fault may have come while this run was at work.
                self.whole_due().take_if(|due| Some(*due) == whole);
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
    pub(super) async fn worker_found(&self, findings: &Findings) {
        if *findings == Findings::default() {
            return;
        }
        if let Err(error) = self.reconcile.worker_found(findings.clone()).await {
            tracing::warn!(error = %Causes(&error), "what a worker found is not on record");
        }
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
    use super::*;

    #[test]
    fn a_node_rests_for_half_of_the_time_between_two_ticks() {
        for (schedule, seconds) in [("*/20 * * * * *", 10), ("0 0 * * * *", 1_800)] {
            assert_eq!(rest(&schedule.parse().unwrap()), Duration::from_secs(seconds));
        }
    }
}
