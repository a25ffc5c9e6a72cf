//! Whoever meets a closed gate restores it, or whoever finds it wrong.
//!
//! A restore may begin at any time: rules, not good manners, must keep the sale right. The 5 s for
//! which the ledger keeps others from taking the next epoch are manners, and left out.

mod at_gate;
mod at_ledger;

use std::fmt;

use crate::{
    action::{Action, Actor},
    entry::Epoch,
    process::Process,
    protocol::Protocol,
    purchase::{Purchase, Purchases},
    restorer::Restorer,
    rules::Rule,
    state::State,
};

/// One of those who restore, by their place in the state and the epoch that they took.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct By {
    place: usize,
    epoch: Epoch,
}

/// A step of a restore.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restoring {
    /// The ledger gives the next epoch to one restorer.
    Take,
    /// The ledger gives its epoch to one more.
    TakeAgain,
    /// The restorer dies, or gives up.
    Die { by: By },
    /// A restorer does what is next.
    Advance { by: By, doing: Doing },
}

/// A step of a restorer at work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// The gate is closed under the epoch and this process' life.
    Close { at: Process },
    /// The ledger gets the change that only the gate had.
    Keep,
    /// What the gate still holds and the ledger has not is read.
    ReadGate { at: Process },
    /// The ledger takes as much of it as fits.
    Give { admitted: Purchases },
    /// The ledger is read.
    ReadLedger,
    /// The next part of it is written, or that there is none.
    Write { at: Process, part: Option<Purchase> },
    /// A late original of the first part is written, after others.
    WriteAgain { at: Process, part: Purchase },
    /// The counters are written, and the gate opens.
    Open { at: Process },
}

impl Restoring {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        let mut offer = |step| to.push(Action(Actor::Restorer(step)));
        let (rules, ledger) = (world.rules, &state.ledger);
        let under_way = state.restorers.iter().flatten().count();
        let may_take = !state.is_row_held(world)
            && (ledger.living || !rules.has(Rule::DeletedIsFinal))
            && under_way < world.bounds.restorers;
        if may_take && ledger.epoch.number() < world.bounds.epochs {
            offer(Self::Take);
        }
        if may_take && ledger.epoch > ledger.born && !rules.has(Rule::EpochTakenOnce) {
            offer(Self::TakeAgain);
        }
        for (place, restorer) in state.restorers.iter().enumerate() {
            let Some(restorer) = *restorer else { continue };
            let by = By { place, epoch: restorer.epoch };
            offer(Self::Die { by });
            let mut advance = |doing| offer(Self::Advance { by, doing });
            at_ledger::offer(world, state, restorer, &mut advance);
            for at in Process::BOTH {
                at_gate::offer(world, state, restorer, at, &mut advance);
            }
        }
    }

    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        match self {
            Self::Take => {
                state.ledger.epoch = state.ledger.epoch.next();
                seat(state);
            }
            Self::TakeAgain => seat(state),
            Self::Die { by } => state.restorers[by.place] = None,
            Self::Advance { by, doing } => {
                let Some(mut restorer) = state.restorers[by.place] else { return };
                let is_at_work = doing.apply(world, state, &mut restorer);
                state.restorers[by.place] = is_at_work.then_some(restorer);
            }
        }
    }
}

impl Doing {
    /// Does the step; whether there is more to do.
    fn apply(self, world: &Protocol, state: &mut State, restorer: &mut Restorer) -> bool {
        match self {
            Self::Close { at } => at_gate::close(world, state, restorer, at),
            Self::Keep => at_ledger::keep(world, &mut state.ledger, restorer),
            Self::ReadGate { at } => {
                at_gate::read(world, state.gate(at), &state.ledger, restorer);
            }
            Self::Give { admitted } => at_ledger::give(world, state, restorer, admitted),
            Self::ReadLedger => at_ledger::read(world, &mut state.ledger, restorer),
            Self::Write { at, part } => {
                at_gate::write(world, state.gate_mut(at), restorer, part);
            }
            Self::WriteAgain { at, part } => at_gate::write_again(state.gate_mut(at), part),
            Self::Open { at } => {
                at_gate::open(world, state.gate_mut(at), at, *restorer);
                return false;
            }
        }
        true
    }
}

/// Puts a restorer of the ledger's epoch to work.
fn seat(state: &mut State) {
    let restorer = Restorer::of(state.ledger.epoch);
    if let Some(place) = state.restorers.iter_mut().find(|place| place.is_none()) {
        *place = Some(restorer);
    }
}

impl fmt::Display for Restoring {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Take => to.write_str("a restorer takes the next epoch"),
            Self::TakeAgain => to.write_str("another restorer takes the same epoch"),
            Self::Die { by } => write!(to, "the restorer of epoch {} dies", by.epoch),
            Self::Advance { by, doing } => {
                write!(to, "the restorer of epoch {} {doing}", by.epoch)
            }
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close { at } => write!(to, "closes {at}"),
            Self::Keep => to.write_str("gives the ledger the change that the gate had"),
            Self::ReadGate { at } => write!(to, "reads what {at} still holds"),
            Self::Give { admitted } => write!(to, "gives the ledger {admitted}"),
            Self::ReadLedger => to.write_str("reads the ledger"),
            Self::Write { at, part: Some(part) } => write!(to, "writes {part} to {at}"),
            Self::Write { at, part: None } => write!(to, "empties {at}"),
            Self::WriteAgain { at, part } => {
                write!(to, "finds {part} written to {at} once more, by a late original")
            }
            Self::Open { at } => write!(to, "opens {at}"),
        }
    }
}
