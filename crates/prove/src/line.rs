//! A promise under one fault, and how it is tried.

use std::fmt;

use futures::future::{FutureExt, LocalBoxFuture};

use crate::{Chance, Figure};

/// One line of the board: what is promised under one fault.
#[derive(Debug)]
pub struct Line {
    /// `R1`.
    pub name: &'static str,
    /// What is done, in words.
    pub title: &'static str,
    /// The kinds of trials of it, in the order in which they are printed.
    pub kinds: Vec<Kind>,
}

/// Trials of one kind: of one engine, one level, one fault among several.
pub struct Kind {
    /// One word, which `--only` can name: `embedded`.
    pub name: &'static str,
    /// Trials of the full run.
    pub trials: u32,
    /// What one costs about.
    pub seconds: f64,
    run: Box<dyn Fn(Chance) -> LocalBoxFuture<'static, Trial>>,
}

/// What one trial showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// What must not be, in words; none if the promise held.
    pub violations: Vec<String>,
    /// What was measured besides.
    pub figures: Vec<Figure>,
}

impl Line {
    /// A line without trials.
    #[must_use]
    pub fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title, kinds: Vec::new() }
    }

    /// With trials of one more kind: so many in the full run, of about so many seconds each.
    ///
    /// What `run` leaves to chance it takes from its argument and from nothing else. It starts
    /// what it needs, and all of it is gone when it ends. It runs in a `LocalSet`: what goes on
    /// beside it is for `tokio::task::spawn_local`.
    #[must_use]
    pub fn kind<F>(
        mut self,
        name: &'static str,
        trials: u32,
        seconds: f64,
        run: impl Fn(Chance) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = Trial> + 'static,
    {
        let run = Box::new(move |chance| run(chance).boxed_local());
        self.kinds.push(Kind { name, trials, seconds, run });
        self
    }

    /// Trials of the full run.
    #[must_use]
    pub fn trials(&self) -> u32 {
        self.kinds.iter().map(|kind| kind.trials).sum()
    }
}

impl Kind {
    /// Runs one trial.
    pub(crate) fn trial(&self, chance: Chance) -> LocalBoxFuture<'static, Trial> {
        (self.run)(chance)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kind").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Trial {
    /// Adds what must not be.
    pub fn violate(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// Adds what must not be, unless it `holds`.
    pub fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(what());
        }
    }

    /// What was counted under a name; `None` if nothing was.
    #[must_use]
    pub fn counted(&self, name: &str) -> Option<usize> {
        self.figures.iter().find(|figure| figure.name == name).and_then(Figure::as_count)
    }

    /// Adds what was measured.
    pub fn measured(&mut self, figure: Figure) {
        self.figures.push(figure);
    }
}
