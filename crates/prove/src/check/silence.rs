//! Nobody is left without an answer by a node that lives, and most who look are shown something.
//! Behind one address a connection to a node that stops may break, which a repeat heals.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    Figure, Trial,
    history::{Event, Gate, History, Operation},
};

/// Of so many looks, and of so many lookups, one is answered at least: else what the others would
/// have shown is not judged. While replies of Redis go nowhere most of them are not.
const ANSWERED_IN: usize = 20;
/// The same where nodes wait for a reply for less than as shipped, so that all the more is asked for
/// which none comes.
const ANSWERED_IN_HASTE: usize = 100;
/// How long after it goes on a frozen node has answered what it was asked before: as it is shipped
/// it waits for a restore, for the gate's reply and for the ledger, 2 s each, and the rest is for
/// the turns of a machine that runs all nodes, stores and clients of a trial.
const ANSWERED_AFTER: Duration = Duration::from_secs(10);

/// What is counted: answers that did not come.
pub(crate) const SILENCES: &str = "answers that did not come at all";

pub(super) fn check(history: &History, trial: &mut Trial) {
    let was_away = |asked: &Operation| {
        let mut theirs = history.away.iter().filter(|away| away.node == asked.node);
        theirs.any(|away| {
            let over = away.until.saturating_add(ANSWERED_AFTER);
            let is_over = away.is_frozen && over < asked.ended;
            asked.begun <= away.until && away.from <= asked.ended && !is_over
        })
    };
    let (mut looks, mut lookups, mut silences) = ((0, 0), (0, 0), 0);
    let mut longest = Duration::ZERO;
    let (mut speaking, mut streams) = (BTreeSet::new(), BTreeSet::new());
    for operation in &history.operations {
        match &operation.event {
            Event::Silence => {
                silences += 1;
                longest = longest.max(operation.ended.saturating_sub(operation.begun));
                trial.expect(history.is_one_address || was_away(operation), || {
                    let Operation { node, begun, ended, .. } = operation;
                    format!("node {node} gave no answer from {begun:?} to {ended:?}, and lived")
                });
            }
            Event::Look(seen) => {
                looks = counted(looks, seen.is_some());
                check_in_time(history, operation, trial);
            }
            Event::Lookup { answer, .. } => {
                lookups = counted(lookups, answer.is_some());
                check_in_time(history, operation, trial);
            }
            Event::Told { stream, .. } => _ = speaking.insert(stream),
            Event::Over { stream } => _ = streams.insert(stream),
            Event::Attempt(_) | Event::Change { .. } => check_in_time(history, operation, trial),
            Event::Strange(_) => {}
        }
    }
    let is_hasty = history.gate.not_after < Gate::default().not_after;
    let one_in = if is_hasty { ANSWERED_IN_HASTE } else { ANSWERED_IN };
    for (what, (answered, asked)) in [("looks", looks), ("lookups", lookups)] {
        trial.expect(answered * one_in >= asked, || {
            format!("{answered} of {asked} {what} were answered")
        });
    }
    trial.expect(streams.is_empty() || !speaking.is_empty(), || {
        format!("none of {} streams said anything", streams.len())
    });
    trial.measured(Figure::count(SILENCES, silences));
    trial.measured(Figure::time("until a client knew that none would come", longest));
}

/// What a frozen node was asked before it went on it has answered soon after, unless it was away
/// once more by then.
fn check_in_time(history: &History, asked: &Operation, trial: &mut Trial) {
    let theirs = || history.away.iter().filter(|away| away.node == asked.node);
    for away in theirs().filter(|away| away.is_frozen && asked.begun <= away.until) {
        let over = away.until.saturating_add(ANSWERED_AFTER);
        let was_away_again = || theirs().any(|next| away.until <= next.from && next.from <= over);
        trial.expect(asked.ended <= over || was_away_again(), || {
            let Operation { node, begun, ended, .. } = asked;
            let until = away.until;
            format!(
                "node {node} was asked at {begun:?}, went on at {until:?}, answered at {ended:?}"
            )
        });
    }
}

/// How many were answered, and how many there were.
fn counted((answered, asked): (usize, usize), is_answered: bool) -> (usize, usize) {
    (answered + usize::from(is_answered), asked + 1)
}
