//! An admin corrects the units of a sale that has not started: PUT.
//!
//! The ledger's row is held, the gate changes by a script, then the row is written and let go.

use std::fmt;

use crate::{
    action::{Action, Actor},
    entry::Epoch,
    process::Process,
    protocol::Protocol,
    rules::Rule,
    state::State,
};

/// How far a PUT is. There is one in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Amender {
    /// It has not begun.
    Idle,
    /// It holds the row, which is in this epoch.
    Holding(Epoch),
    /// The gate has the change, and the row is still held.
    Applied,
    /// It died, and let go of the row, while its script for a gate of this epoch was on its way.
    Late(Epoch),
    /// It died after the gate had the change: nobody was answered, and the gate is ahead.
    Unanswered,
    /// It is over.
    Over,
}

impl Amender {
    /// Whether it holds the ledger's row.
    pub(crate) fn is_at_work(self) -> bool {
        match self {
            Self::Holding(_) | Self::Applied => true,
            Self::Idle | Self::Late(_) | Self::Unanswered | Self::Over => false,
        }
    }

    /// Whether a gate may describe the sale otherwise than the ledger.
    pub(crate) fn is_ahead(self) -> bool {
        match self {
            Self::Applied | Self::Unanswered => true,
            Self::Idle | Self::Holding(_) | Self::Late(_) | Self::Over => false,
        }
    }
}

/// A step of a PUT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amending {
    /// The row is taken.
    Hold,
    /// The gate has the change.
    Apply { at: Process },
    /// The row has it too, and is let go.
    Commit,
    /// Whoever held the row dies, and the row is let go as it was.
    Die,
}

impl Amending {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        let mut offer = |step| to.push(Action(Actor::Amender(step)));
        match state.amender {
            Amender::Idle if world.bounds.amends && !state.started && state.ledger.living => {
                offer(Self::Hold);
            }
            Amender::Holding(epoch) | Amender::Late(epoch) => {
                if state.amender.is_at_work() {
                    offer(Self::Die);
                }
                for at in Process::BOTH {
                    if may_apply(world, state, epoch, at) {
                        offer(Self::Apply { at });
                    }
                }
            }
            Amender::Applied => {
                offer(Self::Die);
                if state.ledger.rows.len() <= state.ledger.sale.amended().units {
                    offer(Self::Commit);
                }
            }
            Amender::Idle | Amender::Unanswered | Amender::Over => {}
        }
    }

    pub(crate) fn apply(self, state: &mut State) {
        match self {
            Self::Hold => state.amender = Amender::Holding(state.ledger.epoch),
            Self::Apply { at } => {
                let gate = state.gate_mut(at);
                gate.sale = gate.sale.amended();
                gate.stock = gate.sale.units.saturating_sub(gate.buyers.len());
                let is_answered = state.amender.is_at_work();
                state.amender = if is_answered { Amender::Applied } else { Amender::Unanswered };
            }
            Self::Commit => {
                if !state.ledger.sale.amended {
                    state.ledger.sale = state.ledger.sale.amended();
                }
                state.amender = Amender::Over;
            }
            Self::Die => {
                state.amender = match state.amender {
                    Amender::Holding(epoch) => Amender::Late(epoch),
                    Amender::Idle
                    | Amender::Late(_)
                    | Amender::Applied
                    | Amender::Unanswered
                    | Amender::Over => Amender::Unanswered,
                };
            }
        }
    }
}

/// Whether the script finds the sale as it was read, and upcoming.
fn may_apply(world: &Protocol, state: &State, epoch: Epoch, at: Process) -> bool {
    let (rules, gate) = (world.rules, state.gate(at));
    let is_upcoming = !state.started && gate.count == 0 && !gate.sale.ended;
    gate.admits(at, rules)
        && !gate.sale.amended
        && (gate.epoch == epoch || !rules.has(Rule::AmendmentUnderRowsEpoch))
        && (is_upcoming || !rules.has(Rule::AmendmentBeforeStart))
}

impl fmt::Display for Amending {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold => to.write_str("a PUT holds the ledger's row"),
            Self::Apply { at } => write!(to, "the PUT changes the units at {at}"),
            Self::Commit => to.write_str("the PUT is committed"),
            Self::Die => to.write_str("whoever made the PUT dies"),
        }
    }
}
