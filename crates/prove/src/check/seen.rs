//! What status and streams showed: never backwards, and on the answering node at once.

use std::{collections::HashMap, time::Duration};

use super::acceptances::Acceptances;
use crate::{
    Trial,
    history::{Attempted, Event, History, Operation},
};

/// The version of a sale never falls, on one node and in one stream; behind one address several
/// nodes may answer in turn.
pub(super) fn check_versions(history: &History, trial: &mut Trial) {
    let mut looks: HashMap<usize, Vec<(&Operation, u64)>> = HashMap::new();
    let mut streams: HashMap<usize, u64> = HashMap::new();
    for operation in &history.operations {
        match &operation.event {
            Event::Look(Some(seen)) if !history.is_one_address => {
                looks.entry(operation.node).or_default().push((operation, seen.version));
            }
            Event::Told { stream, seen } => {
                let last = streams.insert(*stream, seen.version).unwrap_or(0);
                trial.expect(last <= seen.version, || {
                    format!("a stream went back from version {last} to {}", seen.version)
                });
            }
            Event::Look(_)
            | Event::Attempt(_)
            | Event::Lookup { .. }
            | Event::Change { .. }
            | Event::Over { .. }
            | Event::Silence
            | Event::Strange(_) => {}
        }
    }
    for (node, looks) in looks {
        let shown = looks.iter().map(|&(look, version)| (look.ended, version)).collect();
        let before = Highest::of(shown);
        for (look, version) in looks {
            let highest = before.before(look.begun).unwrap_or(0);
            trial.expect(highest <= version, || {
                format!("node {node} went back from version {highest} to {version}: {look:?}")
            });
        }
    }
}

/// A node that has answered a purchase shows its stock from then on.
pub(super) fn check_own_stock(history: &History, sale: &Acceptances<'_>, trial: &mut Trial) {
    if history.is_one_address {
        return;
    }
    let mut answered: HashMap<usize, Vec<(Duration, usize)>> = HashMap::new();
    for operation in &history.operations {
        if let Event::Attempt(attempt) = &operation.event
            && let Attempted::Accepted(receipt) = &attempt.answer
            && let Some(index) = sale.by_number.get(receipt.number.as_str())
        {
            answered.entry(operation.node).or_default().push((operation.ended, index + 1));
        }
    }
    let answered: HashMap<usize, Highest<usize>> =
        answered.into_iter().map(|(node, all)| (node, Highest::of(all))).collect();
    for operation in &history.operations {
        let Event::Look(Some(seen)) = &operation.event else { continue };
        let before = answered.get(&operation.node).and_then(|all| all.before(operation.begun));
        let (Some(state), Some(stock)) = (before, seen.stock) else { continue };
        let floating = sale.floating(operation.begun, operation.ended);
        // A restore readmits what another life had accepted before, and nobody knew of then.
        let most = sale.remaining[state].saturating_add(floating);
        trial.expect(stock <= most, || {
            format!("a node shows {stock} left after it answered that {most} are: {operation:?}")
        });
    }
}

/// The highest of what was known before an instant.
pub(super) struct Highest<T>(Vec<(Duration, T)>);

impl<T: Ord + Copy> Highest<T> {
    pub(super) fn of(mut all: Vec<(Duration, T)>) -> Self {
        all.sort();
        for index in 1..all.len() {
            all[index].1 = all[index].1.max(all[index - 1].1);
        }
        Self(all)
    }

    pub(super) fn before(&self, instant: Duration) -> Option<T> {
        let known = self.0.partition_point(|&(at, _)| at < instant);
        known.checked_sub(1).map(|last| self.0[last].1)
    }
}
