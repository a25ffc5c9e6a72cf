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
    let mut rows: Vec<&LedgerRow> = history.ledger.iter().collect();
    rows.sort_by_key(|row| row.position);
    check_places(&rows, sale.is_one_life, trial);
    for buyer in sale.by_buyer.keys() {
        check_buyer(history, sale, buyer, trial);
    }
    check_remaining(history.stock, &rows, sale, trial);
}

/// Each acceptance was told how many units it left: those that no row up to it has, or fewer where
/// some that it came after went with an earlier life of the gate.
///
/// What came into the ledger by another life than it was accepted in is left out: those that are
/// older than a row before them, and of later lives those of unknown outcome or of attempts that
/// were under way while the gate was lost.
fn check_remaining(stock: u32, rows: &[&LedgerRow], sale: &Acceptances<'_>, trial: &mut Trial) {
    let first_life = rows.first().map_or(0, |row| row.epoch_number);
    let (mut left, mut latest) = (i64::from(stock), i64::MIN);
    for row in rows {
        left -= i64::from(row.qty);
        let floats = || {
            let index = sale.by_number.get(row.purchase_no.as_str());
            index.is_some_and(|&index| sale.rows[index].floats)
        };
        let may_be_older = row.epoch_number > first_life && (row.at_ms < latest || floats());
        latest = latest.max(row.at_ms);
        let said = i64::from(row.remaining);
        let is_right = if sale.is_one_life { said == left } else { said <= left || may_be_older };
        trial.expect(is_right, || {
            format!("{} left {said} units by its row, {left} by all", row.purchase_no)
        });
    }
}

/// Positions count from 1; later lives of the gate have the later ones. What a later life readmits
/// has its place there and the instant of its acceptance in an earlier one.
fn check_places(rows: &[&LedgerRow], is_one_life: bool, trial: &mut Trial) {
    let first_life = rows.first().map_or(0, |row| row.epoch_number);
    for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
        trial.expect(row.position < next.position, || {
            format!("{} and {} have one position", row.purchase_no, next.purchase_no)
        });
        trial.expect(row.epoch_number <= next.epoch_number, || {
            format!("{} is of an older life than {} before it", next.purchase_no, row.purchase_no)
        });
        let may_be_older = !is_one_life && next.epoch_number > first_life;
        trial.expect(row.at_ms <= next.at_ms || may_be_older, || {
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
