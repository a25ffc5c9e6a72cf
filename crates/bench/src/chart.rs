//! What a chart shows; `report` draws it.

/// Lines over one axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What is under the axis: `seconds`.
    pub(crate) x_name: &'static str,
    /// Places of the axis that have a word.
    pub(crate) x_ticks: Vec<(f64, String)>,
    /// What is beside the axis: `requests/s`. It begins at 0.
    pub(crate) y_name: &'static str,
    pub(crate) series: Vec<Series>,
}

/// One line of a chart, from left to right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// The latest percentile that a curve shows.
const LAST_PERCENTILE: f64 = 0.9999;
/// Percentiles with a word, as parts of one.
const PERCENTILES: [(f64, &str); 6] = [
    (0.0, "0 %"),
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (LAST_PERCENTILE, "99.99 %"),
];

impl Chart {
    /// Latencies by percentile: each further nine has the same width, since the last ones matter.
    ///
    /// Points of the curves are parts of one and milliseconds.
    pub(crate) fn percentiles(title: impl Into<String>, curves: Vec<Series>) -> Self {
        let series = curves.into_iter().map(|Series { name, points }| {
            let points = points.into_iter().filter(|(part, _)| *part <= LAST_PERCENTILE);
            Series { name, points: points.map(|(part, ms)| (nines(part), ms)).collect() }
        });
        Self {
            title: title.into(),
            x_name: "percentile",
            x_ticks: PERCENTILES.map(|(part, word)| (nines(part), word.to_owned())).to_vec(),
            y_name: "ms",
            series: series.collect(),
        }
    }

    /// Something by second of a run.
    pub(crate) fn seconds(
        title: impl Into<String>,
        y_name: &'static str,
        curves: Vec<(&str, Vec<f64>)>,
    ) -> Self {
        let length = curves.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        let step = (length / 6).max(1);
        let second = |place: usize| f64::from(u32::try_from(place).unwrap_or(u32::MAX));
        let series = curves.into_iter().map(|(name, values)| Series {
            name: name.to_owned(),
            points: values.into_iter().enumerate().map(|(at, y)| (second(at), y)).collect(),
        });
        Self {
            title: title.into(),
            x_name: "seconds",
            x_ticks: (0..length).step_by(step).map(|at| (second(at), at.to_string())).collect(),
            y_name,
            series: series.collect(),
        }
    }
}

/// 0 for the least, 1 for 90 %, 2 for 99 %.
fn nines(part: f64) -> f64 {
    -(1.0 - part.min(LAST_PERCENTILE)).log10()
}

#[cfg(test)]
mod tests {
    use super::{Chart, Series};

    #[test]
    fn each_further_nine_is_as_wide_as_the_last() {
        let points = vec![(0.9, 1.0), (0.99, 2.0), (0.999, 5.0), (0.999_999, 80.0)];
        let chart = Chart::percentiles("", vec![Series { name: "ours".to_owned(), points }]);
        let places: Vec<String> =
            chart.series[0].points.iter().map(|(x, _)| format!("{x:.3}")).collect();
        assert_eq!(places, ["1.000", "2.000", "3.000"]);
    }

    #[test]
    fn a_long_run_has_a_word_for_some_of_its_seconds() {
        let chart = Chart::seconds("", "requests/s", vec![("sent", vec![1.0; 60])]);
        assert_eq!(chart.x_ticks.len(), 6);
        assert_eq!(chart.x_ticks[1], (10.0, "10".to_owned()));
        assert_eq!(chart.series[0].points.len(), 60);
    }
}
