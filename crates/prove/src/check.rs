//! What a history must satisfy.

use std::collections::HashMap;

use crate::{
    Trial,
    history::{Attempted, Event, History},
};

/// What the line promises of purchases that were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Every one of them is in the ledger.
    NothingLost,
    /// Those that are not are counted.
    LossCounted,
}

/// Holds a history to the specification.
#[must_use]
pub fn check(history: &History, _promise: Promise) -> Trial {
    let mut trial = Trial::default();
    let mut by_key: HashMap<(&str, &str), &str> = HashMap::new();
    for operation in &history.operations {
        if let Event::Attempt(attempt) = &operation.event
            && let Attempted::Accepted(receipt) = &attempt.answer
        {
            let first = by_key.entry((&attempt.buyer, &attempt.key)).or_insert(&receipt.number);
            trial.expect(*first == receipt.number, || {
                format!("{} got {} and {} for one key", attempt.buyer, first, receipt.number)
            });
        }
    }
    trial
}
