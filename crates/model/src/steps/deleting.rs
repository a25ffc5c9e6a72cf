//! An admin deletes a sale: end it, drain its outbox, bury it, forget it.

use std::fmt;

use crate::{
    action::{Action, Actor},
    entry::Epoch,
    process::Process,
    protocol::Protocol,
    purchase::Purchases,
    rules::Rule,
    state::State,
    steps::amending::Amender,
};

/// How far the deletion is. There is one in a world; its node may die at any step, after which a
/// repeat goes on from there, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Deleter {
    Idle,
    /// The sale is ended in this life of its gate.
    Ended(Epoch),
    /// The outbox held nothing of it after that.
    Drained(Epoch),
    Buried,
    /// Nothing is left to do, or the sku was created again.
    Done,
}

impl Deleter {
    /// Whether the sale was ended in another life of its gate than the ledger's.
    pub(crate) fn is_of_past_life(self, now: Epoch) -> bool {
        match self {
            Self::Ended(life) | Self::Drained(life) => life != now,
            Self::Idle | Self::Buried | Self::Done => false,
        }
    }
}

/// A step of the deletion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleting {
    /// The gate accepts nothing more.
    End { at: Process },
    /// Nothing of the sale is left in the outbox, the change of `End` included.
    Drain { at: Process },
    /// The ledger makes a tombstone of the row, and moves the purchases to the archive.
    Bury,
    /// The gate is emptied.
    Forget { at: Process },
}

impl Deleting {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        if !world.bounds.deletes {
            return;
        }
        let (rules, ledger) = (world.rules, &state.ledger);
        let mut offer = |step| to.push(Action(Actor::Deleter(step)));
        let drains_in = match state.deleter {
            Deleter::Idle => (!rules.has(Rule::EndedBeforeBurial)).then_some(ledger.epoch),
            Deleter::Ended(life) => Some(life),
            Deleter::Drained(_) | Deleter::Buried | Deleter::Done => None,
        };
        for at in Process::BOTH {
            let gate = state.gate(at);
            if state.deleter == Deleter::Idle && gate.admits(at, rules) {
                offer(Self::End { at });
            }
            let is_seen = drains_in.is_some_and(|life| {
                let is_of_life = gate.epoch == life && gate.admits(at, rules);
                is_of_life || !rules.has(Rule::DrainedInEndedLife)
            });
            let is_drained = gate.outbox.since(ledger.born).is_empty();
            if is_seen && (is_drained || !rules.has(Rule::DrainedBeforeBurial)) {
                offer(Self::Drain { at });
            }
            if state.deleter == Deleter::Buried {
                offer(Self::Forget { at });
            }
        }
        let was_drained = matches!(state.deleter, Deleter::Drained(_));
        let has_epoch = ledger.epoch.number() < world.bounds.epochs;
        if was_drained && has_epoch && !state.is_row_held(world) {
            offer(Self::Bury);
        }
    }

    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        let epoch = state.ledger.epoch;
        match self {
            Self::End { at } => {
                let gate = state.gate_mut(at);
                gate.sale.ended = true;
                state.deleter = Deleter::Ended(gate.epoch);
            }
            Self::Drain { at } => {
                // The entry of the change; of another epoch it is dropped.
                let gate = state.gate(at);
                let is_recorded = gate.sale.ended && gate.epoch == epoch;
                state.ledger.sale.ended |= is_recorded && !state.is_row_held(world);
                state.deleter = match state.deleter {
                    Deleter::Ended(life) => Deleter::Drained(life),
                    Deleter::Idle | Deleter::Drained(_) | Deleter::Buried | Deleter::Done => {
                        Deleter::Drained(epoch)
                    }
                };
            }
            Self::Bury => {
                let ledger = &mut state.ledger;
                if world.rules.has(Rule::TombstoneRaisesEpoch) {
                    ledger.epoch = epoch.next();
                }
                (ledger.living, ledger.opening) = (false, false);
                ledger.archive = ledger.archive.and(ledger.rows);
                ledger.rows = Purchases::NONE;
                state.amender = Amender::Over;
                state.deleter = Deleter::Buried;
            }
            Self::Forget { at } => {
                state.gate_mut(at).forget(epoch);
                state.deleter = Deleter::Done;
            }
        }
    }
}

impl fmt::Display for Deleting {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { at } => write!(to, "the deletion ends the sale at {at}"),
            Self::Drain { at } => write!(to, "the deletion finds the outbox of {at} drained"),
            Self::Bury => to.write_str("the deletion buries the sale"),
            Self::Forget { at } => write!(to, "the deletion empties {at}"),
        }
    }
}
