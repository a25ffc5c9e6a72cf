//! Buyers attempt to buy, at whichever Redis their node is connected to.

use std::fmt;

use crate::{
    action::{Action, Actor},
    gate::Gate,
    process::Process,
    protocol::Protocol,
    purchase::{Purchase, Purchases},
    rules::Rule,
    state::State,
};

/// A step of a buyer. Rejections change nothing, and are none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buying {
    /// An attempt is accepted: unit, buyer and outbox entry in one step.
    Attempt { purchase: Purchase, at: Process },
    /// An attempt whose key has bought is answered with that purchase.
    Replay { purchase: Purchase, at: Process },
}

impl Buying {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        if !state.started {
            return;
        }
        let mut offer = |step| to.push(Action(Actor::Buyer(step)));
        for at in Process::BOTH {
            let gate = state.gate(at);
            if !gate.admits(at, world.rules) {
                continue;
            }
            for purchase in Purchase::all() {
                let knows = gate.knows_key_of(purchase, world.rules);
                let accepts = !gate.sale.ended && gate.stock > 0;
                if !knows && accepts && is_drawn(world, state, gate, purchase) {
                    offer(Self::Attempt { purchase, at });
                }
            }
            // A replay passes through the commit, and what is committed was told already.
            if !world.rules.has(Rule::AnswerAfterCommit) {
                for purchase in gate.buyers.but(state.ledger.told).iter() {
                    offer(Self::Replay { purchase, at });
                }
            }
        }
    }

    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        match self {
            Self::Attempt { purchase, at } => {
                let entry = state.gate_mut(at).accept(purchase);
                state.worth.accept(at, entry);
                state.hand = state.hand.with(entry);
                if !world.rules.has(Rule::AnswerAfterCommit) {
                    state.ledger.told = state.ledger.told.with(purchase);
                }
            }
            Self::Replay { purchase, .. } => {
                state.ledger.told = state.ledger.told.with(purchase);
            }
        }
    }
}

/// Whether a node may come with this number: one that the gate's generation knows, as a resend
/// does, or the first that its key has not drawn yet. A number is never drawn twice.
fn is_drawn(world: &Protocol, state: &State, gate: &Gate, purchase: Purchase) -> bool {
    let (living, buried) = (state.sold_by_living(), state.sold_by_buried());
    let is_of_living = gate.epoch >= state.ledger.born;
    let others = if is_of_living { buried } else { living };
    let drawn: Purchases = living.and(buried);
    purchase.tries_before() < world.bounds.tries
        && !others.has(purchase)
        && purchase.drawn_before().is_within(drawn)
}

impl fmt::Display for Buying {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { purchase, at } => write!(to, "{at} accepts {purchase}"),
            Self::Replay { purchase, at } => write!(to, "{at} repeats the answer {purchase}"),
        }
    }
}
