//! A line of the table, and what came of it.

use std::rc::Rc;

use futures::future::LocalBoxFuture;

use crate::{bench::Bench, chart::Chart, figure::Figure};

/// Measures a line. It runs in a `LocalSet`, starts what it needs, and all of it is gone when it
/// ends. It panics when an answer was wrong or nothing could be measured.
pub(crate) type Measure = fn(Rc<Bench>) -> LocalBoxFuture<'static, Measured>;

/// What is measured under one name.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// `P3`, and what else it measures: `P3b`.
    pub(crate) names: &'static [&'static str],
    /// In words.
    pub(crate) what: &'static str,
    /// Seconds that it may take in a quick run, with what the lines before it left over.
    pub(crate) quick_s: u64,
    /// `None` for what this version does not have.
    pub(crate) measure: Option<Measure>,
}

/// What a line measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) figures: Vec<Figure>,
    /// In what it was not as it is shipped, and what else one has to know to read the figures.
    pub(crate) notes: Vec<String>,
    pub(crate) charts: Vec<Chart>,
}

impl Line {
    /// By which it is called.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

impl Measured {
    /// The median of a figure, by its load and its name.
    pub(crate) fn median(&self, of: &str, name: &str) -> Option<f64> {
        let mut figures = self.figures.iter();
        let found = figures.find(|figure| figure.of == of && figure.name == name)?;
        Some(found.measured.median)
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Holds no figure to anything.
    pub(crate) fn unbind(&mut self) {
        for figure in &mut self.figures {
            figure.bound = None;
            figure.restated = None;
        }
    }

    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }
}
