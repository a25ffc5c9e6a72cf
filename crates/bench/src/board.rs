//! The table: what was measured, held to its floors.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::{Value, json};

use crate::{
    figure::{Bound, Figure, RESTATED},
    line::{Line, Measured},
    machine::Machine,
    pace::Pace,
};

/// What stands so far of a run.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) pace: Pace,
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Row>,
}

/// A line, and what came of it; `None` before it was its turn.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: Line,
    pub(crate) outcome: Option<Outcome>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// What came of a line.
#[derive(Debug)]
pub(crate) enum Outcome {
    Measured(Measured),
    /// An answer was wrong, or it could not be measured; in words.
    Failed(String),
    NotInThisVersion,
}

/// What a quick run says of itself.
const QUICK: &str = "A quick run: it shows that the answers are right. Its ratios mean nothing.";

impl Board {
    pub(crate) fn new(lines: Vec<Line>, pace: Pace, machine: Machine) -> Self {
        let row = |line| Row { line, outcome: None, took: Duration::ZERO };
        Self { pace, machine, rows: lines.into_iter().map(row).collect() }
    }

    /// Whether every line was measured and every answer was right, whatever its floors.
    pub(crate) fn is_sound(&self) -> bool {
        self.rows.iter().all(|row| match row.outcome {
            Some(Outcome::Measured(_) | Outcome::NotInThisVersion) => true,
            Some(Outcome::Failed(_)) | None => false,
        })
    }

    /// How many figures keep their bounds, or that none is held to any.
    pub(crate) fn summary(&self) -> String {
        if self.pace.is_quick {
            return QUICK.to_owned();
        }
        let [met, restated, missed] = self.verdicts();
        format!("{met} bounds met, {restated} as restated, {missed} missed.")
    }

    /// How many figures are met, met as restated, and missed.
    fn verdicts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        let measured = self.rows.iter().filter_map(|row| row.outcome.as_ref()?.measured());
        for figure in measured.flat_map(|measured| &measured.figures) {
            match figure.verdict() {
                "" => {}
                "met" => counts[0] += 1,
                RESTATED => counts[1] += 1,
                _ => counts[2] += 1,
            }
        }
        counts
    }

    /// How long all lines took.
    pub(crate) fn took(&self) -> Duration {
        self.rows.iter().map(|row| row.took).sum()
    }

    /// All of it, for programs.
    pub(crate) fn to_json(&self) -> Value {
        let machine = self.machine.0.iter().map(|(name, words)| (*name, words.as_str()));
        let machine: BTreeMap<&str, &str> = machine.collect();
        let lines: Vec<Value> = self.rows.iter().map(Row::to_json).collect();
        json!({
            "quick": self.pace.is_quick,
            "rounds": self.pace.rounds,
            "machine": machine,
            "seconds": self.took().as_secs_f64(),
            "sound": self.is_sound(),
            "lines": lines,
        })
    }
}

impl Row {
    fn to_json(&self) -> Value {
        let (name, what) = (self.line.name(), self.line.what);
        let (state, seconds) = (self.state(), self.took.as_secs_f64());
        match &self.outcome {
            Some(Outcome::Measured(measured)) => {
                let figures: Vec<Value> = measured.figures.iter().map(figure_json).collect();
                json!({
                    "name": name, "what": what, "state": state, "seconds": seconds,
                    "figures": figures, "notes": measured.notes,
                })
            }
            Some(Outcome::Failed(why)) => {
                json!({
                    "name": name, "what": what, "state": state, "seconds": seconds,
                    "failed": why,
                })
            }
            Some(Outcome::NotInThisVersion) | None => {
                json!({ "name": name, "what": what, "state": state })
            }
        }
    }

    /// In a word or some.
    pub(crate) fn state(&self) -> &'static str {
        match self.outcome {
            Some(Outcome::Measured(_)) => "measured",
            Some(Outcome::Failed(_)) => "failed",
            Some(Outcome::NotInThisVersion) => "not in this version",
            None => "not measured",
        }
    }
}

fn figure_json(figure: &Figure) -> Value {
    let bound = figure.bound.map(|bound| match bound {
        Bound::AtLeast(floor) => json!({ "atLeast": floor }),
        Bound::AtMost(ceiling) => json!({ "atMost": ceiling }),
    });
    json!({
        "of": figure.of,
        "name": figure.name,
        "unit": figure.unit.word(),
        "median": figure.measured.median,
        "least": figure.measured.least,
        "most": figure.measured.most,
        "times": figure.measured.count,
        "bound": bound,
        "restated": figure.restated,
        "verdict": figure.verdict(),
    })
}

impl Outcome {
    /// What was measured, if it was.
    pub(crate) fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Measured(measured) => Some(measured),
            Self::Failed(_) | Self::NotInThisVersion => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(measured) => {
                for figure in &measured.figures {
                    writeln!(f, "    {figure}")?;
                }
                for note in &measured.notes {
                    writeln!(f, "    ({note})")?;
                }
                Ok(())
            }
            Self::Failed(why) => writeln!(f, "    FAILED: {why}"),
            Self::NotInThisVersion => writeln!(f, "    not in this version"),
        }
    }
}

/// The sum stands as test programs have it, so that whoever counts tests counts lines too: what
/// failed, from the line `failures:` on, then how many did and how many passed.
impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== median [least – most], × how often it was measured, bound, verdict")?;
        for row in &self.rows {
            writeln!(f, "{:<4} {}", row.line.name(), row.line.what)?;
            match &row.outcome {
                Some(outcome) => write!(f, "{outcome}")?,
                None => writeln!(f, "    not measured")?,
            }
        }
        writeln!(f, "{} It took {:.0} s.", self.summary(), self.took().as_secs_f64())?;
        if !self.is_sound() {
            writeln!(f, "NOT SOUND: an answer was wrong, or a line was not measured")?;
            writeln!(f, "\nfailures:")?;
        }
        let (mut passed, mut failed) = (0, 0);
        for row in &self.rows {
            let why = match &row.outcome {
                Some(Outcome::NotInThisVersion) => continue,
                Some(Outcome::Measured(_)) => {
                    passed += 1;
                    continue;
                }
                Some(Outcome::Failed(why)) => why,
                None => "not measured",
            };
            failed += 1;
            writeln!(f, "{}\n    {why}", row.line.name())?;
        }
        if failed > 0 {
            writeln!(f, "  {failed} failed")?;
        }
        write!(f, "  {passed} passed ({:.1}m)", self.took().as_secs_f64() / 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Board, Outcome};
    use crate::{
        figure::{Figure, Spread, Unit},
        line::{Line, Measured},
        machine::Machine,
        pace::Pace,
    };

    fn board(outcome: Option<Outcome>) -> Board {
        let line = Line { names: &["P3", "P3b"], what: "accepted", quick_s: 0, measure: None };
        let machine = Machine(vec![("kernel", "6.1".to_owned())]);
        let mut board = Board::new(vec![line], Pace::new(false, None), machine);
        board.rows[0].outcome = outcome;
        board
    }

    fn measured() -> Measured {
        let ratio = |of, value| {
            Figure::new(of, "throughput ratio", Unit::Ratio, Spread::of(value)).at_least(0.6)
        };
        let mut measured = Measured::default();
        measured.add(ratio("64 connections", [0.5, 0.55, 0.65]));
        measured.add(ratio("256 connections", [0.6, 0.7, 0.8]));
        measured.note("64 clients");
        measured
    }

    #[test]
    fn a_missed_floor_is_told_and_fails_nothing() {
        let board = board(Some(Outcome::Measured(measured())));
        assert!(board.is_sound());
        assert_eq!(board.verdicts(), [1, 0, 1]);
        let said = board.to_string();
        for part in ["64 connections: throughput ratio", "0.55 [0.50 – 0.65]", "≥ 0.60", "BELOW"]
        {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(said.contains("1 bounds met, 0 as restated, 1 missed."), "{said}");
        assert!(said.ends_with("\n  1 passed (0.0m)"), "{said}");
        let figure = &board.to_json()["lines"][0]["figures"][1];
        assert_eq!(figure["verdict"], "met");
        assert_eq!(figure["bound"]["atLeast"], 0.6);
        assert_eq!(figure["times"], 3);
        assert_eq!(board.to_json()["machine"]["kernel"], "6.1");
    }

    #[test]
    fn a_line_that_failed_or_was_not_reached_is_not_sound() {
        assert!(!board(None).is_sound());
        let failed = board(Some(Outcome::Failed("wrong answers".to_owned())));
        assert!(!failed.is_sound());
        assert!(failed.to_string().contains("FAILED: wrong answers"));
        assert!(board(Some(Outcome::NotInThisVersion)).is_sound());
    }

    #[test]
    fn what_failed_is_told_once_more_at_the_end_and_counted() {
        let mut all = board(Some(Outcome::Failed("wrong answers: 3".to_owned())));
        for outcome in [None, Some(Outcome::NotInThisVersion), Some(Outcome::Measured(measured()))]
        {
            all.rows.extend(board(outcome).rows);
        }
        let end = "\nfailures:\nP3\n    wrong answers: 3\nP3\n    not measured\n  2 failed\n  \
                   1 passed (0.0m)";
        let said = all.to_string();
        assert!(said.ends_with(end), "{said}");
    }
}
