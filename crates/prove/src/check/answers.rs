//! In which states of the sale each answer is right.

use std::{collections::HashMap, ops::RangeInclusive, time::Duration};

use super::{STATUS_AGE, STREAM_AGE, acceptances::Acceptances};
use crate::{
    Trial,
    history::{Attempt, Attempted, Event, History, Operation, Seen},
};

/// An answer that is right in some states only, the `k`-th being that after `k` acceptances.
pub(super) struct Answer<'a> {
    pub(super) operation: &'a Operation,
    /// No state from before this was answered from.
    pub(super) begun: Duration,
    /// No state from after this.
    pub(super) ended: Duration,
    pub(super) states: RangeInclusive<usize>,
}

/// All of them; violations are those that are right in no state at all.
pub(super) fn answers<'a>(
    history: &'a History,
    sale: &Acceptances<'_>,
    trial: &mut Trial,
) -> Vec<Answer<'a>> {
    let mut answers = Vec::new();
    for operation in &history.operations {
        let (states, age) = match &operation.event {
            Event::Attempt(attempt) => {
                (of_attempt(history, sale, operation, attempt), Duration::ZERO)
            }
            Event::Lookup { buyer, answer: Some(numbers) } => {
                (of_lookup(sale, buyer, numbers), Duration::ZERO)
            }
            Event::Look(Some(seen)) => (of_stock(sale, operation, seen, STATUS_AGE), STATUS_AGE),
            Event::Told { seen, .. } => (of_stock(sale, operation, seen, STREAM_AGE), STREAM_AGE),
            Event::Lookup { answer: None, .. }
            | Event::Look(None)
            | Event::Change { .. }
            | Event::Over { .. }
            | Event::Silence
            | Event::Strange(_) => continue,
        };
        match states {
            Some(states) if !states.is_empty() => answers.push(Answer {
                operation,
                begun: operation.begun.saturating_sub(age),
                ended: operation.ended,
                states,
            }),
            _ => trial.violate(format!("right at no time: {operation:?}")),
        }
    }
    hold(history, sale, &mut answers, trial);
    answers
}

/// What a stream said last holds until it says something else, or is over: it is answered once
/// more at each instant right before, when there was nothing else to read.
fn hold<'a>(
    history: &'a History,
    sale: &Acceptances<'_>,
    answers: &mut Vec<Answer<'a>>,
    trial: &mut Trial,
) {
    let mut last: HashMap<usize, (&'a Operation, Seen)> = HashMap::new();
    for operation in &history.operations {
        let (stream, seen) = match &operation.event {
            Event::Told { stream, seen } => (*stream, Some(seen)),
            Event::Over { stream } => (*stream, None),
            Event::Attempt(_)
            | Event::Lookup { .. }
            | Event::Change { .. }
            | Event::Look(_)
            | Event::Silence
            | Event::Strange(_) => continue,
        };
        let before = last.remove(&stream);
        if let Some((told, held)) = &before
            && operation.begun > told.ended
        {
            let holds = Operation { ended: operation.begun, ..(*told).clone() };
            match of_stock(sale, &holds, held, STREAM_AGE) {
                Some(states) if !states.is_empty() => answers.push(Answer {
                    operation: told,
                    begun: operation.begun.saturating_sub(STREAM_AGE),
                    ended: operation.begun,
                    states,
                }),
                _ => trial.violate(format!("right at no time, while it is held: {holds:?}")),
            }
        }
        if let Some(seen) = seen {
            let stock = seen.stock.or_else(|| before.and_then(|(_, held)| held.stock));
            last.insert(stream, (operation, Seen { version: seen.version, stock }));
        }
    }
}

/// `None` if no state has this answer.
fn of_attempt(
    history: &History,
    sale: &Acceptances<'_>,
    operation: &Operation,
    attempt: &Attempt,
) -> Option<RangeInclusive<usize>> {
    let all = sale.rows.len();
    let by_key = sale.of_key(&attempt.buyer, &attempt.key);
    // Until the key has its purchase, and as long as the buyer may have as many units more.
    let before_key = by_key.unwrap_or(all);
    let over_limit = sale.over_limit_after(&attempt.buyer, attempt.qty, history.limit);
    let within_limit = over_limit.map_or(all, |after| after - 1);
    match &attempt.answer {
        Attempted::Unknown => Some(0..=all),
        Attempted::Accepted(receipt) => {
            let index = *sale.by_number.get(receipt.number.as_str())?;
            Some(index + 1..=all)
        }
        Attempted::KeyReused => {
            // Which of several purchases has the key may be unknown: then any of them.
            let index = by_key.or_else(|| {
                let theirs = sale.of_buyer(&attempt.buyer).iter().copied();
                theirs.filter(|&index| sale.rows[index].key.is_none()).min()
            })?;
            (sale.rows[index].qty != attempt.qty).then_some(index + 1..=all)
        }
        Attempted::AlreadyPurchased(number) => {
            let newest = sale.by_number.get(number.as_deref()?)?;
            let mut theirs = sale.of_buyer(&attempt.buyer).iter().copied();
            theirs.find(|index| index == newest)?;
            let until = theirs.next().unwrap_or(all);
            Some((newest + 1).max(over_limit?)..=until.min(before_key))
        }
        Attempted::NotActive => Some(0..=before_key.min(within_limit)),
        Attempted::SoldOut => {
            let enough = u64::from(attempt.qty) + u64::from(sale.undone.before(operation));
            let first = sale.remaining.partition_point(|&left| u64::from(left) >= enough);
            Some(first..=before_key.min(within_limit))
        }
    }
}

/// `None` if the buyer never held just these.
fn of_lookup(
    sale: &Acceptances<'_>,
    buyer: &str,
    numbers: &[String],
) -> Option<RangeInclusive<usize>> {
    let theirs = sale.of_buyer(buyer);
    let is_theirs =
        |(number, &index): (&String, &usize)| sale.rows[index].recorded.purchase_no == *number;
    if numbers.len() > theirs.len() || !numbers.iter().zip(theirs).all(is_theirs) {
        return None;
    }
    let first = numbers.len().checked_sub(1).map_or(0, |last| theirs[last] + 1);
    Some(first..=theirs.get(numbers.len()).copied().unwrap_or(sale.rows.len()))
}

/// `None` if the stock was never that within this age.
fn of_stock(
    sale: &Acceptances<'_>,
    operation: &Operation,
    seen: &Seen,
    age: Duration,
) -> Option<RangeInclusive<usize>> {
    let Some(stock) = seen.stock else { return Some(0..=sale.rows.len()) };
    let most = stock.saturating_add(sale.undone.before(operation));
    let floating = sale.floating(operation.begun.saturating_sub(age), operation.ended);
    let least = stock.saturating_sub(floating);
    // Stock falls, so the states with it lie together.
    let first = sale.remaining.partition_point(|&left| left > most);
    let after = sale.remaining.partition_point(|&left| left >= least);
    after.checked_sub(1).map(|last| first..=last)
}
