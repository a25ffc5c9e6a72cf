//! What is measured of batches and commits.

use std::time::Duration;

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter},
};

/// Upper bounds of times, in seconds.
const SECONDS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// Upper bounds of ages, in seconds.
const AGES_S: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0];
/// Upper bounds of numbers.
const COUNTS: [f64; 13] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0];

/// The instruments; each is used once a batch or a commit, never once a request.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    waited: Histogram<f64>,
    waiting: Histogram<u64>,
    attempts: Histogram<u64>,
    decided: Histogram<f64>,
    committed: Histogram<f64>,
    purchases: Histogram<u64>,
    age: Histogram<f64>,
}

impl Figures {
    pub(super) fn new(meter: &Meter) -> Self {
        let seconds = |name: &'static str, bounds: &[f64], meaning: &'static str| {
            let histogram = meter.f64_histogram(name).with_boundaries(bounds.to_vec());
            histogram.with_description(meaning).build()
        };
        let counts = |name: &'static str, meaning: &'static str| {
            let histogram = meter.u64_histogram(name).with_boundaries(COUNTS.to_vec());
            histogram.with_description(meaning).build()
        };
        Self {
            waited: seconds(
                "attempts_wait_seconds",
                &SECONDS,
                "How long a batch's first attempt has waited when the batch leaves for the gate.",
            ),
            waiting: counts(
                "lane_depth_attempts",
                "Attempts of a worker thread without an answer when a batch leaves.",
            ),
            attempts: counts("gate_batch_attempts", "Attempts in a batch."),
            decided: seconds(
                "gate_decide_seconds",
                &SECONDS,
                "Time of a batch at its gate, by outcome: the script's round trip on redis.",
            ),
            committed: seconds(
                "ledger_commit_seconds",
                &SECONDS,
                "Time of a commit in the ledger, by outcome.",
            ),
            purchases: counts("ledger_commit_purchases", "Purchases in a commit."),
            age: seconds(
                "outbox_record_age_seconds",
                &AGES_S,
                "Age of the oldest purchase that a worker takes from the outbox.",
            ),
        }
    }

    /// A batch leaves for the gate.
    pub(super) fn left(&self, waited: Duration, waiting: usize) {
        self.waited.record(waited.as_secs_f64(), &[]);
        self.waiting.record(waiting as u64, &[]);
    }

    /// A batch has come back from the gate.
    pub(super) fn decided(&self, attempts: usize, took: Duration, outcome: &'static str) {
        self.attempts.record(attempts as u64, &[]);
        self.decided.record(took.as_secs_f64(), &[KeyValue::new("outcome", outcome)]);
    }

    /// A commit has ended.
    pub(super) fn committed(&self, purchases: usize, took: Duration, outcome: &'static str) {
        self.purchases.record(purchases as u64, &[]);
        self.committed.record(took.as_secs_f64(), &[KeyValue::new("outcome", outcome)]);
    }

    /// A worker has taken purchases from the outbox.
    pub(super) fn taken(&self, oldest: Duration) {
        self.age.record(oldest.as_secs_f64(), &[]);
    }
}
