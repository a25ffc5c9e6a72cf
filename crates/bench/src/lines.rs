//! The lines of the table, one a file or a small family.

mod calm;
mod cold_start;
mod drain;
mod flood;
mod many_buyers;
mod paths;
mod sell_out;
mod spread_out;
mod traced;
mod watched;

use std::fmt;

use crate::line::Line;

/// A name that no line has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoSuchLine(String);

impl fmt::Display for NoSuchLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no line {:?}: `--list` prints them", self.0)
    }
}

/// Every line, in the order of the table.
pub(crate) fn all() -> Vec<Line> {
    let [p1, p2, p3, p4, p5, p6] = paths::lines();
    vec![
        p1,
        p2,
        p3,
        p4,
        p5,
        p6,
        later(&["P7"], "attempt accepted, postgres"),
        calm::line(),
        flood::line(),
        sell_out::line(),
        drain::line(),
        watched::line(),
        many_buyers::line(),
        traced::line(),
        cold_start::line(),
        spread_out::line(),
    ]
}

/// A line that this version cannot measure.
fn later(names: &'static [&'static str], what: &'static str) -> Line {
    Line { names, what, quick_s: 0, measure: None }
}

/// Those that are asked for, or all of them.
///
/// # Errors
///
/// The first name that no line has.
pub(crate) fn chosen(only: &[String]) -> Result<Vec<Line>, NoSuchLine> {
    let mut lines = all();
    if only.is_empty() {
        return Ok(lines);
    }
    let has = |line: &Line, name: &str| line.names.iter().any(|own| own.eq_ignore_ascii_case(name));
    if let Some(unknown) = only.iter().find(|name| !lines.iter().any(|line| has(line, name))) {
        return Err(NoSuchLine(unknown.clone()));
    }
    lines.retain(|line| only.iter().any(|name| has(line, name)));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::{Line, NoSuchLine, all, chosen};
    use crate::pace::QUICK_START_S;

    fn names(only: &[&str]) -> Result<Vec<&'static str>, NoSuchLine> {
        let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
        Ok(chosen(&only)?.iter().map(Line::name).collect())
    }

    #[test]
    fn there_are_sixteen_lines_in_their_order() {
        let expected: Vec<String> = (1..=16).map(|number| format!("P{number}")).collect();
        assert_eq!(names(&[]).unwrap(), expected);
        assert_eq!(all().iter().filter(|line| line.measure.is_none()).count(), 1);
    }

    #[test]
    fn a_quick_run_is_over_within_two_minutes() {
        let lines: u64 = all().iter().map(|line| line.quick_s).sum();
        assert_eq!(QUICK_START_S + lines, 120);
    }

    #[test]
    fn a_line_is_chosen_by_any_of_its_names_and_another_is_told() {
        assert_eq!(names(&["p8", "P3b"]).unwrap(), ["P3", "P8"]);
        let unknown = names(&["P3", "P17"]).unwrap_err();
        assert_eq!(unknown.to_string(), "there is no line \"P17\": `--list` prints them");
    }
}
