//! What every ledger must satisfy, whoever asked for what.

use std::collections::HashSet;

use stampede_testkit::servers::LedgerRow;

use super::acceptances::Acceptances;
use crate::{Trial, history::History};

/// No unit twice, nobody above the limit, no place twice, no place left out.
pub(super) fn check(history: &History, sale: &Acceptances<'_>, trial: &mut Trial) {
    let units: u64 = history.ledger.iter().map(|row| u64::from(row.qty.unsigned_abs())).sum();
    trial.expect(units <= u64::from(history.stock), || {
        format!("oversold: {units} units of {} are in the ledger", history.stock)
    });
    let numbers: HashSet<&str> =
        history.ledger.iter().map(|row| row.purchase_no.as_str()).collect();
    trial.expect(numbers.len() == history.ledger.len(), || {
        "a purchase stands in the ledger twice".to_owned()
    });
    check_places(history, sale.is_one_life, trial);
    for buyer in sale.by_buyer.keys() {
        check_buyer(history, sale, buyer, trial);
    }
    if sale.is_one_life {
        for (index, row) in sale.rows.iter().enumerate() {
            let left = sale.remaining[index + 1];
            trial.expect(i64::from(row.recorded.remaining) == i64::from(left), || {
                let number = &row.recorded.purchase_no;
                format!("{number} left {} units by its row, {left} by all", row.recorded.remaining)
            });
        }
    }
}

/// Positions count from 1; later lives of the gate have the later ones. What a later life readmits
/// has its place there and the instant of its acceptance in an earlier one.
fn check_places(history: &History, is_one_life: bool, trial: &mut Trial) {
    let mut rows: Vec<&LedgerRow> = history.ledger.iter().collect();
    rows.sort_by_key(|row| row.position);
    let first_life = rows.first().map_or(0, |row| row.epoch_number);
    for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
        trial.expect(row.position < next.position, || {
            format!("{} and {} have one position", row.purchase_no, next.purchase_no)
        });
        trial.expect(row.epoch_number <= next.epoch_number, || {
            format!("{} is of an older life than {} before it", next.purchase_no, row.purchase_no)
        });
        trial.expect(row.at_ms <= next.at_ms || next.epoch_number > first_life, || {
            format!(
                "{} was accepted before {}, and stands after it",
                next.purchase_no, row.purchase_no
            )
        });
    }
    let last = rows.last().map_or(0, |row| row.position);
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    trial.expect(!is_one_life || last == count, || {
        format!(
            "{} acceptances are not in the ledger: the last of {count} is the {last}.",
            last - count
        )
    });
}

/// A buyer's purchases count from 1, and add up to what each says that they held.
fn check_buyer(history: &History, sale: &Acceptances<'_>, buyer: &str, trial: &mut Trial) {
    let mut theirs: Vec<&LedgerRow> =
        sale.of_buyer(buyer).iter().map(|&index| sale.rows[index].recorded).collect();
    theirs.sort_by_key(|row| row.ordinal);
    let mut held = 0;
    for (ordinal, row) in (1..).zip(&theirs) {
        held += row.qty;
        trial.expect(row.ordinal == ordinal && row.held_after == held, || {
            format!(
                "{} of {buyer}: number {} holding {}, and the rows before it make it {ordinal} \
                 holding {held}",
                row.purchase_no, row.ordinal, row.held_after
            )
        });
    }
    trial.expect(i64::from(held) <= i64::from(history.limit), || {
        format!("{buyer} holds {held} units, {} are the limit", history.limit)
    });
}
