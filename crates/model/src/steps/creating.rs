//! A sale is created: ledger first, then gate.

use std::fmt;

use crate::{
    action::{Action, Actor},
    gate::Gate,
    ledger::Ledger,
    process::Process,
    protocol::Protocol,
    rules::Rule,
    state::State,
    steps::{amending::Amender, deleting::Deleter},
};

/// A step of a creation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creating {
    /// The ledger records the sale once more, after it was deleted.
    Recreate,
    /// The gate opens, full. Only the node that created the sale does this, and once.
    OpenNew { at: Process },
    /// The sale's window begins, by every clock at once.
    Start,
}

impl Creating {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        let ledger = &state.ledger;
        let mut offer = |step| to.push(Action(Actor::Creator(step)));
        if !state.started {
            offer(Self::Start);
        }
        let was_deleted = world.bounds.recreates && !ledger.living;
        if was_deleted && ledger.epoch.number() < world.bounds.epochs {
            offer(Self::Recreate);
        }
        for at in Process::BOTH {
            if is_new(state.gate(at), ledger)
                && (ledger.opening || !world.rules.has(Rule::MissingMeansClosed))
            {
                offer(Self::OpenNew { at });
            }
        }
    }

    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        match self {
            Self::Start => state.started = true,
            Self::Recreate => {
                let ledger = &mut state.ledger;
                let epoch = ledger.epoch.next();
                let sale = ledger.sale.as_created();
                let (archive, told) = (ledger.archive, ledger.told);
                let new = Ledger::created(sale.units);
                *ledger = Ledger { epoch, born: epoch, opened: epoch, archive, told, ..new };
                state.amender = Amender::Idle;
                state.deleter = Deleter::Done;
            }
            Self::OpenNew { at } => {
                let missing_means_closed = world.rules.has(Rule::MissingMeansClosed);
                let Ledger { born, epoch, sale, .. } = state.ledger;
                // Not by the ledger's epoch of now: the creator knows the one that it was given.
                let epoch = if missing_means_closed { born } else { epoch };
                state.gate_mut(at).open_new(at, epoch, sale.as_created());
                state.worth.bring(at, epoch, state.gate(at).outbox);
                // Were it sent again, the second might be done late, and at the other.
                state.ledger.opening = !world.rules.has(Rule::OpeningSentOnce);
            }
        }
    }
}

/// Whether a gate has no head of the living generation.
fn is_new(gate: &Gate, ledger: &Ledger) -> bool {
    gate.epoch < ledger.born
}

impl fmt::Display for Creating {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recreate => to.write_str("the ledger records the sale once more"),
            Self::OpenNew { at } => write!(to, "the creator opens {at}"),
            Self::Start => to.write_str("the sale starts"),
        }
    }
}
