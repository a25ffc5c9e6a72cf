//! The world at an instant, and its normal form.

use stateright::Representative;

use crate::{
    entry::{Entries, Entry},
    gate::{Gate, Phase},
    ledger::Ledger,
    marks::{Mark, Marks},
    process::{Life, Process},
    protocol::Protocol,
    purchase::Purchases,
    restorer::Restorer,
    rules::Rule,
    steps::{amending::Amender, deleting::Deleter},
    worth::Worth,
};

/// What a Redis process holds, and what of it is on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Server {
    pub(crate) gate: Gate,
    /// What it comes back with after a fault, if it does not come back empty.
    pub(crate) saved: Gate,
}

/// Restores under way, the empty places behind.
pub(crate) type Restorers = [Option<Restorer>; 2];

/// The world at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    pub(crate) servers: [Server; 2],
    pub(crate) ledger: Ledger,
    /// Every entry that was ever accepted and that the ledger has not. Whoever could have read it
    /// has read it, and keeps it for ever: a worker that is frozen, a commit that is late.
    pub(crate) hand: Entries,
    pub(crate) restorers: Restorers,
    pub(crate) amender: Amender,
    pub(crate) deleter: Deleter,
    /// Whether the sale's window has begun.
    pub(crate) started: bool,
    /// Faults until now.
    pub(crate) faults: u8,
    pub(crate) marks: Marks,
    /// What level `gate` owes.
    pub(crate) worth: Worth,
}

impl State {
    /// A sale that was just recorded, two empty Redis processes, nobody at work.
    pub(crate) fn created(units: u8, started: bool) -> Self {
        let server = Server { gate: Gate::EMPTY, saved: Gate::EMPTY };
        Self {
            servers: [server; 2],
            ledger: Ledger::created(units),
            hand: Entries::NONE,
            restorers: [None; 2],
            amender: Amender::Idle,
            deleter: Deleter::Idle,
            started,
            faults: 0,
            marks: Marks::NONE,
            worth: Worth::NONE,
        }
    }

    pub(crate) fn server(&self, at: Process) -> &Server {
        &self.servers[at.index()]
    }

    pub(crate) fn server_mut(&mut self, at: Process) -> &mut Server {
        &mut self.servers[at.index()]
    }

    pub(crate) fn gate(&self, at: Process) -> &Gate {
        &self.server(at).gate
    }

    pub(crate) fn gate_mut(&mut self, at: Process) -> &mut Gate {
        &mut self.server_mut(at).gate
    }

    /// The gates that answer buyers under the ledger's epoch: one, if all is well, or none.
    pub(crate) fn current_gates(&self, world: &Protocol) -> impl Iterator<Item = &Gate> {
        let rules = world.rules;
        let all = Process::BOTH.into_iter().map(|at| (at, self.gate(at)));
        all.filter(move |(at, gate)| gate.epoch == self.ledger.epoch && gate.admits(*at, rules))
            .map(|(_, gate)| gate)
    }

    /// Whether the row is held by a PUT, so that every other transaction waits.
    pub(crate) fn is_row_held(&self, world: &Protocol) -> bool {
        self.amender.is_at_work() && world.rules.has(Rule::AmendmentHoldsRow)
    }

    /// What the living generation has sold, ever, as far as it left a trace.
    pub(crate) fn sold_by_living(&self) -> Purchases {
        self.ledger.rows.and(self.hand.since(self.ledger.born).purchases())
    }

    /// What earlier generations have.
    pub(crate) fn sold_by_buried(&self) -> Purchases {
        self.ledger.archive.and(self.hand.before(self.ledger.born).purchases())
    }

    /// Takes an entry out of the outbox of a process.
    pub(crate) fn let_go(&mut self, entry: Entry, at: Process) {
        let has = self.ledger.has();
        let gate = self.gate_mut(at);
        if !gate.outbox.has(entry) {
            return;
        }
        gate.outbox = gate.outbox.without(entry);
        let still = gate.outbox.since(entry.epoch).purchases();
        let is_safe = has.and(still).has(entry.purchase);
        self.marks.set_if(!is_safe, Mark::LetGoUnsafe);
    }

    /// Takes an entry out of the outbox of a process, its purchase being a dead letter now.
    pub(crate) fn bury(&mut self, entry: Entry, at: Process) {
        self.marks.set_if(self.worth.owed().has(entry), Mark::OwedRefused);
        let gate = self.gate_mut(at);
        gate.outbox = gate.outbox.without(entry);
    }

    /// Makes the life of a process a past one, wherever a head names it.
    pub(crate) fn end_life(&mut self, of: Process) {
        for server in &mut self.servers {
            for gate in [&mut server.gate, &mut server.saved] {
                if gate.life == Life::of(of) {
                    gate.life = Life::Past;
                }
            }
        }
    }

    /// Brings the state into its normal form: what can make no difference any more is left out,
    /// so that states that differ in it only are one.
    ///
    /// What leans on a rule is left in where that rule is taken out.
    pub(crate) fn fold(&mut self, world: &Protocol) {
        // What the ledger has is done, wherever it still stands.
        self.worth.record(self.ledger.has());
        self.hand = self.ledger.missing_of(self.hand);
        for server in &mut self.servers {
            for gate in [&mut server.gate, &mut server.saved] {
                gate.outbox = self.ledger.missing_of(gate.outbox);
            }
            // Nobody will come back with it.
            if self.faults == world.bounds.faults {
                server.saved = Gate::EMPTY;
            }
        }
        if world.rules.has(Rule::EpochAtLedgerSteps) {
            // Whoever was overtaken and has to ask the ledger is as good as dead.
            let epoch = self.ledger.epoch;
            for place in &mut self.restorers {
                place.take_if(|restorer| restorer.epoch < epoch && restorer.needs_its_epoch());
            }
        }
        // What was ended before a restore is not buried: the deletion begins again.
        let begins_again = self.deleter.is_of_past_life(self.ledger.epoch);
        if begins_again && world.rules.has(Rule::BuriedInEndedLife) {
            self.deleter = Deleter::Idle;
        }
        self.restorers.sort_unstable_by(|one, other| other.cmp(one));
        self.lay_past_lives_to_rest(world);
    }

    /// Data of a past life is only ever read by a restore. What is saved becomes such data, and so
    /// does what was copied from the other process, and what a dead restorer leaves.
    fn lay_past_lives_to_rest(&mut self, world: &Protocol) {
        const LEANS_ON: [Rule; 6] = [
            Rule::IncarnationAtFence,
            Rule::ReplicationInIncarnation,
            Rule::EpochTakenOnce,
            Rule::EpochAtGateSteps,
            Rule::LifeAtGateSteps,
            Rule::EmptiedFirst,
        ];
        if !world.rules.have(&LEANS_ON) {
            return;
        }
        let (keeps_sale, has) = (world.bounds.has_changes(), self.ledger.has());
        for at in Process::BOTH {
            let Gate { life, phase, epoch, .. } = *self.gate(at);
            let is_left = !self.restorers.iter().flatten().any(|one| one.epoch == epoch);
            let is_past = life != Life::of(at) || (phase == Phase::Closed && is_left);
            let server = self.server_mut(at);
            let past = [is_past.then_some(&mut server.gate), Some(&mut server.saved)];
            for gate in past.into_iter().flatten() {
                gate.rest(keeps_sale);
                // A restore looks for what the ledger has not.
                gate.buyers = gate.buyers.but(has);
            }
        }
    }

    /// The same with the two processes exchanged.
    fn with_processes_exchanged(mut self) -> Self {
        self.servers.reverse();
        for server in &mut self.servers {
            for gate in [&mut server.gate, &mut server.saved] {
                gate.life = gate.life.exchanged();
            }
        }
        self.worth = self.worth.with_processes_exchanged();
        self
    }

    /// The same with the two keys exchanged.
    fn with_keys_exchanged(mut self) -> Self {
        for server in &mut self.servers {
            server.gate = server.gate.with_keys_exchanged();
            server.saved = server.saved.with_keys_exchanged();
        }
        self.ledger = self.ledger.with_keys_exchanged();
        self.hand = self.hand.with_keys_exchanged();
        self.worth = self.worth.with_keys_exchanged();
        self.restorers = self.restorers.map(|place| place.map(Restorer::with_keys_exchanged));
        self.restorers.sort_unstable_by(|one, other| other.cmp(one));
        self
    }
}

/// No process and no buyer is special: of the states that differ only in who is who, one is
/// visited.
impl Representative for State {
    fn representative(&self) -> Self {
        let one = (*self).min(self.with_processes_exchanged());
        let exchanged = self.with_keys_exchanged();
        one.min(exchanged).min(exchanged.with_processes_exchanged())
    }
}
