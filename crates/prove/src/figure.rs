//! What a trial measured besides whether it held.

use std::{fmt, time::Duration};

/// Something measured, under a name by which those of several trials are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// In words, as the board prints it.
    pub name: String,
    /// What was measured.
    pub measure: Measure,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// How many there were in a trial; the board prints the sum and the most.
    Count(u64),
    /// How long it took; the board prints the median and the longest.
    Time(Duration),
}

impl Figure {
    /// How many there were.
    #[must_use]
    pub fn count(name: impl Into<String>, count: usize) -> Self {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Self { name: name.into(), measure: Measure::Count(count) }
    }

    /// How many there were, if that was measured.
    #[must_use]
    pub fn as_count(&self) -> Option<usize> {
        match self.measure {
            Measure::Count(count) => usize::try_from(count).ok(),
            Measure::Time(_) => None,
        }
    }

    /// How long it took.
    #[must_use]
    pub fn time(name: impl Into<String>, took: Duration) -> Self {
        Self { name: name.into(), measure: Measure::Time(took) }
    }
}

/// The measurements of one name over several trials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) counts: Vec<u64>,
    pub(crate) times: Vec<Duration>,
}

impl Summary {
    pub(crate) fn add(&mut self, measure: Measure) {
        match measure {
            Measure::Count(count) => self.counts.push(count),
            Measure::Time(took) => self.times.push(took),
        }
    }

    /// The middle one of the times, the later of two.
    pub(crate) fn median(&self) -> Option<Duration> {
        let mut times = self.times.clone();
        times.sort();
        times.get(times.len() / 2).copied()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(most) = self.counts.iter().max() {
            write!(f, "{} in all, at most {most} in a trial", self.counts.iter().sum::<u64>())?;
        }
        if let (Some(median), Some(longest)) = (self.median(), self.times.iter().max()) {
            let seconds = |time: Duration| time.as_secs_f64();
            write!(f, "median {:.2} s, at most {:.2} s", seconds(median), seconds(*longest))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Measure, Summary};

    #[test]
    fn counts_are_summed_and_times_have_a_median() {
        let mut counts = Summary::default();
        for count in [3, 0, 4] {
            counts.add(Measure::Count(count));
        }
        assert_eq!(counts.to_string(), "7 in all, at most 4 in a trial");
        let mut times = Summary::default();
        for ms in [300, 100, 2_000] {
            times.add(Measure::Time(Duration::from_millis(ms)));
        }
        assert_eq!(times.to_string(), "median 0.30 s, at most 2.00 s");
    }
}
