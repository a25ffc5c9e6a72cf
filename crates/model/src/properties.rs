//! What must hold in every state, and what must happen in some.

use stateright::Property;

use crate::{
    bounds::Bounds,
    entry::{Entries, Entry},
    gate::{Gate, Phase},
    ledger::Ledger,
    marks::Mark,
    process::{Life, Process},
    protocol::Protocol,
    purchase::Purchases,
    restorer::Step,
    state::State,
    steps::recording::{Adoption, adoption},
};

/// Two gates that sell the same units would oversell them.
pub const ONE_GATE: &str = "at most one gate is open under the ledger's epoch";
/// What the gate does not know it sells again.
pub const GATE_KNOWS_LEDGER: &str =
    "the gate of the ledger's epoch knows every purchase of the ledger";
/// Never oversold, by the gate's own account.
pub const GATE_ADDS_UP: &str = "the buyers and the stock of that gate add up to its units";
/// A gate that does not is closed, and restoring it would not help.
pub const GATE_COUNTS: &str = "an open gate counts the buyers that it has, unless some were lost";
/// What is accepted reaches the ledger; drained, both have the same.
pub const GATE_AGREES: &str = "what that gate holds and the ledger has not is on its way to it";
/// Never oversold against what the admin was told.
pub const SALE_AGREES: &str = "that gate sells as many units as the ledger says";
/// No drift between what is accepted and what can be recorded.
pub const LEDGER_HAS_ROOM: &str = "the ledger has room for all that was accepted in its epoch";
/// Never oversold, by the record.
pub const NEVER_OVERSOLD: &str = "the ledger never holds more than the stock";
/// The same attempt gets the same purchase.
pub const KEY_ONCE: &str = "a key has one purchase";
/// The worth of an acknowledgement at level `ledger`.
pub const TOLD_IS_KEPT: &str = "what level ledger has told stands in the ledger";
/// The same once nothing can bring it back: its unit or its key is another's.
pub const TOLD_NEVER_LOST: &str = "what level ledger has told is never lost for good";
/// The worth of an acknowledgement at level `gate`.
pub const NOTHING_REFUSED: &str = "what a gate has accepted and no fault has lost is never refused";
/// The same, before it is recorded.
pub const NOTHING_MISSING: &str = "what a gate has accepted and no fault has lost is on its way";
/// Nothing vanishes without a word, whatever fails.
pub const NOTHING_LET_GO: &str = "no entry leaves an outbox before its purchase is safe";
/// A burial is the end of a sale.
pub const DELETED_IS_OVER: &str =
    "a deleted sale sells nothing, and all it sold that no fault has lost is archived";
/// Another creation is another sale.
pub const GENERATIONS_APART: &str = "no purchase of one generation counts in another";

/// What must hold everywhere and happen somewhere in a world of this size.
pub(crate) fn of(bounds: &Bounds) -> Vec<Property<Protocol>> {
    let mut all = vec![
        Property::always(ONE_GATE, one_gate),
        Property::always(GATE_KNOWS_LEDGER, gate_knows_ledger),
        Property::always(GATE_ADDS_UP, gate_adds_up),
        Property::always(GATE_COUNTS, gate_counts),
        Property::always(GATE_AGREES, gate_agrees),
        Property::always(SALE_AGREES, sale_agrees),
        Property::always(LEDGER_HAS_ROOM, ledger_has_room),
        Property::always(NEVER_OVERSOLD, |_, state: &State| {
            state.ledger.rows.len() <= state.ledger.sale.units
        }),
        Property::always(KEY_ONCE, |_, state: &State| {
            // One purchase a generation: the next one's attempts are others.
            let Ledger { rows, archive, .. } = &state.ledger;
            rows.have_different_keys() && archive.have_different_keys()
        }),
        Property::always(TOLD_IS_KEPT, |_, state: &State| {
            state.ledger.told.is_within(state.ledger.has())
        }),
        Property::always(TOLD_NEVER_LOST, told_never_lost),
        Property::always(NOTHING_REFUSED, |_, state: &State| !state.marks.has(Mark::OwedRefused)),
        Property::always(NOTHING_MISSING, nothing_missing),
        Property::always(NOTHING_LET_GO, |_, state: &State| !state.marks.has(Mark::LetGoUnsafe)),
        Property::always(DELETED_IS_OVER, deleted_is_over),
        Property::always(GENERATIONS_APART, generations_apart),
        Property::sometimes("the last unit is sold and recorded", sold_out),
        Property::sometimes("a gate is restored with what was sold", restored),
        Property::sometimes("two gates are open at once, one of them stale", split),
        Property::sometimes("a restore is half done when it is overtaken", overtaken),
        Property::sometimes("what only a gate held is given to the ledger", survived),
        Property::sometimes("what is accepted after a fault is owed", owed_after_a_fault),
        Property::sometimes("a stale entry is adopted", |world, state: &State| {
            said(world, state, Adoption::Taken)
        }),
        Property::sometimes("a stale entry is refused", |world, state: &State| {
            said(world, state, Adoption::Refused)
        }),
        Property::sometimes("a stale entry is there already", |world, state: &State| {
            said(world, state, Adoption::Present)
        }),
    ];
    if bounds.amends {
        all.push(Property::sometimes("a PUT is committed and sold", amended_and_sold));
        all.push(Property::sometimes("a restore keeps a PUT that was never answered", put_kept));
    }
    if bounds.deletes {
        all.push(Property::sometimes(
            "a sale is deleted with its purchases",
            |_, state: &State| !state.ledger.living && !state.ledger.archive.is_empty(),
        ));
        all.push(Property::sometimes("an entry of a deleted sale turns up", late_entry));
    }
    if bounds.recreates {
        all.push(Property::sometimes(
            "a sale is sold, deleted, created and sold again",
            |_, state: &State| !state.ledger.archive.is_empty() && !state.ledger.rows.is_empty(),
        ));
    }
    all
}

fn one_gate(world: &Protocol, state: &State) -> bool {
    state.current_gates(world).count() <= 1
}

fn gate_knows_ledger(world: &Protocol, state: &State) -> bool {
    state.current_gates(world).all(|gate| state.ledger.rows.is_within(gate.buyers))
}

fn gate_adds_up(world: &Protocol, state: &State) -> bool {
    state.current_gates(world).all(|gate| {
        gate.count == gate.buyers.len() && gate.stock + gate.buyers.len() == gate.sale.units
    })
}

fn gate_counts(_: &Protocol, state: &State) -> bool {
    let mut gates = Process::BOTH.iter().map(|&at| (at, state.gate(at)));
    let is_whole = |gate: &Gate| gate.count == gate.buyers.len();
    state.marks.has(Mark::BuyersLost)
        || gates.all(|(at, gate)| {
            gate.phase != Phase::Open || gate.life != Life::of(at) || is_whole(gate)
        })
}

fn gate_agrees(world: &Protocol, state: &State) -> bool {
    let mut gates = state.current_gates(world);
    let agrees = gates.all(|gate| {
        let on_its_way = gate.outbox.of(gate.epoch).purchases();
        gate.buyers.but(state.ledger.rows).is_within(on_its_way)
    });
    agrees || !state.ledger.living
}

fn sale_agrees(world: &Protocol, state: &State) -> bool {
    let units = state.ledger.sale.units;
    may_be_ahead(state) || state.current_gates(world).all(|gate| gate.sale.units == units)
}

fn ledger_has_room(_: &Protocol, state: &State) -> bool {
    let ledger = &state.ledger;
    let all = ledger.rows.and(state.hand.of(ledger.epoch).purchases());
    // A gate that is ahead may sell more, and the restore that follows keeps the change.
    let units = if may_be_ahead(state) { u8::MAX } else { ledger.sale.units };
    !ledger.living || (all.len() <= units && all.have_different_keys())
}

/// Whether a gate may have a PUT that the ledger has not: until it is committed, or kept.
fn may_be_ahead(state: &State) -> bool {
    state.amender.is_ahead() && !state.ledger.sale.amended
}

fn told_never_lost(_: &Protocol, state: &State) -> bool {
    let ledger = &state.ledger;
    let told = ledger.told.but(ledger.has());
    told.iter().all(|purchase| ledger.living && ledger.has_room_for(Purchases::only(purchase)))
}

fn nothing_missing(_: &Protocol, state: &State) -> bool {
    let home = state.worth.home();
    let on_its_way = home.map_or(Entries::NONE, |at| state.gate(at).outbox);
    state.worth.owed().is_within(on_its_way)
}

fn deleted_is_over(world: &Protocol, state: &State) -> bool {
    let sells = state.current_gates(world).any(|gate| !gate.sale.ended);
    let is_archived = state.ledger.rows.is_empty() && state.worth.owed().is_empty();
    state.ledger.living || (is_archived && !sells)
}

fn generations_apart(_: &Protocol, state: &State) -> bool {
    state.ledger.rows.shared(state.sold_by_buried()).is_empty()
}

fn sold_out(world: &Protocol, state: &State) -> bool {
    let is_recorded = state.ledger.rows.len() == state.ledger.sale.units;
    is_recorded && state.current_gates(world).any(|gate| gate.stock == 0)
}

fn restored(world: &Protocol, state: &State) -> bool {
    let mut gates = state.current_gates(world);
    !state.ledger.rows.is_empty() && gates.any(|gate| gate.epoch > state.ledger.born)
}

fn split(world: &Protocol, state: &State) -> bool {
    Process::BOTH.iter().all(|&at| state.gate(at).admits(at, world.rules))
}

fn overtaken(_: &Protocol, state: &State) -> bool {
    let gates = Process::BOTH.map(|at| state.gate(at));
    gates.iter().any(|gate| {
        let is_half_done = gate.phase == Phase::Closed && gate.written > 0;
        is_half_done && gate.epoch < state.ledger.epoch
    })
}

fn survived(_: &Protocol, state: &State) -> bool {
    let mut restorers = state.restorers.iter().flatten();
    restorers.any(|one| one.next == Step::Give && one.epoch == state.ledger.epoch)
}

fn owed_after_a_fault(_: &Protocol, state: &State) -> bool {
    state.faults > 0 && !state.worth.owed().since(state.ledger.born.next()).is_empty()
}

/// Whether a gate of the ledger's epoch would say this to an entry that is stale.
fn said(world: &Protocol, state: &State, what: Adoption) -> bool {
    let is_said = |entry: Entry, at| {
        let is_current = state.gate(at).epoch == state.ledger.epoch;
        is_current && adoption(world, state, entry, at) == Some(what)
    };
    let at_either = |entry| Process::BOTH.iter().any(|&at| is_said(entry, at));
    state.hand.iter().any(at_either)
}

fn amended_and_sold(world: &Protocol, state: &State) -> bool {
    let mut gates = state.current_gates(world);
    let is_sold = !state.ledger.rows.is_empty();
    is_sold && state.ledger.sale.amended && gates.any(|gate| gate.sale.amended)
}

fn put_kept(_: &Protocol, state: &State) -> bool {
    state.ledger.sale.amended && state.amender.is_ahead()
}

fn late_entry(_: &Protocol, state: &State) -> bool {
    !state.ledger.living && !state.hand.purchases().is_empty()
}
