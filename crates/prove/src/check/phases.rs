//! Nothing is accepted while the sale is paused, before its start, nor after its end; and nothing
//! refused for it without one.

use std::{ops::RangeInclusive, time::Duration};

use stampede_domain::{Instant, Window};

use super::{
    CLOCK_ERROR,
    acceptances::{Acceptances, Row},
};
use crate::{
    Trial,
    history::{Attempted, Change, Changed, Event, History, Operation},
};

/// A change that took effect, or may have, and when it was under way.
struct Effect {
    change: Change,
    begun: Duration,
    /// When it took effect at the latest.
    ended: Duration,
    /// Whether it is known that it did.
    done: bool,
}

/// `order` is by when each acceptance happened in the one order of all answers, if there is one.
pub(super) fn check(
    history: &History,
    sale: &Acceptances<'_>,
    order: &[RangeInclusive<Duration>],
    trial: &mut Trial,
) {
    let changes = effects(history);
    for (index, row) in sale.rows.iter().enumerate() {
        let (begun, ended) = happened(history, row, order.get(index));
        trial.expect(may_be_active(&changes, begun, ended), || {
            format!("{} was accepted while the sale was not active", row.recorded.purchase_no)
        });
        // By the clock that the gate judges by, so without an error.
        let at = Instant::from_millis(row.recorded.at_ms);
        trial.expect(history.window.is_none_or(|window| window.contains(at)), || {
            format!("{} was accepted outside the sale's window", row.recorded.purchase_no)
        });
    }
    for operation in &history.operations {
        if let Event::Change { answer: Changed::TooLate, .. } = operation.event {
            trial.expect(may_be_over(history, sale, order, &changes, operation), || {
                format!("answered as too late while the sale was on: {operation:?}")
            });
        }
        let Event::Attempt(attempt) = &operation.event else { continue };
        let (begun, ended) = (operation.begun, operation.ended);
        match attempt.answer {
            Attempted::NotActive => {
                let may_be = may_be_inactive(&changes, begun, ended)
                    || may_be_outside(history, begun, ended);
                trial.expect(may_be, || {
                    format!("refused as not active while the sale was: {operation:?}")
                });
            }
            Attempted::SoldOut => {
                let may_be =
                    may_be_active(&changes, begun, ended) && may_be_inside(history, begun, ended);
                trial.expect(may_be, || {
                    format!("refused as sold out while the sale was not active: {operation:?}")
                });
            }
            Attempted::Accepted(_)
            | Attempted::KeyReused
            | Attempted::AlreadyPurchased(_)
            | Attempted::Unknown => {}
        }
    }
}

/// From when to when an acceptance was judged: between its own bounds, or those of the order, and
/// by the store's clock. An answer may wait longer for a slow disk than the clocks differ, and
/// then what others saw of it says nothing of when it was judged.
fn happened(
    history: &History,
    row: &Row<'_>,
    order: Option<&RangeInclusive<Duration>>,
) -> (Duration, Duration) {
    let own = row.begun..=row.ended;
    let bounds = order.filter(|order| !order.is_empty()).unwrap_or(&own);
    let at = history.by_clients(row.recorded.at_ms);
    let begun = at.saturating_sub(CLOCK_ERROR).max(*bounds.start());
    let ended = (at + CLOCK_ERROR).min(*bounds.end());
    if begun <= ended { (begun, ended) } else { (*own.start(), *own.end()) }
}

fn effects(history: &History) -> Vec<Effect> {
    let effects = history.operations.iter().filter_map(|operation| match operation.event {
        Event::Change { change, answer: answer @ (Changed::Done | Changed::Unknown) } => {
            let done = answer == Changed::Done;
            let more = if done { Duration::ZERO } else { history.gate.not_after };
            Some(Effect { change, begun: operation.begun, ended: operation.ended + more, done })
        }
        Event::Change { answer: Changed::TooLate, .. }
        | Event::Attempt(_)
        | Event::Lookup { .. }
        | Event::Look(_)
        | Event::Told { .. }
        | Event::Over { .. }
        | Event::Silence
        | Event::Strange(_) => None,
    });
    effects.collect()
}

/// Whether the sale may have been over when this was answered: by its window, by an admin, or since
/// all was sold by then.
fn may_be_over(
    history: &History,
    sale: &Acceptances<'_>,
    order: &[RangeInclusive<Duration>],
    changes: &[Effect],
    operation: &Operation,
) -> bool {
    let Operation { begun, ended, .. } = *operation;
    let (_, last) = by_store(history, begun, ended);
    let was_ended = |effect: &Effect| effect.change == Change::End && effect.begun <= ended;
    let by_then = |&(index, row): &(usize, &Row<'_>)| {
        let (happened, _) = happened(history, row, order.get(index));
        happened <= ended
    };
    let sold: u32 = sale.rows.iter().enumerate().filter(by_then).map(|(_, row)| row.qty).sum();
    let has_units_left = history.stock.saturating_sub(sold) > sale.undone.before(operation);
    history.window.is_some_and(|window| window.end <= last)
        || changes.iter().any(was_ended)
        || !has_units_left
}

/// Whether some instant from `begun` to `ended` may lie in the sale's window.
fn may_be_inside(history: &History, begun: Duration, ended: Duration) -> bool {
    let (first, last) = by_store(history, begun, ended);
    history.window.is_none_or(|Window { start, end }| start <= last && first < end)
}

/// Whether some instant from `begun` to `ended` may lie outside of it.
fn may_be_outside(history: &History, begun: Duration, ended: Duration) -> bool {
    let (first, last) = by_store(history, begun, ended);
    history.window.is_some_and(|Window { start, end }| first < start || end <= last)
}

/// The first and the last instant that the clock of the gate's store may have shown meanwhile.
fn by_store(history: &History, begun: Duration, ended: Duration) -> (Instant, Instant) {
    let origin = Instant::from_millis(history.origin_ms);
    let after =
        |time: Duration| origin.plus_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let earlier = i64::try_from(CLOCK_ERROR.as_millis()).unwrap_or(0);
    (after(begun).plus_millis(-earlier), after(ended + CLOCK_ERROR))
}

/// Whether the sale may have been active at some instant from `begun` to `ended`.
fn may_be_active(changes: &[Effect], begun: Duration, ended: Duration) -> bool {
    changes.iter().filter(|stop| stop.done && stop.ended < begun).all(|stop| match stop.change {
        Change::End => false,
        Change::Resume => true,
        Change::Pause => changes.iter().any(|other| {
            other.change == Change::Resume && other.ended >= stop.begun && other.begun <= ended
        }),
    })
}

/// Whether it may have been paused or over at some instant from `begun` to `ended`.
fn may_be_inactive(changes: &[Effect], begun: Duration, ended: Duration) -> bool {
    changes.iter().filter(|stop| stop.begun <= ended).any(|stop| match stop.change {
        Change::End => true,
        Change::Resume => false,
        Change::Pause => !changes.iter().any(|other| {
            other.change == Change::Resume
                && other.done
                && other.begun > stop.ended
                && other.ended < begun
        }),
    })
}
