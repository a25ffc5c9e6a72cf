//! What is measured of commits.

use std::time::Duration;

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter},
};

/// Upper bounds of times, in seconds.
const SECONDS: [f64; 13] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Upper bounds of ages, in seconds.
const AGES_S: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0];
/// Upper bounds of numbers of purchases.
const PURCHASES: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 512.0, 1024.0, 4096.0];

/// The instruments; each is used once a commit, never once a request.
#[derive(Clone, Debug)]
pub(super) struct Figures {
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
        Self {
            committed: seconds(
                "ledger_commit_seconds",
                &SECONDS,
                "Time of a commit in the ledger, by outcome.",
            ),
            purchases: meter
                .u64_histogram("ledger_commit_purchases")
                .with_boundaries(PURCHASES.to_vec())
                .with_description("Purchases in a commit.")
                .build(),
            age: seconds(
                "outbox_record_age_seconds",
                &AGES_S,
                "Age of the oldest purchase that a worker takes from the outbox.",
            ),
        }
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
