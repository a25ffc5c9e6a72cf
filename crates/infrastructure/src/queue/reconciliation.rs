//! Reconciliation on a schedule, by apalis-cron.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{BoxDynError, Data, Monitor, WorkerBuilder},
};
use apalis_cron::{CronScheduler, Tick};
use stampede_application::{
    ports::Causes,
    use_cases::{Reconcile, Thoroughness},
};

use super::queue_metrics::QueueMetrics;

/// Runs reconciliation at each tick.
///
/// Every node ticks by itself: each repair is conditional, so two runs at once mend once.
pub(super) struct Reconciliation {
    reconcile: Arc<Reconcile>,
    metrics: QueueMetrics,
    /// Whether the next run compares purchase by purchase: the first one, and the first after a
    /// store was away.
    whole_due: AtomicBool,
}

impl Reconciliation {
    pub(super) fn new(reconcile: Arc<Reconcile>, metrics: QueueMetrics) -> Self {
        metrics.start();
        Self { reconcile, metrics, whole_due: AtomicBool::new(true) }
    }

    pub(super) fn register(
        self: Arc<Self>,
        monitor: Monitor,
        schedule: cron::Schedule,
        node: &str,
    ) -> Monitor {
        let name = format!("{node}-reconciliation");
        monitor.register(move |_restart| {
            WorkerBuilder::new(name.as_str())
                .backend(CronScheduler::new(schedule.clone()))
                .data(self.clone())
                .catch_panic()
                .build(reconcile)
        })
    }

    pub(super) async fn run(&self) {
        let whole = self.whole_due.swap(false, Ordering::Relaxed);
        let thoroughness = if whole { Thoroughness::Whole } else { Thoroughness::Counters };
        match self.reconcile.run(None, thoroughness).await {
            Ok((run, findings)) => {
                self.metrics.reconciled(Some(&findings));
                if run.mismatches > 0 {
                    tracing::error!(run.mismatches, run.repaired, drifts = ?findings.drifts,
                        "gate and ledger disagreed");
                }
            }
            Err(error) => {
                self.whole_due.store(true, Ordering::Relaxed);
                self.metrics.reconciled(None);
                tracing::warn!(
                    error = %Causes(&error),
                    "reconciliation could not be finished"
                );
            }
        }
    }
}

/// One tick. Never an error: a failed run is told by its record and its metric.
async fn reconcile(
    _tick: Tick,
    reconciliation: Data<Arc<Reconciliation>>,
) -> Result<(), BoxDynError> {
    reconciliation.run().await;
    Ok(())
}
