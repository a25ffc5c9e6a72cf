//! What was noted so far.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use stampede_testkit::servers::LedgerRow;

use super::Recorder;
use crate::history::{Attempt, Attempted, Event, History, Operation};

impl Recorder {
    /// Attempts whose outcome was not known when they were answered, or given up.
    #[must_use]
    pub fn unknown_so_far(&self) -> usize {
        self.attempts(|_, attempt| attempt.answer == Attempted::Unknown)
    }

    /// Of the attempts that a node was sent since then: how many it accepted, and of how many the
    /// outcome was not known.
    #[must_use]
    pub fn met_since(&self, node: usize, since: Instant) -> (usize, usize) {
        let since = since.duration_since(self.origin);
        let count = |is: fn(&Attempted) -> bool| {
            self.attempts(|operation, attempt| {
                operation.node == node && operation.begun >= since && is(&attempt.answer)
            })
        };
        let is_accepted = |answer: &Attempted| matches!(answer, Attempted::Accepted(_));
        (count(is_accepted), count(|answer| *answer == Attempted::Unknown))
    }

    /// How many there are like this so far.
    fn attempts(&self, is: impl Fn(&Operation, &Attempt) -> bool) -> usize {
        let noted = self.noted();
        let operations = noted.operations.iter();
        let attempts =
            operations.filter_map(|operation| Some((operation, operation.event.as_attempt()?)));
        attempts.filter(|(operation, attempt)| is(operation, attempt)).count()
    }

    /// The numbers that were told in answer to what was asked since the gate's store last lost
    /// something.
    #[must_use]
    pub fn told_since_the_last_loss(&self) -> BTreeSet<String> {
        let noted = self.noted();
        let last = noted.losses.last().map_or(Duration::ZERO, |loss| *loss.end());
        let later = noted.operations.iter().filter(|operation| operation.begun >= last);
        later.flat_map(|operation| operation.event.numbers()).map(str::to_owned).collect()
    }

    /// The numbers of the purchases that buyers were told of.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let noted = self.noted();
        let attempts = noted.operations.iter().filter_map(|operation| operation.event.as_attempt());
        attempts.filter_map(|attempt| attempt.answer.number().map(str::to_owned)).collect()
    }

    /// What was noted, and what stands in the ledger now that all is quiet.
    #[must_use]
    pub fn history(&self, ledger: Vec<LedgerRow>) -> History {
        let (noted, now) = (self.noted(), self.now());
        let still_open = noted.idle.iter().map(|(&stream, &(node, begun))| Operation {
            node,
            begun,
            ended: now,
            event: Event::Over { stream },
        });
        History {
            stock: self.stock,
            limit: self.limit,
            window: self.window,
            gate: self.gate,
            is_one_address: noted.is_one_address,
            origin_ms: self.origin_ms,
            operations: noted.operations.iter().cloned().chain(still_open).collect(),
            losses: noted.losses.clone(),
            away: noted.away.clone(),
            ledger,
        }
    }
}
