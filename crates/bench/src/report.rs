//! The report for people: one page that needs nothing but itself.

mod svg;

use std::fmt::Write;

use crate::{
    board::{Board, Outcome, Row},
    figure::Figure,
    line::Measured,
};

/// Colours that can be told apart on both grounds, by those who see no red or green too.
const STYLE: &str = "
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --faint: #5a636e;
  --rule: #d0d7de; --met: #1a7f37; --missed: #b3261e; --restated: #8a5a00; --bar: #7d8ba0;
  --s0: #0b61a4; --s1: #b54708; --s2: #1a7f37; --s3: #7a3fb8; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --text: #e6e9ec; --faint: #a2acb7; --rule: #3a434d;
    --met: #56d079; --missed: #ff8a80; --restated: #f0c25e; --bar: #6d7a8c;
    --s0: #6cb6ff; --s1: #f0a35e; --s2: #56d079; --s3: #c9a2ff; }
}
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--rule);
  text-align: left; vertical-align: top; }
tbody th { font-weight: normal; }
.met { color: var(--met); } .restated { color: var(--restated); }
.missed { color: var(--missed); font-weight: bold; }
figure { margin: 1.5rem 0; } figcaption { font-weight: bold; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; } dd { margin: 0; }
dt { color: var(--faint); }
svg { width: 100%; height: auto; }
svg text { fill: var(--faint); font: 12px system-ui, sans-serif; }
.bar { width: 12rem; } .bar rect { fill: var(--bar); } .bar .met { fill: var(--met); }
.bar .restated { fill: var(--restated); } .bar .missed { fill: var(--missed); }
.bar line { stroke: var(--text); stroke-width: 2; }
.axis { stroke: var(--rule); fill: none; }
.s { fill: none; stroke-width: 2; } .s0 { stroke: var(--s0); }
.s1 { stroke: var(--s1); stroke-dasharray: 7 3; } .s2 { stroke: var(--s2); stroke-dasharray: 2 3; }
.s3 { stroke: var(--s3); stroke-dasharray: 9 3 2 3; }
.key { display: inline-block; width: 2.5rem; vertical-align: middle; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; }
";

/// The whole page.
pub(crate) fn page(board: &Board) -> String {
    let mut page = String::new();
    let sound = if board.is_sound() {
        "Every answer was right."
    } else {
        "<strong class=\"missed\">Not sound: an answer was wrong, or a line was not \
         measured.</strong>"
    };
    let (summary, seconds) = (escaped(&board.summary()), board.took().as_secs_f64());
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Stampede beside a bare handler</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <main>\n<h1>Stampede beside a bare handler</h1>\n<p>{sound} {summary}</p>\n\
         <p>A figure is the median, in brackets the least and the most, and the times that it was \
         measured. Ratios of one run compare with those of another; figures a second belong to \
         the machine. The run took {seconds:.0} s.</p>\n<dl>\n"
    )
    .expect("memory");
    for (name, words) in &board.machine.0 {
        writeln!(page, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(words)).expect("memory");
    }
    page.push_str("</dl>\n");
    for row in &board.rows {
        section(&mut page, row);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn section(page: &mut String, row: &Row) {
    let (name, what) = (row.line.name(), escaped(row.line.what));
    writeln!(page, "<section aria-labelledby=\"{name}\">\n<h2 id=\"{name}\">{name}: {what}</h2>")
        .expect("memory");
    match &row.outcome {
        Some(Outcome::Measured(measured)) => results(page, name, measured),
        Some(Outcome::Failed(why)) => {
            writeln!(page, "<p class=\"missed\">Failed: {}</p>", escaped(why)).expect("memory");
        }
        Some(Outcome::NotInThisVersion) | None => {
            writeln!(page, "<p>{}.</p>", row.state()).expect("memory");
        }
    }
    if !row.took.is_zero() {
        writeln!(page, "<p>It took {:.1} s.</p>", row.took.as_secs_f64()).expect("memory");
    }
    page.push_str("</section>\n");
}

fn results(page: &mut String, name: &str, measured: &Measured) {
    writeln!(
        page,
        "<div class=\"table\" role=\"region\" aria-labelledby=\"{name}\" tabindex=\"0\">\n<table>\n\
         <caption>Median [least – most]</caption>\n<thead><tr><th scope=\"col\">Load</th>\
         <th scope=\"col\">Figure</th><th scope=\"col\">Measured</th>\
         <th scope=\"col\">Times</th><th scope=\"col\">Bound</th>\
         <th scope=\"col\">Verdict</th><th scope=\"col\">Beside its bound</th></tr></thead>\n\
         <tbody>"
    )
    .expect("memory");
    for figure in &measured.figures {
        table_row(page, figure);
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
    for note in &measured.notes {
        writeln!(page, "<p>{}.</p>", escaped(note)).expect("memory");
    }
    for (number, chart) in measured.charts.iter().enumerate() {
        page.push_str(&svg::chart(chart, &format!("{name}-chart-{number}")));
    }
}

fn table_row(page: &mut String, figure: &Figure) {
    let (bound, verdict) = (figure.shown_bound(), figure.verdict());
    let class = svg::class(figure);
    let bar = figure.bound.map(|bound| svg::bar(figure, bound)).unwrap_or_default();
    writeln!(
        page,
        "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>\
         <td class=\"{class}\">{verdict}</td><td>{bar}</td></tr>",
        escaped(&figure.of),
        escaped(figure.name),
        escaped(&figure.shown()),
        figure.measured.count,
        escaped(&bound),
    )
    .expect("memory");
}

/// Text as it stands in HTML, between tags and within quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{escaped, page};
    use crate::{
        board::{Board, Outcome},
        chart::{Chart, Series},
        figure::{Figure, Spread, Unit},
        line::{Line, Measured},
        machine::Machine,
        pace::Pace,
    };

    fn board(outcomes: Vec<Option<Outcome>>) -> Board {
        let line = Line { names: &["P3"], what: "a < b & \"c\"", quick_s: 0, measure: None };
        let machine = Machine(vec![("processor", "<fast>".to_owned())]);
        let lines = vec![line; outcomes.len()];
        let mut board = Board::new(lines, Pace::new(false, None), machine);
        for (row, outcome) in board.rows.iter_mut().zip(outcomes) {
            row.outcome = outcome;
        }
        board
    }

    fn measured() -> Measured {
        let mut measured = Measured::default();
        let spread = Spread::of([0.5, 0.7]);
        let ratio = Figure::new("64 <connections>", "throughput ratio", Unit::Ratio, spread);
        measured.add(ratio.clone().at_least(0.5));
        measured.add(ratio.at_least(0.9));
        let points = vec![(0.0, 1.0), (1.0, 3.0)];
        let series = Series { name: "ours & bare".to_owned(), points };
        measured.charts.push(Chart {
            title: "A <chart>".to_owned(),
            x_name: "seconds",
            x_ticks: vec![(0.0, "0".to_owned())],
            y_name: "ms",
            series: vec![series],
        });
        measured
    }

    #[test]
    fn no_text_becomes_a_tag() {
        assert_eq!(escaped("<a b='c'>\"&\""), "&lt;a b=&#39;c&#39;&gt;&quot;&amp;&quot;");
        let failed = Outcome::Failed("<script>alert(1)</script>".to_owned());
        let page = page(&board(vec![Some(Outcome::Measured(measured())), Some(failed), None]));
        for bad in ["<script", "<connections>", "<chart>", "<fast>", "a < b"] {
            assert!(!page.contains(bad), "{bad} in {page}");
        }
        assert!(page.contains("64 &lt;connections&gt;") && page.contains("not measured."));
    }

    #[test]
    fn a_page_needs_nothing_but_itself() {
        let page = page(&board(vec![Some(Outcome::Measured(measured()))]));
        for outside in ["http://", "https://", "<link", "<img", "src=", "url(", "@import"] {
            assert!(!page.contains(outside), "{outside} in {page}");
        }
        assert!(page.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn verdicts_and_charts_are_told_in_words_too() {
        let page = page(&board(vec![Some(Outcome::Measured(measured()))]));
        assert!(page.contains("<td class=\"met\">met</td>"), "{page}");
        assert!(page.contains("<td class=\"missed\">BELOW</td>"), "{page}");
        assert!(page.contains("role=\"img\"") && page.contains("<details>"), "{page}");
    }
}
