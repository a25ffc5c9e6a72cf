//! The scripts of a restore. All but the first demand that the gate is the restorer's own.

use super::{Doing, at_ledger::after_keeping};
use crate::{
    gate::{Gate, Phase},
    ledger::Ledger,
    process::{Life, Process},
    protocol::Protocol,
    purchase::{Purchase, Purchases},
    restorer::{Restorer, Step},
    rules::Rule,
    sale::Sale,
    state::State,
};

/// Offers the next step if it is a script.
pub(super) fn offer(
    world: &Protocol,
    state: &State,
    restorer: Restorer,
    at: Process,
    advance: &mut impl FnMut(Doing),
) {
    let (rules, gate) = (world.rules, state.gate(at));
    if restorer.next == Step::Close && may_close(world, state, restorer, at) {
        advance(Doing::Close { at });
    }
    if restorer.next == Step::Close || !restorer.may_touch(gate, at, rules) {
        return;
    }
    let follows = gate.written == restorer.written.len() || !rules.has(Rule::ChunksCounted);
    let carries_nothing = restorer.carried.is_empty();
    match restorer.next {
        Step::ReadGate => advance(Doing::ReadGate { at }),
        Step::Write if carries_nothing => advance(Doing::Write { at, part: None }),
        Step::Write if follows || restorer.written.is_empty() => {
            for part in restorer.carried.but(restorer.written).iter() {
                advance(Doing::Write { at, part: Some(part) });
            }
        }
        Step::Open if follows => advance(Doing::Open { at }),
        Step::Close | Step::Keep | Step::Give | Step::ReadLedger | Step::Write | Step::Open => {}
    }
    if restorer.next == Step::Write && !rules.has(Rule::OpenedLast) {
        advance(Doing::Open { at });
    }
    // Where only one part was written, the head tells that it was.
    if restorer.written.len() > 1 {
        for part in restorer.written.iter() {
            advance(Doing::WriteAgain { at, part });
        }
    }
}

/// Whether the script of step 2 does anything.
fn may_close(world: &Protocol, state: &State, restorer: Restorer, at: Process) -> bool {
    let gate = state.gate(at);
    let is_deleted = gate.phase == Phase::Deleted && gate.epoch >= state.ledger.born;
    let is_sent_again =
        gate.epoch == restorer.epoch && gate.phase == Phase::Closed && gate.life == Life::of(at);
    let is_below = gate.epoch < restorer.epoch;
    !is_deleted && (is_below || is_sent_again || !world.rules.has(Rule::HeadNeverLowered))
}

/// Step 2, and whether the definition that the gate had is to be kept.
pub(super) fn close(world: &Protocol, state: &mut State, restorer: &mut Restorer, at: Process) {
    let (rules, ledger) = (world.rules, state.ledger);
    let gate = state.gate_mut(at);
    if restorer.epoch >= ledger.born && rules.has(Rule::GenerationInKeys) {
        gate.drop_earlier_generation(ledger.born);
    }
    let is_of_this_life = if rules.has(Rule::ChangeKeptUntilReopened) {
        gate.epoch >= ledger.opened
    } else {
        gate.epoch.next() >= restorer.epoch
    };
    if !is_of_this_life || !world.bounds.has_changes() {
        gate.sale = Sale::UNKNOWN;
    }
    (gate.epoch, gate.life, gate.phase) = (restorer.epoch, Life::of(at), Phase::Closed);
    (gate.stock, gate.count, gate.written) = (0, 0, 0);
    let (kept, outbox) = (gate.sale, gate.outbox);
    // Whoever was overtaken since they took the epoch brings the sale nowhere.
    if restorer.epoch == ledger.epoch {
        state.worth.bring(at, restorer.epoch, outbox);
    }
    restorer.go_on(after_keeping(world));
    if kept.changes() > ledger.sale.changes() && rules.has(Rule::ChangeKept) {
        (restorer.next, restorer.sale) = (Step::Keep, kept);
    }
}

/// Step 3, first half: what the gate holds of the living generation and the ledger has not.
pub(super) fn read(world: &Protocol, gate: &Gate, ledger: &Ledger, restorer: &mut Restorer) {
    let outbox = if world.rules.has(Rule::GenerationInKeys) {
        gate.outbox.since(ledger.born)
    } else {
        gate.outbox
    };
    let held = gate.buyers.and(outbox.purchases()).but(ledger.has());
    restorer.go_on(if held.is_empty() { Step::ReadLedger } else { Step::Give });
    restorer.carried = held;
}

/// Step 5: a part of what the ledger has, of one purchase.
pub(super) fn write(
    world: &Protocol,
    gate: &mut Gate,
    restorer: &mut Restorer,
    part: Option<Purchase>,
) {
    if restorer.written.is_empty() {
        gate.written = 0;
        if world.rules.has(Rule::EmptiedFirst) {
            gate.buyers = Purchases::NONE;
        }
    }
    if let Some(part) = part {
        gate.buyers = gate.buyers.with(part);
        gate.written += 1;
        restorer.written = restorer.written.with(part);
    }
    if restorer.written == restorer.carried {
        restorer.next = Step::Open;
    }
}

/// The first part of step 5, sent long ago, done after others: it empties the gate as it did.
pub(super) fn write_again(gate: &mut Gate, part: Purchase) {
    gate.buyers = Purchases::only(part);
    gate.written = 1;
}

/// The counters of step 5, and step 6.
pub(super) fn open(world: &Protocol, gate: &mut Gate, at: Process, restorer: Restorer) {
    let is_of_written = world.rules.has(Rule::CountOfWritten);
    gate.sale = restorer.sale;
    gate.stock = restorer.sale.units.saturating_sub(restorer.carried.len());
    gate.count = if is_of_written { restorer.carried } else { gate.buyers }.len();
    gate.written = 0;
    (gate.phase, gate.life) = (Phase::Open, Life::of(at));
}
