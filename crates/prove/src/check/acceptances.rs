//! What was accepted, in the order in which it was.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use stampede_testkit::servers::LedgerRow;

use super::{CLOCK_ERROR, Promise, undone::Undone};
use crate::{
    Trial,
    history::{Attempt, Attempted, Event, History, Operation},
};

/// The acceptances of a sale, as the ledger has them, in their order.
pub(super) struct Acceptances<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// Units that are left after the first `k` acceptances; one more than rows.
    pub(super) remaining: Vec<u32>,
    /// Units that acceptances may have held for a while which a fault undid unanswered.
    pub(super) undone: Undone,
    pub(super) by_number: HashMap<&'a str, usize>,
    /// Each buyer's, in their order.
    pub(super) by_buyer: HashMap<&'a str, Vec<usize>>,
    /// Whether all happened in one life of the gate, or in several that forgot nothing: their
    /// places are their order then, and none is left out.
    pub(super) is_one_life: bool,
}

/// One of them.
pub(super) struct Row<'a> {
    pub(super) recorded: &'a LedgerRow,
    pub(super) qty: u32,
    /// The key of the attempt, if it is known.
    pub(super) key: Option<&'a str>,
    /// It happened no sooner, since nobody had asked.
    pub(super) begun: Duration,
    /// It had happened by then: somebody was told, or it could not happen any more.
    pub(super) ended: Duration,
    /// Whether an earlier life of the gate may have accepted it than the one it is recorded in,
    /// some attempt of it being of unknown outcome or under way while the gate was lost, or any,
    /// where an answer does not wait for the ledger and that life may have sold on beside this one,
    /// which did not know of it until then.
    pub(super) floats: bool,
    /// Whether one of its attempts was under way when the store says that it was accepted.
    is_asked_then: bool,
}

/// An attempt and when it was under way.
struct Tried<'a> {
    attempt: &'a Attempt,
    begun: Duration,
    ended: Duration,
}

impl Tried<'_> {
    /// Whether it may have been accepted by another life of the gate than the one that answered.
    fn may_be_of_an_earlier_life(&self, history: &History) -> bool {
        let mut losses = history.losses.iter();
        self.attempt.answer == Attempted::Unknown
            || losses.any(|loss| self.begun <= *loss.end() && *loss.start() <= self.ended)
    }
}

impl<'a> Acceptances<'a> {
    /// Of a history; violations are acceptances that nobody asked for, or not then.
    pub(super) fn of(history: &'a History, promise: Promise, trial: &mut Trial) -> Self {
        let undone = Undone::of(history);
        let is_one_life = history.gate.keeps_places || undone.is_none();
        let first_life =
            history.ledger.iter().map(|row| row.epoch_number).min().unwrap_or_default();
        let mut recorded: Vec<&LedgerRow> = history.ledger.iter().collect();
        // A restore gives what it readmits new positions and leaves the instants as they are.
        recorded.sort_by_key(|row| {
            let at = if is_one_life { 0 } else { row.at_ms };
            (at, row.epoch_number, row.position)
        });
        let tried = tried(history);
        let on_record: HashSet<&str> =
            recorded.iter().map(|row| row.purchase_no.as_str()).collect();
        let told = first_told(history, promise);
        let mut keys = HashSet::new();
        let mut rows: Vec<Row<'a>> = Vec::new();
        for row in recorded {
            let asked = tried.get(row.buyer.as_str()).map_or(&[][..], Vec::as_slice);
            let told = told.get(row.purchase_no.as_str()).copied();
            match asked_for(history, row, asked, told, &on_record) {
                Some(mut row) => {
                    row.floats |= promise == Promise::LossCounted;
                    row.floats &= !is_one_life && row.recorded.epoch_number > first_life;
                    let is_new = row.key.is_none_or(|key| keys.insert((&row.recorded.buyer, key)));
                    trial.expect(is_new, || {
                        format!(
                            "double: {} got {} by a key that had bought before",
                            row.recorded.buyer, row.recorded.purchase_no
                        )
                    });
                    rows.push(row);
                }
                None => trial.violate(format!(
                    "{} of {} is in the ledger, and nobody asked for it",
                    row.purchase_no, row.buyer
                )),
            }
        }
        for row in &rows {
            check_instant(history, row, trial);
        }
        let undone = if is_one_life { Undone::default() } else { undone };
        Self::index(history, rows, undone, is_one_life)
    }

    fn index(history: &History, rows: Vec<Row<'a>>, undone: Undone, is_one_life: bool) -> Self {
        let mut remaining = vec![history.stock];
        let mut by_number = HashMap::new();
        let mut by_buyer: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            remaining.push(remaining[index].saturating_sub(row.qty));
            by_number.insert(row.recorded.purchase_no.as_str(), index);
            by_buyer.entry(row.recorded.buyer.as_str()).or_default().push(index);
        }
        Self { rows, remaining, undone, by_number, by_buyer, is_one_life }
    }

    /// Units that the gate need not have known of from `begun` to `ended`, since it was in another
    /// life of it that they were accepted.
    pub(super) fn floating(&self, begun: Duration, ended: Duration) -> u32 {
        let floating = self.rows.iter().filter(|row| row.floats);
        let meanwhile = floating.filter(|row| row.begun <= ended && begun <= row.ended);
        meanwhile.map(|row| row.qty).sum()
    }

    /// Those of a buyer, in their order.
    pub(super) fn of_buyer(&self, buyer: &str) -> &[usize] {
        self.by_buyer.get(buyer).map_or(&[], Vec::as_slice)
    }

    /// After how many acceptances the buyer cannot have `qty` units more, and by which of theirs.
    pub(super) fn over_limit_after(&self, buyer: &str, qty: u32, limit: u32) -> Option<usize> {
        let mut held = 0;
        self.of_buyer(buyer).iter().copied().find_map(|index| {
            held += self.rows[index].qty;
            (held + qty > limit).then_some(index + 1)
        })
    }

    /// The acceptance of this key of this buyer, if it is known which it is.
    pub(super) fn of_key(&self, buyer: &str, key: &str) -> Option<usize> {
        let mut theirs = self.of_buyer(buyer).iter().copied();
        theirs.find(|&index| self.rows[index].key == Some(key))
    }
}

/// The attempts of each buyer.
fn tried(history: &History) -> HashMap<&str, Vec<Tried<'_>>> {
    let mut tried: HashMap<&str, Vec<Tried<'_>>> = HashMap::new();
    for operation in &history.operations {
        if let Event::Attempt(attempt) = &operation.event {
            let (begun, ended) = (operation.begun, operation.ended);
            tried.entry(&attempt.buyer).or_default().push(Tried { attempt, begun, ended });
        }
    }
    tried
}

/// Whether this told of another acceptance than the one on record: where a loss is counted, one that
/// was lost when its attempt was still under way, which the next life of the gate accepted anew, by
/// the same number.
pub(super) fn is_of_another(
    history: &History,
    promise: Promise,
    recorded: &LedgerRow,
    operation: &Operation,
) -> bool {
    let at = history.by_clients(recorded.at_ms);
    let is_other = |attempt: &Attempt| {
        matches!(&attempt.answer, Attempted::Accepted(receipt)
            if receipt.number == recorded.purchase_no
                && i64::from(receipt.remaining) != i64::from(recorded.remaining))
    };
    let is_other_receipt =
        operation.event.as_attempt().is_some_and(is_other) && operation.ended <= at + CLOCK_ERROR;
    promise == Promise::LossCounted && (is_other_receipt || operation.ended + CLOCK_ERROR < at)
}

/// When each number was first heard of, in whatever answer.
fn first_told(history: &History, promise: Promise) -> HashMap<&str, Duration> {
    let recorded: HashMap<&str, &LedgerRow> =
        history.ledger.iter().map(|row| (row.purchase_no.as_str(), row)).collect();
    let mut told: HashMap<&str, Duration> = HashMap::new();
    for operation in &history.operations {
        for number in operation.event.numbers() {
            let row = recorded.get(number);
            if row.is_some_and(|row| is_of_another(history, promise, row, operation)) {
                continue;
            }
            let first = told.entry(number).or_insert(operation.ended);
            *first = operation.ended.min(*first);
        }
    }
    told
}

/// The row with the attempts of which one may have made it; `None` if there is none.
fn asked_for<'a>(
    history: &History,
    recorded: &'a LedgerRow,
    tried: &[Tried<'a>],
    told: Option<Duration>,
    on_record: &HashSet<&str>,
) -> Option<Row<'a>> {
    let is_receipt = |attempt: &Attempt| match &attempt.answer {
        Attempted::Accepted(receipt) => receipt.number == recorded.purchase_no,
        Attempted::KeyReused
        | Attempted::AlreadyPurchased(_)
        | Attempted::NotActive
        | Attempted::SoldOut
        | Attempted::Unknown => false,
    };
    let answered = tried.iter().find(|tried| is_receipt(tried.attempt));
    // One that was lost leaves its key to another.
    let has_another = |key: &str| {
        let mut same_key = tried.iter().filter(|tried| tried.attempt.key == key);
        same_key.any(|tried| match &tried.attempt.answer {
            Attempted::Accepted(receipt) => on_record.contains(receipt.number.as_str()),
            Attempted::KeyReused
            | Attempted::AlreadyPurchased(_)
            | Attempted::NotActive
            | Attempted::SoldOut
            | Attempted::Unknown => false,
        })
    };
    let qty = u32::try_from(recorded.qty).ok()?;
    let may_have = |attempt: &Attempt| match answered {
        Some(answered) => {
            attempt.key == answered.attempt.key
                && (is_receipt(attempt) || attempt.answer == Attempted::Unknown)
        }
        None => attempt.answer == Attempted::Unknown && !has_another(&attempt.key),
    };
    let makers = tried.iter().filter(|tried| tried.attempt.qty == qty && may_have(tried.attempt));
    let mut makers: Vec<&Tried<'a>> = makers.collect();
    let first = makers.first()?;
    let is_one_key = makers.iter().all(|maker| maker.attempt.key == first.attempt.key);
    let floats = makers.iter().any(|maker| maker.may_be_of_an_earlier_life(history));
    let last = |maker: &Tried<'_>| match maker.attempt.answer {
        Attempted::Unknown => maker.ended + history.gate.not_after,
        Attempted::Accepted(_)
        | Attempted::KeyReused
        | Attempted::AlreadyPurchased(_)
        | Attempted::NotActive
        | Attempted::SoldOut => maker.ended,
    };
    // One of them did, which was under way then, and not any two of them together.
    let at = history.by_clients(recorded.at_ms);
    let was_under_way =
        |maker: &&Tried<'_>| maker.begun <= at + CLOCK_ERROR && at <= last(maker) + CLOCK_ERROR;
    let is_asked_then = makers.iter().any(was_under_way);
    makers.retain(|maker| !is_asked_then || was_under_way(maker));
    let last_effect = makers.iter().map(|maker| last(maker)).max()?;
    Some(Row {
        recorded,
        qty,
        key: is_one_key.then_some(makers[0].attempt.key.as_str()),
        begun: makers.iter().map(|maker| maker.begun).min()?,
        ended: told.map_or(last_effect, |told| told.min(last_effect)),
        floats,
        is_asked_then,
    })
}

/// The store says when it was accepted: not before it was asked for, not after it was told or
/// could not happen any more, and not between two attempts.
fn check_instant(history: &History, row: &Row<'_>, trial: &mut Trial) {
    let (number, at) = (&row.recorded.purchase_no, history.by_clients(row.recorded.at_ms));
    let (is_too_soon, is_too_late) = (at + CLOCK_ERROR < row.begun, at > row.ended + CLOCK_ERROR);
    trial.expect(!is_too_soon, || {
        format!("{number} was accepted at {at:?}, and asked for at {:?} first", row.begun)
    });
    trial.expect(!is_too_late, || {
        format!("{number} was accepted too late, at {at:?}: it ended at {:?}", row.ended)
    });
    trial.expect(row.is_asked_then || is_too_soon || is_too_late, || {
        format!("{number} was accepted at {at:?}, when no attempt of it was under way")
    });
}
