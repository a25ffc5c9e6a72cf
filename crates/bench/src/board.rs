//! The table: what was measured, held to its floors.

use std::fmt;

use serde_json::{Value, json};

use crate::{
    figure::{Bound, Figure},
    line::{Line, Measured},
    pace::Pace,
};

/// What stands so far of a run.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) pace: Pace,
    pub(crate) rows: Vec<Row>,
}

/// A line, and what came of it; `None` before it was its turn.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: Line,
    pub(crate) outcome: Option<Outcome>,
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
pub(crate) const QUICK: &str =
    "A quick run: it shows that the answers are right. Its ratios mean nothing.";

impl Board {
    pub(crate) fn new(lines: Vec<Line>, pace: Pace) -> Self {
        let rows = lines.into_iter().map(|line| Row { line, outcome: None });
        Self { pace, rows: rows.collect() }
    }

    /// Whether every line was measured and every answer was right, whatever its floors.
    pub(crate) fn is_sound(&self) -> bool {
        self.rows.iter().all(|row| match row.outcome {
            Some(Outcome::Measured(_) | Outcome::NotInThisVersion) => true,
            Some(Outcome::Failed(_)) | None => false,
        })
    }

    /// How many figures keep their bounds, and how many do not.
    pub(crate) fn verdicts(&self) -> (usize, usize) {
        let measured = self.rows.iter().filter_map(|row| row.outcome.as_ref()?.measured());
        let figures = measured.flat_map(|measured| &measured.figures);
        let bound = figures.filter(|figure| figure.bound.is_some());
        let (met, missed): (Vec<_>, Vec<_>) = bound.partition(|figure| figure.verdict() == "met");
        (met.len(), missed.len())
    }

    /// All of it, for programs.
    pub(crate) fn to_json(&self) -> Value {
        let lines: Vec<Value> = self.rows.iter().map(Row::to_json).collect();
        json!({
            "quick": self.pace.is_quick,
            "rounds": self.pace.rounds,
            "sound": self.is_sound(),
            "lines": lines,
        })
    }
}

impl Row {
    fn to_json(&self) -> Value {
        let (name, what) = (self.line.name(), self.line.what);
        let state = self.state();
        match &self.outcome {
            Some(Outcome::Measured(measured)) => {
                let figures: Vec<Value> = measured.figures.iter().map(figure_json).collect();
                json!({
                    "name": name, "what": what, "state": state,
                    "figures": figures, "notes": measured.notes,
                })
            }
            Some(Outcome::Failed(why)) => {
                json!({ "name": name, "what": what, "state": state, "failed": why })
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
        "bound": bound,
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

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== {} rounds; median [least – most], bound, verdict", self.pace.rounds)?;
        if self.pace.is_quick {
            writeln!(f, "{QUICK}")?;
        }
        for row in &self.rows {
            writeln!(f, "{:<4} {}", row.line.name(), row.line.what)?;
            match &row.outcome {
                Some(outcome) => write!(f, "{outcome}")?,
                None => writeln!(f, "    not measured")?,
            }
        }
        let (met, missed) = self.verdicts();
        write!(f, "{met} bounds met, {missed} missed")?;
        if !self.is_sound() {
            write!(f, "; NOT SOUND: an answer was wrong, or a line was not measured")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Board, Outcome};
    use crate::{
        figure::{Figure, Spread, Unit},
        line::{Line, Measured},
        pace::Pace,
    };

    fn board(outcome: Option<Outcome>) -> Board {
        let line = Line { names: &["P3", "P3b"], what: "accepted", measure: None };
        let mut board = Board::new(vec![line], Pace::new(false, None));
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
        assert_eq!(board.verdicts(), (1, 1));
        let said = board.to_string();
        for part in ["64 connections: throughput ratio", "0.55 [0.50 – 0.65]", "≥ 0.60", "BELOW"]
        {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(said.ends_with("1 bounds met, 1 missed"), "{said}");
        let figure = &board.to_json()["lines"][0]["figures"][1];
        assert_eq!(figure["verdict"], "met");
        assert_eq!(figure["bound"]["atLeast"], 0.6);
    }

    #[test]
    fn a_line_that_failed_or_was_not_reached_is_not_sound() {
        assert!(!board(None).is_sound());
        let failed = board(Some(Outcome::Failed("wrong answers".to_owned())));
        assert!(!failed.is_sound());
        assert!(failed.to_string().contains("FAILED: wrong answers"));
        assert!(board(Some(Outcome::NotInThisVersion)).is_sound());
    }
}
