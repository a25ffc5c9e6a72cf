//! A restore under way: who restores, how far they are, and what they carry.

use std::fmt;

use crate::{
    entry::Epoch,
    gate::{Gate, Phase},
    process::{Life, Process},
    purchase::Purchases,
    rules::{Rule, Rules},
    sale::Sale,
};

/// What a restorer does next. Each is one script or one transaction; between any two it may die,
/// or be overtaken, or be frozen for as long as it takes to do harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// Take the gate for the epoch.
    Close,
    /// Give the ledger the change that only the gate had.
    Keep,
    /// Read what the gate still holds and the ledger has not.
    ReadGate,
    /// Give it to the ledger.
    Give,
    /// Read the ledger.
    ReadLedger,
    /// Write the gate, a part at a time; the first empties it.
    Write,
    /// Write the counters and open.
    Open,
}

/// A restorer at work. It is bound to no process: its next command may reach either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Restorer {
    pub(crate) epoch: Epoch,
    pub(crate) next: Step,
    /// What it carries: first what the gate held, later what the ledger has.
    pub(crate) carried: Purchases,
    /// What of it it has written.
    pub(crate) written: Purchases,
    /// The definition that it carries: first the gate's, later the ledger's.
    pub(crate) sale: Sale,
}

impl Restorer {
    /// A restorer that has just taken an epoch.
    pub(crate) fn of(epoch: Epoch) -> Self {
        Self {
            epoch,
            next: Step::Close,
            carried: Purchases::NONE,
            written: Purchases::NONE,
            sale: Sale::UNKNOWN,
        }
    }

    /// Goes on to a step, empty-handed.
    pub(crate) fn go_on(&mut self, next: Step) {
        *self = Self { next, ..Self::of(self.epoch) };
    }

    /// What every script of a restore demands of the gate.
    pub(crate) fn may_touch(self, gate: &Gate, at: Process, rules: Rules) -> bool {
        let is_its_own = gate.epoch == self.epoch && gate.phase == Phase::Closed;
        let is_alive = gate.life == Life::of(at);
        (is_its_own || !rules.has(Rule::EpochAtGateSteps))
            && (is_alive || !rules.has(Rule::LifeAtGateSteps))
    }

    /// Whether the next step is one that a ledger of a later epoch refuses, or leads to no other.
    pub(crate) fn needs_its_epoch(self) -> bool {
        match self.next {
            Step::Keep | Step::ReadGate | Step::Give | Step::ReadLedger => true,
            Step::Close | Step::Write | Step::Open => false,
        }
    }

    /// The same with the two keys exchanged.
    pub(crate) fn with_keys_exchanged(self) -> Self {
        Self {
            carried: self.carried.with_keys_exchanged(),
            written: self.written.with_keys_exchanged(),
            ..self
        }
    }
}

impl fmt::Display for Restorer {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "the restorer of epoch {}", self.epoch)
    }
}
