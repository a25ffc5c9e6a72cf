//! One order in which every acceptance and every answer happens between its begin and its end.

use std::{fmt, ops::RangeInclusive, time::Duration};

use super::{CLOCK_ERROR, acceptances::Acceptances, answers::Answer};
use crate::Trial;

/// What sets a bound.
#[derive(Clone, Copy)]
enum Culprit<'a> {
    Acceptance(&'a str),
    Answer(&'a Answer<'a>),
}

/// An instant, and what sets it.
type Bound<'a> = (Duration, Culprit<'a>);

/// The `i`-th acceptance may happen no sooner than each acceptance before it began, and each answer
/// that is right only before it; and no later than each acceptance after it ended, and each answer
/// that is right only after it. If that leaves an instant for each of them, they can all be put
/// there, since both bounds rise, and every answer has room between its neighbours. One that
/// floats has its place by another life's clock, so its bounds are its own.
///
/// Answers these bounds, by which the `i`-th acceptance happened.
pub(super) fn check(
    sale: &Acceptances<'_>,
    answers: &[Answer<'_>],
    trial: &mut Trial,
) -> Vec<RangeInclusive<Duration>> {
    let of_row = |index: usize, at: Duration| {
        let number = &sale.rows[index].recorded.purchase_no;
        (at, Culprit::Acceptance(number))
    };
    let mut sooner: Vec<Bound<'_>> =
        (0..sale.rows.len()).map(|index| of_row(index, sale.rows[index].begun)).collect();
    let mut later: Vec<Bound<'_>> =
        (0..sale.rows.len()).map(|index| of_row(index, sale.rows[index].ended)).collect();
    for answer in answers {
        let (first, last) = (*answer.states.start(), *answer.states.end());
        if let Some(next) = sooner.get_mut(last)
            && next.0 < answer.begun
        {
            *next = (answer.begun, Culprit::Answer(answer));
        }
        if let Some(before) = first.checked_sub(1)
            && later[before].0 > answer.ended
        {
            later[before] = (answer.ended, Culprit::Answer(answer));
        }
    }
    let placed: Vec<usize> =
        (0..sale.rows.len()).filter(|&index| !sale.rows[index].floats).collect();
    for (&before, &index) in placed.iter().zip(placed.iter().skip(1)) {
        if sooner[index].0 < sooner[before].0 {
            sooner[index] = sooner[before];
        }
    }
    for (&before, &index) in placed.iter().zip(placed.iter().skip(1)).rev() {
        if later[before].0 > later[index].0 {
            later[before] = later[index];
        }
    }
    // The instants of several lives come from the stores' clocks, which are no order to the
    // microsecond.
    let error = if sale.is_one_life { Duration::ZERO } else { CLOCK_ERROR };
    let mut said = None;
    for (sooner, later) in sooner.iter().zip(&later) {
        if sooner.0 > later.0 + error && said != Some((sooner.0, later.0)) {
            said = Some((sooner.0, later.0));
            trial.violate(format!(
                "out of order: {} had ended at {:?}, before {} began at {:?}, and comes after it",
                later.1, later.0, sooner.1, sooner.0
            ));
        }
    }
    sooner.iter().zip(&later).map(|(sooner, later)| sooner.0..=later.0).collect()
}

impl fmt::Display for Culprit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acceptance(number) => write!(f, "the acceptance of {number}"),
            Self::Answer(answer) => write!(f, "{:?}", answer.operation),
        }
    }
}
