//! Units that an answer may have missed although no purchase on record has them.

use std::{collections::HashMap, time::Duration};

use stampede_domain::CHANGES_PER_EPOCH;

use super::seen::Highest;
use crate::history::{Attempted, Event, History, Operation, Seen};

/// Attempts of unknown outcome: each may have been accepted, undone with the gate's life before
/// anybody was told, and accepted again in a later one, when it was repeated.
///
/// An answer may have missed its units if the attempt had begun by then, and if the life that
/// answered has ended since. The last life that anybody saw has not, and a node that has shown a
/// version of it answers from no older one.
#[derive(Default)]
pub(super) struct Undone {
    /// Whether there was one life only.
    is_none: bool,
    /// When each key of unknown outcome was first tried, and the units of all up to it.
    units: Vec<(Duration, u32)>,
    last_life: u64,
    /// Which life each node has shown, and when.
    shown: HashMap<usize, Highest<u64>>,
}

impl Undone {
    /// Of a history.
    pub(super) fn of(history: &History) -> Self {
        let mut unknown: HashMap<(&str, &str), (Duration, u32)> = HashMap::new();
        let mut shown: HashMap<usize, Vec<(Duration, u64)>> = HashMap::new();
        for operation in &history.operations {
            if let Some(seen) = seen(operation) {
                shown.entry(operation.node).or_default().push((operation.ended, life(seen)));
            }
            let Event::Attempt(attempt) = &operation.event else { continue };
            if attempt.answer == Attempted::Unknown {
                let key = (attempt.buyer.as_str(), attempt.key.as_str());
                let first = unknown.entry(key).or_insert((operation.begun, attempt.qty));
                *first = (operation.begun.min(first.0), attempt.qty.max(first.1));
            }
        }
        let mut units: Vec<(Duration, u32)> = unknown.into_values().collect();
        units.sort_unstable();
        for index in 1..units.len() {
            units[index].1 = units[index].1.saturating_add(units[index - 1].1);
        }
        let recorded = history.ledger.iter().map(|row| row.epoch_number.unsigned_abs());
        let seen = shown.values().flatten().map(|&(_, life)| life);
        let last_life = recorded.chain(seen).max().unwrap_or(0);
        let by_node = shown.into_iter().filter(|_| !history.is_one_address);
        let shown = by_node.map(|(node, all)| (node, Highest::of(all))).collect();
        let mut recorded = history.ledger.iter().map(|row| row.epoch_number.unsigned_abs());
        Self { is_none: recorded.all(|life| life == last_life), units, last_life, shown }
    }

    /// Whether there are none, all having happened in one life of the gate.
    pub(super) fn is_none(&self) -> bool {
        self.is_none
    }

    /// How many of them the answer to this may have missed.
    pub(super) fn before(&self, operation: &Operation) -> u32 {
        let before = self.shown.get(&operation.node).and_then(|all| all.before(operation.begun));
        let by_itself = seen(operation).map(life);
        if before.max(by_itself) == Some(self.last_life) {
            return 0;
        }
        let begun = self.units.partition_point(|&(begun, _)| begun <= operation.ended);
        begun.checked_sub(1).map_or(0, |last| self.units[last].1)
    }
}

fn seen(operation: &Operation) -> Option<&Seen> {
    match &operation.event {
        Event::Look(seen) => seen.as_ref(),
        Event::Told { seen, .. } => Some(seen),
        Event::Attempt(_)
        | Event::Lookup { .. }
        | Event::Change { .. }
        | Event::Over { .. }
        | Event::Silence
        | Event::Strange(_) => None,
    }
}

/// The life of the gate in which the sale had this version.
fn life(seen: &Seen) -> u64 {
    seen.version / CHANGES_PER_EPOCH
}
