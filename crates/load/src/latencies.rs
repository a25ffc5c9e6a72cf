//! Latencies as a histogram.
#![expect(
    clippy::expect_used,
    reason = "the bounds are constants of this file, and the library takes them"
)]

use std::{fmt, time::Duration};

use hdrhistogram::Histogram;

/// The longest latency that is told from longer ones: an hour.
pub(crate) const LONGEST: Duration = Duration::from_hours(1);
const LONGEST_US: u64 = 3_600_000_000;
/// Two latencies that differ by one in a thousand are told apart.
const DIGITS: u8 = 3;
/// Points of a curve between one half of what is left and the next.
const POINTS_A_HALF: u32 = 5;

/// A HDR histogram of latencies in microseconds: about 190 KiB, however many it holds.
#[derive(Clone)]
pub struct Latencies {
    histogram: Histogram<u64>,
    /// The histogram rounds up by as much as one in a thousand; the longest is told as it was.
    longest_us: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Self { histogram: histogram.expect("bounds that the library takes"), longest_us: 0 }
    }
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        let latency_us = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US).min(LONGEST_US);
        self.histogram.saturating_record(latency_us);
        self.longest_us = self.longest_us.max(latency_us);
    }

    /// Adds all of another run's.
    pub fn merge(&mut self, other: &Self) {
        self.histogram += &other.histogram;
        self.longest_us = self.longest_us.max(other.longest_us);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The latency that so large a share (0 to 1) did not exceed; zero if there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        self.told(self.histogram.value_at_quantile(share))
    }

    /// What half did not exceed.
    #[must_use]
    pub fn p50(&self) -> Duration {
        self.quantile(0.5)
    }

    /// What 99 of 100 did not exceed.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.quantile(0.99)
    }

    /// What 999 of 1,000 did not exceed.
    #[must_use]
    pub fn p999(&self) -> Duration {
        self.quantile(0.999)
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.longest_us)
    }

    /// Points of the curve of latencies: a share (0 to 1) and what it did not exceed, both rising.
    ///
    /// Five points on each way from a share to the middle between it and 1, so that a chart shows
    /// the slowest of a thousand as well as the half.
    #[must_use]
    pub fn points(&self) -> Vec<(f64, Duration)> {
        let values = self.histogram.iter_quantiles(POINTS_A_HALF);
        values.map(|at| (at.quantile_iterated_to(), self.told(at.value_iterated_to()))).collect()
    }

    fn told(&self, latency_us: u64) -> Duration {
        Duration::from_micros(latency_us.min(self.longest_us))
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latencies")
            .field("count", &self.count())
            .field("p50", &self.p50())
            .field("p99", &self.p99())
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, Latencies};

    fn of(latencies_ms: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for latency_ms in latencies_ms {
            latencies.record(Duration::from_millis(latency_ms));
        }
        latencies
    }

    /// Whether a latency is told to one in a thousand, and not too small.
    fn is_about(told: Duration, ms: u64) -> bool {
        let truly = Duration::from_millis(ms);
        told >= truly && told <= truly + truly / 1_000
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let latencies = of(1..=1_000);
        assert_eq!(latencies.count(), 1_000);
        assert!(is_about(latencies.p50(), 500), "{latencies:?}");
        assert!(is_about(latencies.p99(), 990), "{latencies:?}");
        assert!(is_about(latencies.p999(), 999), "{latencies:?}");
        assert_eq!(latencies.max(), Duration::from_secs(1));
    }

    #[test]
    fn merged_latencies_are_as_if_recorded_together() {
        let mut merged = of(1..=300);
        merged.merge(&of(301..=1_000));
        let together = of(1..=1_000);
        assert_eq!(merged.count(), together.count());
        assert_eq!(merged.points(), together.points());
        assert_eq!(merged.max(), together.max());
        merged.merge(&Latencies::default());
        assert_eq!(merged.points(), together.points());
    }

    #[test]
    fn none_at_all_are_zero() {
        let none = Latencies::default();
        assert_eq!((none.count(), none.p99(), none.max()), (0, Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn equal_latencies_are_told_as_they_were() {
        let latency = Duration::from_millis(123_456);
        let latencies = of([123_456; 10]);
        assert_eq!([latencies.p50(), latencies.p99(), latencies.max()], [latency; 3]);
    }

    #[test]
    fn what_is_longer_than_the_longest_counts_as_that() {
        assert_eq!(of([10_000_000]).max(), LONGEST);
        assert_eq!(of([10_000_000]).p50(), LONGEST);
    }

    #[test]
    fn a_curve_rises_to_the_longest() {
        let points = of(1..=1_000).points();
        assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{points:?}");
        assert_eq!(points.last(), Some(&(1.0, Duration::from_secs(1))));
        assert!(points.len() < 100, "{points:?}");
    }
}
