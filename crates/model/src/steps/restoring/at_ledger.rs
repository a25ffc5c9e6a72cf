//! The transactions of a restore. Each demands its epoch, except where that is taken out.

use super::Doing;
use crate::{
    ledger::Ledger,
    marks::Mark,
    protocol::Protocol,
    purchase::Purchases,
    restorer::{Restorer, Step},
    rules::Rule,
    state::State,
};

/// Offers the next step if it is a transaction.
pub(super) fn offer(
    world: &Protocol,
    state: &State,
    restorer: Restorer,
    advance: &mut impl FnMut(Doing),
) {
    let ledger = &state.ledger;
    let is_living = ledger.living || !world.rules.has(Rule::DeletedIsFinal);
    let is_its_own = ledger.epoch == restorer.epoch && is_living;
    let is_refused = !is_its_own && world.rules.has(Rule::EpochAtLedgerSteps);
    if is_refused || state.is_row_held(world) {
        return;
    }
    match restorer.next {
        Step::Keep => advance(Doing::Keep),
        Step::Give => {
            // Which come first is not said here: any may win of those that do not all fit.
            let carried = restorer.carried;
            for admitted in carried.subsets().filter(|&some| is_largest(ledger, some, carried)) {
                advance(Doing::Give { admitted });
            }
        }
        Step::ReadLedger => advance(Doing::ReadLedger),
        Step::Close | Step::ReadGate | Step::Write | Step::Open => {}
    }
}

/// Gives the ledger the change that only the gate had.
pub(super) fn keep(world: &Protocol, ledger: &mut Ledger, restorer: &mut Restorer) {
    // Better a sale as the ledger describes it than one that it refuses.
    if ledger.rows.len() <= restorer.sale.units {
        ledger.sale = restorer.sale;
    }
    restorer.go_on(after_keeping(world));
}

/// What comes after the change of step 2 is kept, or there is none.
pub(super) fn after_keeping(world: &Protocol) -> Step {
    if world.rules.has(Rule::SurvivorsGiven) { Step::ReadGate } else { Step::ReadLedger }
}

/// Step 3, second half: what is not admitted becomes a dead letter.
pub(super) fn give(
    world: &Protocol,
    state: &mut State,
    restorer: &mut Restorer,
    admitted: Purchases,
) {
    let before = state.ledger.rows;
    state.ledger.insert(admitted);
    let refused = restorer.carried.but(state.ledger.rows);
    let is_owed = !refused.shared(state.worth.owed().purchases()).is_empty();
    state.marks.set_if(is_owed, Mark::OwedRefused);
    restorer.go_on(Step::ReadLedger);
    if !world.rules.has(Rule::LedgerReadLast) {
        read(world, &mut state.ledger, restorer);
        restorer.carried = before;
    }
}

/// Step 4, and that a gate is about to be opened.
pub(super) fn read(world: &Protocol, ledger: &mut Ledger, restorer: &mut Restorer) {
    if world.bounds.has_changes() {
        ledger.opened = ledger.opened.max(restorer.epoch);
    }
    restorer.go_on(Step::Write);
    (restorer.carried, restorer.sale) = (ledger.rows, ledger.sale);
}

/// Whether some of these fit into the ledger, and none of the others beside them.
fn is_largest(ledger: &Ledger, some: Purchases, of: Purchases) -> bool {
    let others = of.but(ledger.rows).but(some);
    ledger.has_room_for(some) && !others.iter().any(|other| ledger.has_room_for(some.with(other)))
}
