//! What befalls the two Redis processes.

use std::fmt;

use crate::{
    action::{Action, Actor},
    gate::Gate,
    marks::Mark,
    process::{Life, Process},
    protocol::Protocol,
    purchase::Purchases,
    rules::Rule,
    state::State,
};

/// A fault, or what prepares one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    /// What is in memory reaches the disk. A snapshot or a file cut back: one older state.
    Save { at: Process },
    /// It is killed and starts again with all that it had.
    Restart { at: Process },
    /// It starts again with what it had saved.
    RollBack { at: Process },
    /// It starts again with nothing, or is flushed.
    Empty { at: Process },
    /// It becomes a copy of the other, and is promoted later.
    Copy { at: Process },
    /// The buyers are gone, and the head is not.
    LoseBuyers { at: Process },
}

impl Failing {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        if state.faults >= world.bounds.faults {
            return;
        }
        for at in Process::BOTH {
            let steps = [
                Self::Save { at },
                Self::Restart { at },
                Self::RollBack { at },
                Self::Empty { at },
                Self::Copy { at },
                Self::LoseBuyers { at },
            ];
            let felt = steps.into_iter().filter(|step| step.is_felt(state));
            to.extend(felt.map(|step| Action(Actor::Fault(step))));
        }
    }

    /// Whether it makes a difference: a fault that nobody feels is left out.
    fn is_felt(self, state: &State) -> bool {
        match self {
            Self::Save { at } => state.server(at).saved != *state.gate(at),
            Self::Restart { at } => state.gate(at).life == Life::of(at),
            // Empty-handed it is the next one.
            Self::RollBack { at } => state.server(at).saved != Gate::EMPTY,
            Self::Empty { at } => *state.gate(at) != Gate::EMPTY,
            Self::Copy { at } => state.gate(at) != state.gate(at.other()),
            Self::LoseBuyers { at } => !state.gate(at).buyers.is_empty(),
        }
    }

    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        if let Self::Save { at } = self {
            let server = state.server_mut(at);
            server.saved = server.gate;
            return;
        }
        state.faults += 1;
        match self {
            Self::Save { .. } => {}
            Self::Restart { at } => state.end_life(at),
            Self::RollBack { at } => {
                state.end_life(at);
                let server = state.server_mut(at);
                server.gate = server.saved;
            }
            Self::Empty { at } => {
                state.end_life(at);
                *state.gate_mut(at) = Gate::EMPTY;
            }
            Self::Copy { at } => {
                if world.rules.has(Rule::ReplicationInIncarnation) {
                    state.end_life(at);
                }
                *state.gate_mut(at) = *state.gate(at.other());
            }
            Self::LoseBuyers { at } => {
                state.gate_mut(at).buyers = Purchases::NONE;
                state.marks.set_if(true, Mark::BuyersLost);
            }
        }
        state.worth.lose(self.at(), state.gate(self.at()).outbox);
    }

    /// The process that it befalls.
    fn at(self) -> Process {
        match self {
            Self::Save { at }
            | Self::Restart { at }
            | Self::RollBack { at }
            | Self::Empty { at }
            | Self::Copy { at }
            | Self::LoseBuyers { at } => at,
        }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Save { at } => write!(to, "{at} saves its data"),
            Self::Restart { at } => write!(to, "{at} restarts with its data"),
            Self::RollBack { at } => write!(to, "{at} restarts with what it saved"),
            Self::Empty { at } => write!(to, "{at} restarts empty"),
            Self::Copy { at } => write!(to, "{at} becomes a copy of {}", at.other()),
            Self::LoseBuyers { at } => write!(to, "{at} loses its buyers"),
        }
    }
}
