//! What is measured, with its spread and its bound.

use std::{fmt, time::Duration};

/// The middle of several measurements, the least and the most of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// How many there are.
    pub(crate) count: usize,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Ratio,
    PerSecond,
    Millis,
    Micros,
    Seconds,
    Mebibytes,
    Kibibytes,
    Bytes,
    Count,
}

/// What a figure is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// Something measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// Under which load, if the line has several: `64 connections`.
    pub(crate) of: String,
    /// In words.
    pub(crate) name: &'static str,
    pub(crate) measured: Spread,
    pub(crate) unit: Unit,
    /// `None` for what is printed for orientation alone.
    pub(crate) bound: Option<Bound>,
    /// What it is held to instead where the bound is out of reach.
    pub(crate) restated: Option<f64>,
}

impl Spread {
    /// Of one measurement or several.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
            panic!("nothing was measured");
        };
        let (below, above) = ((sorted.len() - 1) / 2, sorted.len() / 2);
        let median = f64::midpoint(sorted[below], sorted[above]);
        Self { median, least, most, count: sorted.len() }
    }

    /// Of what was measured once.
    pub(crate) fn once(value: f64) -> Self {
        Self { median: value, least: value, most: value, count: 1 }
    }
}

impl Unit {
    /// A value as it is printed.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Millis => format!("{value:.2} ms"),
            Self::Micros => format!("{value:.2} µs"),
            Self::Seconds => format!("{value:.3} s"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Kibibytes => format!("{value:.1} KiB"),
            Self::Bytes => format!("{value:.0} B"),
            Self::Count => format!("{value:.0}"),
        }
    }

    /// By which programs that read the figures know it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::PerSecond => "per_s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Seconds => "s",
            Self::Mebibytes => "MiB",
            Self::Kibibytes => "KiB",
            Self::Bytes => "B",
            Self::Count => "count",
        }
    }
}

impl Bound {
    /// Whether a value keeps it.
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(floor) => value >= floor,
            Self::AtMost(ceiling) => value <= ceiling,
        }
    }

    /// The bound itself.
    pub(crate) fn value(self) -> f64 {
        match self {
            Self::AtLeast(value) | Self::AtMost(value) => value,
        }
    }

    /// Another bound on the same side.
    fn at(self, value: f64) -> Self {
        match self {
            Self::AtLeast(_) => Self::AtLeast(value),
            Self::AtMost(_) => Self::AtMost(value),
        }
    }

    /// As it is printed.
    pub(crate) fn show(self, unit: Unit) -> String {
        match self {
            Self::AtLeast(floor) => format!("≥ {}", unit.show(floor)),
            Self::AtMost(ceiling) => format!("≤ {}", unit.show(ceiling)),
        }
    }
}

impl Figure {
    /// A figure without a bound, of the load that `of` names.
    pub(crate) fn new(
        of: impl Into<String>,
        name: &'static str,
        unit: Unit,
        measured: Spread,
    ) -> Self {
        Self { of: of.into(), name, measured, unit, bound: None, restated: None }
    }

    /// Held to at least this.
    pub(crate) fn at_least(self, floor: f64) -> Self {
        Self { bound: Some(Bound::AtLeast(floor)), ..self }
    }

    /// Held to at most this.
    pub(crate) fn at_most(self, ceiling: f64) -> Self {
        Self { bound: Some(Bound::AtMost(ceiling)), ..self }
    }

    /// Held to this where the bound is out of reach. `docs/05_stress_testing.md` says why.
    pub(crate) fn restated(self, value: f64) -> Self {
        Self { restated: Some(value), ..self }
    }

    /// `met`, `restated` if only the restated bound is, `BELOW` or `ABOVE`, by the median; nothing
    /// for what has no bound.
    pub(crate) fn verdict(&self) -> &'static str {
        let (median, restated) = (self.measured.median, self.restated);
        match self.bound {
            None => "",
            Some(bound) if bound.is_met(median) => "met",
            Some(bound) if restated.is_some_and(|value| bound.at(value).is_met(median)) => RESTATED,
            Some(Bound::AtLeast(_)) => "BELOW",
            Some(Bound::AtMost(_)) => "ABOVE",
        }
    }

    /// Its bound as it is printed, and the restated one.
    pub(crate) fn shown_bound(&self) -> String {
        let bound = self.bound.map(|bound| bound.show(self.unit)).unwrap_or_default();
        match self.restated {
            None => bound,
            Some(value) => format!("{bound}, restated {}", self.unit.show(value)),
        }
    }

    /// The median, and the spread where there is one.
    pub(crate) fn shown(&self) -> String {
        let Spread { median, least, most, count: _ } = self.measured;
        let median = self.unit.show(median);
        let (least, most) = (self.unit.show(least), self.unit.show(most));
        if least == most { median } else { format!("{median} [{least} – {most}]") }
    }

    /// Its load and its name.
    pub(crate) fn title(&self) -> String {
        let Self { of, name, .. } = self;
        if of.is_empty() { (*name).to_owned() } else { format!("{of}: {name}") }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, shown, bound) = (self.title(), self.shown(), self.shown_bound());
        let (count, verdict) = (self.measured.count, self.verdict());
        write!(f, "{title:<52} {shown:<36} ×{count:<3} {bound:<31} {verdict}")
    }
}

/// The verdict on what keeps its restated bound alone.
pub(crate) const RESTATED: &str = "restated";

/// A count as a number to compute with.
#[expect(clippy::cast_precision_loss, reason = "nothing that is counted here comes near 2^52")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// The whole number nearest to a value that is not negative and fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and a rate or a count below nought is none"
)]
pub(crate) fn whole(value: f64) -> u32 {
    value.round() as u32
}

/// A time in milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::{Figure, Spread, Unit, whole};

    #[test]
    fn the_median_is_the_middle_one_or_lies_between_the_two() {
        let odd = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!(odd, Spread { median: 2.0, least: 1.0, most: 3.0, count: 3 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median.to_string(), "2.5");
        assert_eq!(Spread::of([7.0]), Spread::once(7.0));
    }

    #[test]
    fn a_floor_is_met_by_the_median_and_a_ceiling_too() {
        let ratio =
            |median| Figure::new("", "throughput", Unit::Ratio, Spread::once(median)).at_least(0.6);
        assert_eq!(ratio(0.6).verdict(), "met");
        assert_eq!(ratio(0.599).verdict(), "BELOW");
        let time = Figure::new("", "start", Unit::Seconds, Spread::once(3.1)).at_most(3.0);
        assert_eq!(time.verdict(), "ABOVE");
        assert_eq!(Figure::new("", "p99", Unit::Millis, Spread::once(1.0)).verdict(), "");
    }

    #[test]
    fn a_restated_bound_stands_beside_the_one_that_was_asked_for() {
        let ratio = |median| {
            let figure = Figure::new("", "throughput", Unit::Ratio, Spread::once(median));
            figure.at_least(0.6).restated(0.4)
        };
        assert_eq!(
            [0.6, 0.4, 0.39].map(|median| ratio(median).verdict()),
            ["met", "restated", "BELOW"]
        );
        assert_eq!(ratio(0.5).shown_bound(), "≥ 0.60, restated 0.40");
        let time = Figure::new("", "p99", Unit::Millis, Spread::once(9.0)).at_most(3.0);
        assert_eq!(
            [10.0, 8.0].map(|most| time.clone().restated(most).verdict()),
            ["restated", "ABOVE"]
        );
    }

    #[test]
    fn a_spread_is_shown_where_there_is_one() {
        let of = |spread| Figure::new("64 connections", "ratio", Unit::Ratio, spread);
        assert_eq!(of(Spread::of([0.5, 0.6, 0.75])).shown(), "0.60 [0.50 – 0.75]");
        assert_eq!(of(Spread::once(0.5)).shown(), "0.50");
        assert_eq!(of(Spread::once(0.5)).title(), "64 connections: ratio");
    }

    #[test]
    fn a_rate_becomes_the_nearest_whole_number() {
        assert_eq!((whole(2.5), whole(0.4), whole(-1.0)), (3, 0, 0));
    }
}
