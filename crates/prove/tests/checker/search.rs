//! Whether any order of operations makes a history right: every order is tried, so that it knows
//! for certain, and ends in time for a few operations only.

use std::{collections::HashSet, time::Duration};

use stampede_prove::history::{Attempted, Changed, Event, History, Operation};

use crate::model::{Model, Standing};

/// Whether the operations can be put in an order in which each happens between its begin and its
/// end, gets the answer that the rules give at its place, and the acceptances are those of the
/// ledger in the order of their positions. What is unknown may happen once, late, or never.
pub(crate) fn is_possible(history: &History) -> bool {
    let mut search = Search { history, dead_ends: HashSet::new() };
    let all: Vec<&Operation> = history.operations.iter().collect();
    search.goes_on(&Model::new(history.stock, history.limit), &all, 0, Duration::ZERO)
}

struct Search<'a> {
    history: &'a History,
    /// Which operations were done, and how the sale stood, where it did not go on.
    dead_ends: HashSet<(u64, Standing, Duration)>,
}

impl Search<'_> {
    /// Whether what is left of the operations can follow; `done` has a bit an operation, and the
    /// last of those that were done began at `latest_begun`.
    fn goes_on(
        &mut self,
        model: &Model,
        all: &[&Operation],
        done: u64,
        latest_begun: Duration,
    ) -> bool {
        let left = || (0..all.len()).filter(|index| done & (1 << index) == 0);
        let rest_may_be_left = left().all(|index| is_unknown(all[index]));
        if rest_may_be_left && model.accepted() == self.history.ledger.len() {
            return true;
        }
        if !self.dead_ends.insert((done, model.standing(), latest_begun)) {
            return false;
        }
        for index in left() {
            let operation = all[index];
            let unknown = is_unknown(operation);
            let late = if unknown { self.history.gate.not_after } else { Duration::ZERO };
            let ended = operation.ended + late;
            let latest_begun = latest_begun.max(operation.begun);
            if latest_begun > ended {
                continue;
            }
            let mut model = model.clone();
            if self.is_right(&mut model, operation)
                && self.goes_on(&model, all, done | (1 << index), latest_begun)
            {
                return true;
            }
        }
        false
    }

    /// Lets an operation happen; whether it is answered so here.
    fn is_right(&self, model: &mut Model, operation: &Operation) -> bool {
        match &operation.event {
            Event::Attempt(attempt) => {
                let accepted = model.accepted();
                let next = self.history.ledger.get(accepted);
                let number = next.map_or("none", |row| row.purchase_no.as_str());
                let answer = model.attempt(&attempt.buyer, &attempt.key, attempt.qty, number);
                let is_as_recorded = model.accepted() == accepted
                    || next.is_some_and(|row| {
                        row.buyer == attempt.buyer
                            && u32::try_from(row.qty).is_ok_and(|qty| qty == attempt.qty)
                    });
                is_as_recorded && (is_unknown(operation) || answer == attempt.answer)
            }
            Event::Lookup { buyer, answer: Some(numbers) } => model.purchases(buyer) == *numbers,
            Event::Change { change, answer: Changed::Done | Changed::Unknown } => {
                model.change(*change);
                true
            }
            Event::Change { answer: Changed::TooLate, .. }
            | Event::Lookup { answer: None, .. }
            | Event::Look(_)
            | Event::Told { .. }
            | Event::Over { .. }
            | Event::Silence
            | Event::Strange(_) => panic!("not searched: {operation:?}"),
        }
    }
}

fn is_unknown(operation: &Operation) -> bool {
    match &operation.event {
        Event::Attempt(attempt) => attempt.answer == Attempted::Unknown,
        Event::Change { answer, .. } => *answer == Changed::Unknown,
        Event::Lookup { .. }
        | Event::Look(_)
        | Event::Told { .. }
        | Event::Over { .. }
        | Event::Silence
        | Event::Strange(_) => false,
    }
}
