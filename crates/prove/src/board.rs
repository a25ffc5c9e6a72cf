//! The board: what was tried, and what was found.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::{Value, json};

use crate::{Line, Plan, Trial, Turn, figure::Summary};

/// How many violations of one trial are printed; all are in the JSON.
const SHOWN_OF_A_TRIAL: usize = 5;

/// What stands so far of a run.
#[derive(Debug)]
pub struct Board {
    seed: u64,
    rows: Vec<Row>,
    took: Duration,
}

/// What stands of one kind of trials.
#[derive(Debug)]
struct Row {
    line: &'static str,
    title: &'static str,
    kind: &'static str,
    /// Trials of the full run, of this run, and done.
    full: u32,
    planned: u32,
    done: u32,
    failures: Vec<Failure>,
    figures: BTreeMap<String, Summary>,
}

/// A trial that showed what must not be.
#[derive(Debug)]
struct Failure {
    seed: u64,
    violations: Vec<String>,
}

impl Board {
    /// The empty board of a plan.
    #[must_use]
    pub fn of(lines: &[Line], plan: &Plan, seed: u64) -> Self {
        let rows = plan.shares.iter().map(|share| {
            let line = &lines[share.line];
            let kind = &line.kinds[share.kind];
            Row {
                line: line.name,
                title: line.title,
                kind: kind.name,
                full: kind.trials,
                planned: share.trials,
                done: 0,
                failures: Vec::new(),
                figures: BTreeMap::new(),
            }
        });
        Self { seed, rows: rows.collect(), took: Duration::ZERO }
    }

    /// Notes a trial, and answers what is to be said of it at once.
    pub fn note(&mut self, turn: Turn, trial: Trial, took: Duration) -> String {
        self.took += took;
        let row = &mut self.rows[turn.share];
        row.done += 1;
        for figure in trial.figures {
            row.figures.entry(figure.name).or_default().add(figure.measure);
        }
        let name = format!("{}/{}", row.line, row.kind);
        let seconds = took.as_secs_f64();
        let mut said = if trial.violations.is_empty() {
            format!("held   {name:<24} seed {} ({seconds:.1} s)", turn.seed)
        } else {
            let failure = Failure { seed: turn.seed, violations: trial.violations };
            let said = format!("BROKEN {name:<24} ({seconds:.1} s)\n{}", failure.told(row));
            row.failures.push(failure);
            said
        };
        let done: u32 = self.rows.iter().map(|row| row.done).sum();
        let planned: u32 = self.rows.iter().map(|row| row.planned).sum();
        said.insert_str(0, &format!("[{done}/{planned}] "));
        said
    }

    /// Whether every planned trial was done and none showed what must not be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.done >= row.planned && row.failures.is_empty())
    }

    /// All of it, for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::to_json).collect();
        json!({
            "seed": self.seed,
            "holds": self.holds(),
            "seconds": self.took.as_secs_f64(),
            "lines": rows,
        })
    }
}

impl Row {
    /// With how many trials out of a hundred it may still fail, at 95 %, when none of them did.
    fn bound_percent(&self) -> Option<f64> {
        let is_zero = self.failures.is_empty() && self.done > 0;
        is_zero.then(|| (300.0 / f64::from(self.done)).min(100.0))
    }

    fn to_json(&self) -> Value {
        let figures = self.figures.iter().map(|(name, summary)| {
            let seconds: Vec<f64> = summary.times.iter().map(Duration::as_secs_f64).collect();
            (name.clone(), json!({ "counts": summary.counts, "seconds": seconds }))
        });
        let failures = self.failures.iter().map(|failure| {
            json!({
                "seed": failure.seed,
                "violations": failure.violations,
                "repeat": repeat(self, failure.seed),
            })
        });
        json!({
            "line": self.line,
            "kind": self.kind,
            "title": self.title,
            "full": self.full,
            "planned": self.planned,
            "done": self.done,
            "complete": self.done >= self.planned,
            "boundPercent": self.bound_percent(),
            "failures": failures.collect::<Vec<_>>(),
            "figures": figures.collect::<serde_json::Map<_, _>>(),
        })
    }
}

impl Failure {
    fn told(&self, row: &Row) -> String {
        let shown = self.violations.iter().take(SHOWN_OF_A_TRIAL);
        let mut lines: Vec<String> = shown.map(|violation| format!("    {violation}")).collect();
        if self.violations.len() > SHOWN_OF_A_TRIAL {
            lines.push(format!("    and {} more", self.violations.len() - SHOWN_OF_A_TRIAL));
        }
        lines.push(format!("    repeat it: {}", repeat(row, self.seed)));
        lines.join("\n")
    }
}

/// What one types to see the same trial again.
fn repeat(row: &Row, seed: u64) -> String {
    format!("cargo xtask prove --only {}/{} --seed {seed} --trials 1", row.line, row.kind)
}

/// The sum stands as test programs have it, so that whoever counts tests counts trials too: what
/// failed, from the line `failures:` on, then how many did and how many passed.
impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== the board, seed {}", self.seed)?;
        writeln!(f, "    {:<26} {:>12} {:>11}  may still fail (95 %)", "", "trials", "violations")?;
        let mut line = "";
        for row in &self.rows {
            if row.line != line {
                line = row.line;
                writeln!(f, "{line:<4}{}", row.title)?;
            }
            write!(f, "{row}")?;
        }
        if !self.holds() {
            writeln!(f, "\nfailures:")?;
        }
        let (mut passed, mut failed) = (0, 0);
        for row in &self.rows {
            for failure in &row.failures {
                writeln!(f, "{}/{}\n{}", row.line, row.kind, failure.told(row))?;
            }
            let missing = row.planned.saturating_sub(row.done);
            if missing > 0 {
                writeln!(
                    f,
                    "{}/{}\n    INCOMPLETE: {missing} trials not done",
                    row.line, row.kind
                )?;
            }
            let broken = u32::try_from(row.failures.len()).unwrap_or(u32::MAX);
            passed += row.done - broken;
            failed += broken + missing;
        }
        if failed > 0 {
            writeln!(f, "  {failed} failed")?;
        }
        write!(f, "  {passed} passed ({:.1}m)", self.took.as_secs_f64() / 60.0)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trials = format!("{}/{}", self.done, self.planned);
        let bound = self.bound_percent().map_or("-".to_owned(), |most| format!("{most:.1} %"));
        write!(f, "    {:<26} {trials:>12} {:>11}  {bound}", self.kind, self.failures.len())?;
        if self.done < self.planned {
            write!(f, "  INCOMPLETE")?;
        } else if self.planned < self.full {
            write!(f, "  ({} in the full run)", self.full)?;
        }
        writeln!(f)?;
        for (name, summary) in &self.figures {
            writeln!(f, "      {name}: {summary}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Board;
    use crate::{Asked, Figure, Line, Plan, Trial};

    /// A board of three planned trials, of which those given were done.
    fn board(trials: Vec<Trial>) -> Board {
        let lines =
            [Line::new("R1", "killed").kind("redis", 3, 1.0, |_| async { Trial::default() })];
        let plan = Plan::of(&lines, &Asked { seed: 7, ..Asked::default() }).unwrap();
        let mut board = Board::of(&lines, &plan, 7);
        for (turn, trial) in plan.turns.iter().zip(trials) {
            board.note(*turn, trial, Duration::from_secs(20));
        }
        board
    }

    fn lost() -> Trial {
        let mut trial = Trial::default();
        trial.violate("PUR-1 was told and is nowhere");
        trial.measured(Figure::count("lost", 1));
        trial
    }

    #[test]
    fn a_board_holds_when_all_was_done_and_nothing_found() {
        let board = board(vec![Trial::default(); 3]);
        assert!(board.holds());
        let said = board.to_string();
        assert!(said.contains("3/3           0  100.0 %"), "{said}");
        assert!(said.ends_with("\n  3 passed (1.0m)"), "{said}");
        assert_eq!(board.to_json()["lines"][0]["boundPercent"], 100.0);
    }

    #[test]
    fn a_line_short_of_its_plan_is_incomplete() {
        let board = board(vec![Trial::default(); 2]);
        assert!(!board.holds());
        let said = board.to_string();
        assert!(said.contains("2/3           0  100.0 %  INCOMPLETE"), "{said}");
        assert!(said.contains("\n  1 failed\n  2 passed"), "{said}");
        assert_eq!(board.to_json()["lines"][0]["complete"], false);
    }

    #[test]
    fn what_must_not_be_is_said_with_the_command_that_repeats_it() {
        let board = board(vec![Trial::default(), lost(), Trial::default()]);
        assert!(!board.holds());
        let seed = board.rows[0].failures[0].seed;
        let said = board.to_string();
        let repeat = format!("cargo xtask prove --only R1/redis --seed {seed} --trials 1");
        for part in ["PUR-1 was told", &repeat, "lost: 1 in all", "\n  1 failed\n  2 passed"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!said.contains("100.0 %"), "no bound for what was seen to fail: {said}");
    }
}
