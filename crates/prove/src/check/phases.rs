//! Nothing is accepted while the sale is paused, nor after its end; and nothing refused for it
//! without one.

use std::time::Duration;

use super::{NOT_AFTER, acceptances::Acceptances};
use crate::{
    Trial,
    history::{Attempted, Change, Event, History},
};

/// A change and when it was under way.
struct Changed {
    change: Change,
    begun: Duration,
    /// When it took effect at the latest; if it did, where it is not known.
    ended: Duration,
    done: bool,
}

pub(super) fn check(history: &History, sale: &Acceptances<'_>, trial: &mut Trial) {
    let changes = changes(history);
    for row in &sale.rows {
        trial.expect(may_be_active(&changes, row.begun, row.ended), || {
            format!("{} was accepted while the sale was not active", row.recorded.purchase_no)
        });
    }
    for operation in &history.operations {
        let Event::Attempt(attempt) = &operation.event else { continue };
        let (begun, ended) = (operation.begun, operation.ended);
        match attempt.answer {
            Attempted::NotActive => trial.expect(may_be_inactive(&changes, begun, ended), || {
                format!("refused as not active while the sale was: {operation:?}")
            }),
            Attempted::SoldOut => trial.expect(may_be_active(&changes, begun, ended), || {
                format!("refused as sold out while the sale was not active: {operation:?}")
            }),
            Attempted::Accepted(_)
            | Attempted::KeyReused
            | Attempted::AlreadyPurchased(_)
            | Attempted::Unknown => {}
        }
    }
}

fn changes(history: &History) -> Vec<Changed> {
    let changes = history.operations.iter().filter_map(|operation| match operation.event {
        Event::Change { change, done } => {
            let more = if done { Duration::ZERO } else { NOT_AFTER };
            Some(Changed { change, begun: operation.begun, ended: operation.ended + more, done })
        }
        Event::Attempt(_)
        | Event::Lookup { .. }
        | Event::Look(_)
        | Event::Told { .. }
        | Event::Strange(_) => None,
    });
    changes.collect()
}

/// Whether the sale may have been active at some instant from `begun` to `ended`.
fn may_be_active(changes: &[Changed], begun: Duration, ended: Duration) -> bool {
    changes.iter().filter(|stop| stop.done && stop.ended < begun).all(|stop| match stop.change {
        Change::End => false,
        Change::Resume => true,
        Change::Pause => changes.iter().any(|other| {
            other.change == Change::Resume && other.ended >= stop.begun && other.begun <= ended
        }),
    })
}

/// Whether it may have been paused or over at some instant from `begun` to `ended`.
fn may_be_inactive(changes: &[Changed], begun: Duration, ended: Duration) -> bool {
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
