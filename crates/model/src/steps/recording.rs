//! Workers, and nodes that answer at level `ledger`, bring entries to the ledger.
//!
//! Both hold the same bytes of an entry and commit them in the same way, so that here they are
//! one. That an entry leaves the outbox after its commit needs no step: what the ledger has makes
//! no difference in an outbox, and is folded away.

use std::fmt;

use crate::{
    action::{Action, Actor},
    entry::Entry,
    process::Process,
    protocol::Protocol,
    purchase::Purchases,
    rules::Rule,
    state::State,
};

/// A step with an entry in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// The ledger inserts the purchase; whoever waits for it is answered.
    Commit { entry: Entry },
    /// A stale entry is offered to a gate, and then leaves the outbox there.
    Adopt { entry: Entry, at: Process },
    /// An entry of a sale that is deleted becomes a dead letter.
    Orphan { entry: Entry, at: Process },
    /// An entry leaves the outbox although nothing was done with it.
    LetGo { entry: Entry, at: Process },
}

/// What a gate says to a stale entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// It holds the purchase already.
    Present,
    /// It takes it in.
    Taken,
    /// No unit is left, or the key has another purchase: it becomes a dead letter.
    Refused,
}

/// What the ledger says to an entry that it lacks.
enum Verdict {
    Inserted,
    /// Taken for a repeat, though it is none.
    Swallowed,
    /// An error, or not of this epoch: nothing is done.
    Refused,
}

impl Recording {
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Action>) {
        let mut offer = |step| to.push(Action(Actor::Worker(step)));
        for entry in state.hand.iter() {
            if !matches!(verdict(world, state, entry), Verdict::Refused) {
                offer(Self::Commit { entry });
            }
            for at in Process::BOTH {
                let waits_here = state.gate(at).outbox.has(entry);
                let adoption = adoption(world, state, entry, at);
                if adoption.is_some_and(|said| said == Adoption::Taken || waits_here) {
                    offer(Self::Adopt { entry, at });
                }
                if is_orphan(world, state, entry) && waits_here {
                    offer(Self::Orphan { entry, at });
                }
                if !world.rules.has(Rule::EntryLeavesLast) && waits_here {
                    offer(Self::LetGo { entry, at });
                }
            }
        }
    }

    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        match self {
            Self::Commit { entry } => match verdict(world, state, entry) {
                Verdict::Inserted => state.ledger.insert(Purchases::only(entry.purchase)),
                Verdict::Swallowed => {
                    state.ledger.told = state.ledger.told.with(entry.purchase);
                }
                Verdict::Refused => {}
            },
            Self::Adopt { entry, at } => match adoption(world, state, entry, at) {
                Some(Adoption::Present) => state.let_go(entry, at),
                Some(Adoption::Taken) => {
                    let adopted = state.gate_mut(at).accept(entry.purchase);
                    state.hand = state.hand.with(adopted);
                    state.let_go(entry, at);
                }
                Some(Adoption::Refused) => state.bury(entry, at),
                None => {}
            },
            Self::Orphan { entry, at } => state.bury(entry, at),
            Self::LetGo { entry, at } => state.let_go(entry, at),
        }
    }
}

/// What becomes of an entry at the ledger, in one transaction under the sale's row.
fn verdict(world: &Protocol, state: &State, entry: Entry) -> Verdict {
    let (rules, ledger) = (world.rules, &state.ledger);
    let of_epoch = entry.epoch == ledger.epoch || !rules.has(Rule::EpochAtCommit);
    let of_sale = entry.epoch >= ledger.born || !rules.has(Rule::GenerationInKeys);
    let is_living = ledger.living || !rules.has(Rule::DeletedIsFinal);
    if state.is_row_held(world) || !(of_epoch && of_sale && is_living) {
        return Verdict::Refused;
    }
    let purchase = Purchases::only(entry.purchase);
    if ledger.has_room_for(purchase) || !rules.has(Rule::LedgerConstraints) {
        return Verdict::Inserted;
    }
    // The stock is a CHECK, which raises in any case; the key is a second unique index.
    let swallows = !rules.has(Rule::NamedConflictTarget);
    if swallows && ledger.rows.has_key_of(entry.purchase) && !ledger.told.has(entry.purchase) {
        return Verdict::Swallowed;
    }
    Verdict::Refused
}

/// Whether the sale of an entry is gone.
fn is_orphan(world: &Protocol, state: &State, entry: Entry) -> bool {
    let of_buried = entry.epoch < state.ledger.born && world.rules.has(Rule::GenerationInKeys);
    of_buried || !state.ledger.living
}

/// What a gate says to an entry that the ledger found stale; `None` if it says nothing, since the
/// entry is not stale or the fence keeps it out.
pub(crate) fn adoption(
    world: &Protocol,
    state: &State,
    entry: Entry,
    at: Process,
) -> Option<Adoption> {
    let (rules, ledger, gate) = (world.rules, &state.ledger, state.gate(at));
    let is_stale = entry.epoch < ledger.epoch && !is_orphan(world, state, entry);
    // The epoch that the ledger named when it refused the entry was a later one than the entry's;
    // it need not be the ledger's any more.
    let is_named = gate.epoch > entry.epoch
        || (gate.epoch == entry.epoch && !rules.has(Rule::AdoptedUnderLaterEpoch));
    if !is_stale || !is_named || gate.epoch < ledger.born || !gate.admits(at, rules) {
        return None;
    }
    let is_refused = gate.stock == 0 || gate.knows_key_of(entry.purchase, rules);
    Some(if gate.buyers.has(entry.purchase) {
        Adoption::Present
    } else if is_refused && rules.has(Rule::AdoptionJudged) {
        Adoption::Refused
    } else {
        Adoption::Taken
    })
}

impl fmt::Display for Recording {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit { entry } => write!(to, "the ledger is given {entry}"),
            Self::Adopt { entry, at } => write!(to, "{at} is offered the stale {entry}"),
            Self::Orphan { entry, at } => {
                write!(to, "{entry}, of a deleted sale, becomes a dead letter at {at}")
            }
            Self::LetGo { entry, at } => write!(to, "{at} lets go of {entry}"),
        }
    }
}
