//! What was told against what is recorded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Promise,
    acceptances::{Acceptances, is_of_another},
};
use crate::{
    Figure, Trial,
    history::{Attempted, Event, History, Operation},
};

/// Every number that was told is on record, each key has one, each number one key.
pub(super) fn check(
    history: &History,
    sale: &Acceptances<'_>,
    promise: Promise,
    trial: &mut Trial,
) {
    check_keys(history, sale, promise, trial);
    let mut lost = BTreeSet::new();
    let mut unknown = 0;
    for operation in &history.operations {
        lost.extend(operation.event.numbers());
        match &operation.event {
            Event::Strange(what) => trial.violate(format!("a strange answer: {what}")),
            Event::Attempt(attempt) => {
                if let Attempted::Accepted(receipt) = &attempt.answer {
                    trial.expect(receipt.in_ledger || !history.gate.is_strict, || {
                        format!("{} was told before the ledger had it", receipt.number)
                    });
                }
                unknown += usize::from(attempt.answer == Attempted::Unknown);
            }
            Event::Lookup { .. }
            | Event::Change { .. }
            | Event::Look(_)
            | Event::Told { .. }
            | Event::Over { .. }
            | Event::Silence => {}
        }
    }
    let told = lost.len();
    let recorded: BTreeSet<&str> =
        history.ledger.iter().map(|row| row.purchase_no.as_str()).collect();
    lost.retain(|number| !recorded.contains(number));
    trial.measured(Figure::count("operations", history.operations.len()));
    trial.measured(Figure::count("outcomes that clients did not get to know at once", unknown));
    trial.measured(Figure::count("purchases told", told));
    match promise {
        Promise::NothingLost | Promise::NothingToldLost => {
            for number in lost {
                trial.violate(format!("lost: {number} was told and is not in the ledger"));
            }
        }
        Promise::LossCounted => {
            trial.measured(Figure::count("told and lost", lost.len()));
            check_loss(history, sale, &lost, trial);
            let lost_units = units_of(history, &lost);
            let recorded_units: u64 =
                history.ledger.iter().map(|row| u64::from(row.qty.unsigned_abs())).sum();
            let above = (lost_units + recorded_units).saturating_sub(u64::from(history.stock));
            let above = usize::try_from(above).unwrap_or(usize::MAX);
            trial.measured(Figure::count("receipts above the stock, units", above));
        }
    }
}

/// Where a loss is counted, it is one that was told at level `gate`, while what was told could be
/// lost.
fn check_loss(history: &History, sale: &Acceptances<'_>, lost: &BTreeSet<&str>, trial: &mut Trial) {
    let mut again = BTreeSet::new();
    let mut told: BTreeMap<&str, &Operation> = BTreeMap::new();
    for operation in &history.operations {
        for number in operation.event.numbers() {
            let is_again = sale.by_number.get(number).is_some_and(|&index| {
                let row = sale.rows[index].recorded;
                is_of_another(history, Promise::LossCounted, row, operation)
            });
            if is_again {
                again.insert(number);
            } else if !lost.contains(number) {
                continue;
            }
            if let Event::Attempt(attempt) = &operation.event
                && let Attempted::Accepted(receipt) = &attempt.answer
            {
                trial.expect(!receipt.in_ledger, || {
                    format!("lost: {number} was told as in the ledger, and is not")
                });
            }
            let first = told.entry(number).or_insert(operation);
            if operation.ended < first.ended {
                *first = operation;
            }
        }
    }
    trial.measured(Figure::count("told, lost, and accepted again", again.len()));
    for (number, first) in told {
        // An answer on its way when the store lost it is heard a little later.
        let mut losses = history.losses.iter();
        let was_at_risk =
            losses.any(|loss| first.begun <= *loss.end() && *loss.start() <= first.ended);
        trial.expect(was_at_risk, || {
            format!(
                "lost: {number} was told at {:?}, and what was told in {:?} may be",
                first.ended, history.losses
            )
        });
    }
}

/// Units of receipts with these numbers.
fn units_of(history: &History, numbers: &BTreeSet<&str>) -> u64 {
    let mut units: HashMap<&str, u32> = HashMap::new();
    for operation in &history.operations {
        if let Event::Attempt(attempt) = &operation.event
            && let Attempted::Accepted(receipt) = &attempt.answer
            && numbers.contains(receipt.number.as_str())
        {
            units.insert(&receipt.number, attempt.qty);
        }
    }
    units.values().map(|&qty| u64::from(qty)).sum()
}

/// One key of a buyer is one purchase for ever, as its row has it; but one that was lost, where
/// that is counted, leaves its key to another.
fn check_keys(history: &History, sale: &Acceptances<'_>, promise: Promise, trial: &mut Trial) {
    let mut by_key: HashMap<(&str, &str), &str> = HashMap::new();
    let mut by_number: HashMap<&str, (&str, &str)> = HashMap::new();
    for operation in &history.operations {
        let Event::Attempt(attempt) = &operation.event else { continue };
        let Attempted::Accepted(receipt) = &attempt.answer else { continue };
        let key = (attempt.buyer.as_str(), attempt.key.as_str());
        let number = receipt.number.as_str();
        if promise == Promise::LossCounted && !sale.by_number.contains_key(number) {
            continue;
        }
        let first = *by_key.entry(key).or_insert(number);
        trial.expect(first == number, || {
            format!("double: {} got {first} and {number} by one key", attempt.buyer)
        });
        let owner = *by_number.entry(number).or_insert(key);
        trial.expect(owner == key, || format!("{number} was told to {owner:?} and to {key:?}"));
        let Some(&index) = sale.by_number.get(number) else { continue };
        let row = &sale.rows[index];
        let is_as_recorded = row.recorded.buyer == attempt.buyer
            && row.qty == attempt.qty
            && (i64::from(row.recorded.remaining) == i64::from(receipt.remaining)
                || is_of_another(history, promise, row.recorded, operation));
        trial.expect(is_as_recorded, || {
            format!("{number} was told as {attempt:?} and is recorded as {:?}", row.recorded)
        });
    }
}
