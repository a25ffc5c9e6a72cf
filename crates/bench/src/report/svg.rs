//! Bars and charts as inline SVG.

use std::fmt::Write;

use super::escaped;
use crate::{
    chart::{Chart, Series},
    figure::{Bound, Figure, RESTATED},
};

/// The size of a chart, and of the room around its lines for words.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 45.0;
/// Lines across a chart.
const STEPS: u32 = 4;
/// Kinds of lines that the page's style knows.
const KINDS: usize = 4;
/// Rows of a chart's table: a curve of thousands of points tells no more in words.
const ROWS_MAX: usize = 60;
/// The size of a bar.
const BAR_WIDTH: f64 = 200.0;
const BAR_HEIGHT: f64 = 18.0;
/// A bound of nought has a bar too.
const SMALLEST: f64 = 1e-9;

/// The class by which a figure's verdict is coloured.
pub(super) fn class(figure: &Figure) -> &'static str {
    match figure.verdict() {
        verdict @ ("" | "met" | RESTATED) => verdict,
        _ => "missed",
    }
}

/// A figure as a bar, its bound as a stroke across it.
pub(super) fn bar(figure: &Figure, bound: Bound) -> String {
    let (median, limit) = (figure.measured.median.max(0.0), bound.value());
    // A bound lies at two thirds, so that a bar has room to go beyond it.
    let scale = BAR_WIDTH / (limit * 1.5).max(median).max(SMALLEST);
    let (length, stroke) = (median * scale, limit * scale);
    let words = format!("{}, bound {}", figure.shown(), bound.show(figure.unit));
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 {BAR_WIDTH} {BAR_HEIGHT}\" role=\"img\" \
         aria-label=\"{}\"><rect class=\"{}\" x=\"0\" y=\"4\" width=\"{length:.1}\" height=\"10\"/>\
         <line x1=\"{stroke:.1}\" y1=\"0\" x2=\"{stroke:.1}\" y2=\"{BAR_HEIGHT}\"/></svg>",
        escaped(&words),
        class(figure),
    )
}

/// A chart with its legend and its figures as a table.
pub(super) fn chart(chart: &Chart, id: &str) -> String {
    let mut text = String::new();
    let title = escaped(&chart.title);
    let (x_name, y_name) = (escaped(chart.x_name), escaped(chart.y_name));
    write!(
        text,
        "<figure>\n<figcaption id=\"{id}\">{title}</figcaption>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}\">\n"
    )
    .expect("memory");
    let scale = Scale::of(chart);
    axes(&mut text, chart, &scale);
    for (number, series) in chart.series.iter().enumerate() {
        let points: Vec<String> = series
            .points
            .iter()
            .map(|&(x, y)| format!("{:.1},{:.1}", scale.x(x), scale.y(y)))
            .collect();
        let (kind, points) = (number % KINDS, points.join(" "));
        writeln!(text, "<polyline class=\"s s{kind}\" points=\"{points}\"/>").expect("memory");
    }
    let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2.0;
    write!(
        text,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{x_name}</text>\n\
         <text x=\"4\" y=\"12\">{y_name}</text>\n</svg>\n<ul class=\"legend\">\n",
        HEIGHT - 6.0
    )
    .expect("memory");
    for (number, series) in chart.series.iter().enumerate() {
        writeln!(
            text,
            "<li><svg class=\"key\" viewBox=\"0 0 40 4\" aria-hidden=\"true\">\
             <line class=\"s s{}\" x1=\"0\" y1=\"2\" x2=\"40\" y2=\"2\"/></svg> {}</li>",
            number % KINDS,
            escaped(&series.name)
        )
        .expect("memory");
    }
    text.push_str("</ul>\n");
    table(&mut text, chart);
    text.push_str("</figure>\n");
    text
}

/// From values to places on the page.
struct Scale {
    left: f64,
    right: f64,
    top: f64,
}

impl Scale {
    fn of(chart: &Chart) -> Self {
        let points = || chart.series.iter().flat_map(|series| &series.points);
        let ticks = || chart.x_ticks.iter().map(|tick| tick.0);
        let places = || points().map(|point| point.0).chain(ticks());
        let left = places().fold(f64::INFINITY, f64::min);
        let right = places().fold(f64::NEG_INFINITY, f64::max);
        let highest = points().map(|point| point.1).fold(0.0, f64::max);
        // Nothing to show, or all in one place, is shown too.
        let left = if left.is_finite() { left } else { 0.0 };
        let right = if right > left { right } else { left + 1.0 };
        Self { left, right, top: round_up(highest) }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)
    }
}

/// The next of 1, 2, 5 and 10 times a power of ten.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let rounds = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    rounds.into_iter().find(|round| *round >= value).unwrap_or(value)
}

fn axes(text: &mut String, chart: &Chart, scale: &Scale) {
    let right = WIDTH - RIGHT;
    for step in 0..=STEPS {
        let value = scale.top * f64::from(step) / f64::from(STEPS);
        let y = scale.y(value);
        writeln!(
            text,
            "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            short(value)
        )
        .expect("memory");
    }
    for (place, word) in &chart.x_ticks {
        writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            scale.x(*place),
            HEIGHT - BOTTOM + 18.0,
            escaped(word)
        )
        .expect("memory");
    }
}

/// A number as short as it can be told.
fn short(value: f64) -> String {
    let digits = if value >= 10.0 { 0 } else { 2 };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// What the chart shows, for those who do not see it.
fn table(text: &mut String, chart: &Chart) {
    let (x_name, y_name) = (escaped(chart.x_name), escaped(chart.y_name));
    writeln!(
        text,
        "<details>\n<summary>In figures</summary>\n<table>\n<thead><tr><th scope=\"col\">Line</th>\
         <th scope=\"col\">{x_name}</th><th scope=\"col\">{y_name}</th></tr></thead>\n<tbody>"
    )
    .expect("memory");
    for series in &chart.series {
        let Series { name, points } = series;
        let step = points.len().div_ceil(ROWS_MAX).max(1);
        for (x, y) in points.iter().step_by(step) {
            let name = escaped(name);
            let x = word(chart, *x);
            writeln!(text, "<tr><th scope=\"row\">{name}</th><td>{x}</td><td>{y:.2}</td></tr>")
                .expect("memory");
        }
    }
    text.push_str("</tbody>\n</table>\n</details>\n");
}

/// A place of the axis by its word, if it has one.
fn word(chart: &Chart, x: f64) -> String {
    let mut ticks = chart.x_ticks.iter();
    let tick = ticks.find(|(place, _)| (place - x).abs() < f64::EPSILON);
    tick.map_or_else(|| short(x), |(_, word)| escaped(word))
}

#[cfg(test)]
mod tests {
    use super::{Scale, bar, round_up, short};
    use crate::{
        chart::Chart,
        figure::{Bound, Figure, Spread, Unit},
    };

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let rounded = [0.0, 0.9, 1.0, 1.1, 2.5, 7.0, 42_000.0].map(round_up);
        let rounded = rounded.map(|value| value.to_string());
        assert_eq!(rounded, ["1", "1", "1", "2", "5", "10", "50000"]);
    }

    #[test]
    fn a_chart_of_nothing_has_a_scale_all_the_same() {
        let chart = Chart::seconds("", "ms", Vec::new());
        let scale = Scale::of(&chart);
        assert!(scale.x(0.0).is_finite() && scale.y(0.0).is_finite());
    }

    #[test]
    fn a_bar_and_its_bound_keep_their_ratio() {
        let figure = Figure::new("", "ratio", Unit::Ratio, Spread::once(0.5)).at_least(0.5);
        let drawn = bar(&figure, Bound::AtLeast(0.5));
        assert!(drawn.contains("width=\"133.3\"") && drawn.contains("x1=\"133.3\""), "{drawn}");
        assert!(drawn.contains("aria-label=\"0.50, bound ≥ 0.50\""), "{drawn}");
        let none = Figure::new("", "missing", Unit::Count, Spread::once(0.0)).at_most(0.0);
        assert!(bar(&none, Bound::AtMost(0.0)).contains("width=\"0.0\""));
    }

    #[test]
    fn numbers_are_told_without_idle_digits() {
        let told = [0.0, 0.25, 2.5, 10.0, 25_000.0].map(short);
        assert_eq!(told, ["0", "0.25", "2.5", "10", "25000"]);
    }
}
