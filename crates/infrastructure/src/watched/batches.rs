//! What is measured of batches.
//!
//! By Prometheus' own histograms, which are a few atomic additions; those of OpenTelemetry hash
//! labels and take a lock, and where few buyers come a batch is a request.

use prometheus::{Histogram, HistogramOpts, HistogramVec, core::Collector};
use stampede_application::ports::{BatchTook, Judged, PortError};

/// Upper bounds of times, in seconds.
const SECONDS: [f64; 15] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];
/// Upper bounds of numbers of attempts.
const ATTEMPTS: [f64; 12] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0, 16384.0];

/// The histograms; cheap to clone, and the same for all lanes.
#[derive(Clone, Debug)]
pub(super) struct Batches {
    waited: Histogram,
    waiting: Histogram,
    attempts: Histogram,
    decided: HistogramVec,
    outcomes: Outcomes,
}

/// Those of `decided`, so that nobody looks for them by their words.
#[derive(Clone, Debug)]
struct Outcomes {
    decided: Histogram,
    unknown_sale: Histogram,
    unavailable: Histogram,
    inconsistent: Histogram,
}

impl Batches {
    pub(super) fn new() -> Self {
        let decided = HistogramVec::new(
            options(
                "gate_decide_seconds",
                &SECONDS,
                "Time of a batch at its gate, by outcome: the script's round trip on redis",
            ),
            &["outcome"],
        );
        let Ok(decided) = decided else { unreachable!("name and label are right") };
        let outcome = |word| decided.with_label_values(&[word]);
        Self {
            waited: histogram(
                "attempts_wait_seconds",
                &SECONDS,
                "How long a batch's first attempt has waited when the batch leaves for the gate",
            ),
            waiting: histogram(
                "lane_depth_attempts",
                &ATTEMPTS,
                "Attempts of a worker thread without an answer when a batch leaves",
            ),
            attempts: histogram("gate_batch_attempts", &ATTEMPTS, "Attempts in a batch"),
            outcomes: Outcomes {
                decided: outcome("decided"),
                unknown_sale: outcome("unknown_sale"),
                unavailable: outcome("unavailable"),
                inconsistent: outcome("inconsistent"),
            },
            decided,
        }
    }

    /// What a registry shows of them.
    pub(super) fn collectors(&self) -> Vec<Box<dyn Collector>> {
        let plain = [&self.waited, &self.waiting, &self.attempts];
        let plain = plain.map(|one| Box::new(one.clone()) as Box<dyn Collector>);
        let by_outcome: Box<dyn Collector> = Box::new(self.decided.clone());
        plain.into_iter().chain([by_outcome]).collect()
    }

    /// A batch has come back from the gate.
    #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floating point")]
    pub(super) fn measured(&self, batch: &BatchTook, judged: &Result<Judged, PortError>) {
        self.waited.observe(batch.waited.as_secs_f64());
        self.waiting.observe(batch.waiting as f64);
        self.attempts.observe(batch.attempts as f64);
        let outcome = match judged {
            Ok(Judged::Decided { .. }) => &self.outcomes.decided,
            Ok(Judged::UnknownSale) => &self.outcomes.unknown_sale,
            Err(PortError::Unavailable { .. }) => &self.outcomes.unavailable,
            Err(PortError::Inconsistent { .. }) => &self.outcomes.inconsistent,
        };
        outcome.observe(batch.took.as_secs_f64());
    }
}

fn options(name: &str, bounds: &[f64], meaning: &str) -> HistogramOpts {
    HistogramOpts::new(name, meaning).buckets(bounds.to_vec())
}

fn histogram(name: &str, bounds: &[f64], meaning: &str) -> Histogram {
    let made = Histogram::with_opts(options(name, bounds, meaning));
    let Ok(histogram) = made else { unreachable!("the name is right") };
    histogram
}
