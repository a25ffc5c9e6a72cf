//! What the workers and the restores count.

use async_trait::async_trait;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Meter},
};
use stampede_application::{
    ports::{Drift, PortError, ReconciliationRun, Trigger},
    use_cases::Recorded,
};
use stampede_domain::SaleId;

use super::outbox_gauges::OutboxGauges;
use crate::{
    redis::{LogRestores, RestoreOutcome, RestoreReason, RestoreStep, RestoreWatch},
    watched::{Spans, Watch},
};

/// How a run of reconciliation ends, as labels.
const FINISHED: &str = "finished";
const FAILED: &str = "failed";

/// Counters of the workers and the restores; the exporter appends `_total`.
#[derive(Clone, Debug)]
pub struct QueueMetrics {
    recorded: Counter<u64>,
    dead_letters: Counter<u64>,
    mismatches: Counter<u64>,
    unrepaired: Counter<u64>,
    runs: Counter<u64>,
    restores: Counter<u64>,
    epochs: Counter<u64>,
    above_stock: Counter<u64>,
    pub(super) outbox: OutboxGauges,
    watch: Watch,
}

impl QueueMetrics {
    /// Makes the instruments and shows them at zero.
    #[must_use]
    pub fn new(meter: &Meter) -> Self {
        let metrics = Self {
            recorded: meter
                .u64_counter("outbox_purchases_recorded")
                .with_description("Purchases of the outbox that are new in the ledger.")
                .build(),
            dead_letters: meter
                .u64_counter("outbox_dead_letters")
                .with_description("Purchases that workers could not record and raised.")
                .build(),
            mismatches: meter
                .u64_counter("reconciliation_mismatches")
                .with_description("Drifts between gate and ledger, by kind.")
                .build(),
            unrepaired: meter
                .u64_counter("reconciliation_unrepaired")
                .with_description("Drifts that only a person can settle, by kind.")
                .build(),
            runs: meter
                .u64_counter("reconciliation_runs")
                .with_description("Runs of reconciliation, by outcome and trigger.")
                .build(),
            restores: meter
                .u64_counter("gate_restores")
                .with_description("Restores of a sale's gate, by reason and outcome.")
                .build(),
            epochs: meter
                .u64_counter("gate_epochs")
                .with_description("Epochs that restores have taken in the ledger.")
                .build(),
            above_stock: meter
                .u64_counter("receipts_above_stock")
                .with_description(
                    "Purchases that were accepted, lost in a fault, and found no place when they \
                     turned up: at level gate, receipts above the stock.",
                )
                .build(),
            outbox: OutboxGauges::new(meter),
            watch: Watch::new(meter),
        };
        metrics.start();
        metrics
    }

    /// The same, and makes spans of what belongs to a trace that is recorded.
    #[must_use]
    pub fn with_spans(mut self, spans: Spans) -> Self {
        self.watch = self.watch.with(spans);
        self
    }

    /// What watches the ports.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(super) fn recorded(&self, recorded: &Recorded) {
        self.recorded.add(recorded.inserted as u64, &[]);
        self.dead_letters.add(recorded.raised as u64, &[]);
    }

    /// A run of reconciliation, finished or not.
    pub fn reconciled(&self, run: &ReconciliationRun) {
        let outcome = if run.error.is_none() { FINISHED } else { FAILED };
        let trigger = KeyValue::new("trigger", run.trigger.as_str());
        self.runs.add(1, &[KeyValue::new("outcome", outcome), trigger]);
        for (drift, count) in &run.findings.0 {
            let kind = [KeyValue::new("drift", drift.as_str())];
            self.mismatches.add(u64::from(count.found()), &kind);
            self.unrepaired.add(u64::from(count.raised), &kind);
        }
        let lost = [Drift::StaleEntryRefused, Drift::SoldTwice];
        let lost = lost.map(|drift| u64::from(run.findings.of(drift).raised));
        self.above_stock.add(lost.iter().sum(), &[]);
    }

    /// Shows the counters at zero, so that a rate is known before the first event.
    fn start(&self) {
        self.recorded.add(0, &[]);
        self.dead_letters.add(0, &[]);
        self.epochs.add(0, &[]);
        self.above_stock.add(0, &[]);
        for drift in Drift::ALL {
            let kind = [KeyValue::new("drift", drift.as_str())];
            self.mismatches.add(0, &kind);
            self.unrepaired.add(0, &kind);
        }
        for trigger in Trigger::ALL {
            for outcome in [FINISHED, FAILED] {
                let trigger = KeyValue::new("trigger", trigger.as_str());
                self.runs.add(0, &[KeyValue::new("outcome", outcome), trigger]);
            }
        }
        for reason in RestoreReason::ALL {
            for outcome in RestoreOutcome::NAMES {
                let reason = KeyValue::new("reason", reason.as_str());
                self.restores.add(0, &[reason, KeyValue::new("outcome", outcome)]);
            }
        }
    }
}

/// Counts them, and has them in the log.
#[async_trait]
impl RestoreWatch for QueueMetrics {
    async fn reached(&self, sale: &SaleId, step: RestoreStep) -> Result<(), PortError> {
        if step == RestoreStep::Taken {
            self.epochs.add(1, &[]);
        }
        LogRestores.reached(sale, step).await
    }

    fn refused(&self, run: &ReconciliationRun) {
        self.reconciled(run);
    }

    fn ended(&self, sale: &SaleId, reason: RestoreReason, outcome: &RestoreOutcome) {
        let reason_word = KeyValue::new("reason", reason.as_str());
        self.restores.add(1, &[reason_word, KeyValue::new("outcome", outcome.as_str())]);
        LogRestores.ended(sale, reason, outcome);
    }
}
