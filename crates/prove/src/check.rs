//! The specification of a sale as its clients and its ledger may see it, held to a history.
//!
//! The state of a sale after its first `k` acceptances is known from the ledger, since every
//! purchase stands there with its position. So each answer is right in some of these states and in
//! no others, from one to another of them, and the history is as the specification says if
//! acceptances and answers can be put in one order in which each happens between its begin and its
//! end ([`order`]). That takes O(n log n); a general search for any order of operations would not
//! end for more than a few, and tests hold this checker to one on small histories.
//!
//! Besides: what every ledger must satisfy ([`ledger`]), what was told against what is recorded
//! ([`told`]), pauses and ends ([`phases`]), what status and streams showed ([`seen`]), and that
//! they did ([`silence`]).

mod acceptances;
mod answers;
mod ledger;
mod order;
mod phases;
mod seen;
mod silence;
mod told;
mod undone;

pub(crate) use self::silence::SILENCES;
use std::time::Duration;

use crate::{Trial, history::History};

/// What the clocks of stores and clients may disagree by, both on this machine.
const CLOCK_ERROR: Duration = Duration::from_millis(100);
/// How old a status may be.
const STATUS_AGE: Duration = Duration::from_secs(1);
/// How old a stream's event may be. A node looks every 200 ms and sends every 120 ms; unlike a
/// status, an event is not refused by a node that has not looked for a second, and the rest is for
/// the turns of a machine that runs all nodes, stores and clients of a trial.
const STREAM_AGE: Duration = Duration::from_secs(2);

/// What a line promises of purchases that were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Every one of them is in the ledger, and nothing is given up to a person.
    NothingLost,
    /// Every one of them is in the ledger. What was accepted and nobody was told of may be given
    /// up, if its key has bought again meanwhile.
    NothingToldLost,
    /// Those that are not are counted; what was sold in their place makes no order of answers.
    LossCounted,
}

/// Holds a history to the specification.
#[must_use]
pub fn check(history: &History, promise: Promise) -> Trial {
    let mut trial = Trial::default();
    let sale = acceptances::Acceptances::of(history, promise, &mut trial);
    ledger::check(history, &sale, &mut trial);
    told::check(history, &sale, promise, &mut trial);
    let mut order = Vec::new();
    if promise != Promise::LossCounted {
        let answers = answers::answers(history, &sale, &mut trial);
        order = order::check(&sale, &answers, &mut trial);
        seen::check_own_stock(history, &sale, &mut trial);
    }
    phases::check(history, &sale, &order, &mut trial);
    seen::check_versions(history, &mut trial);
    silence::check(history, &mut trial);
    trial
}
