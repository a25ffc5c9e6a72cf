//! The gate: what a Redis process holds of the sale.

use crate::{
    entry::{Entries, Entry, Epoch},
    process::{Life, Process},
    purchase::{Purchase, Purchases},
    rules::{Rule, Rules},
    sale::Sale,
};

/// Whether a head lets anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    /// No head at all, or one that a restore has closed.
    Closed,
    /// It judges attempts.
    Open,
    /// The sale is deleted, and late callers are told so.
    Deleted,
}

/// Head, buyers and outbox. Each script is one step over these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Gate {
    /// The head's epoch; [`Epoch::NONE`] if there is no head.
    pub(crate) epoch: Epoch,
    /// The head's incarnation: whose life this data is of.
    pub(crate) life: Life,
    pub(crate) phase: Phase,
    /// The sale as the head describes it.
    pub(crate) sale: Sale,
    /// Units that nobody holds, as the head counts them.
    pub(crate) stock: u8,
    /// Buyers, as the head counts them.
    pub(crate) count: u8,
    /// What the buyers hold.
    pub(crate) buyers: Purchases,
    /// Purchases that a restore has written until now.
    pub(crate) written: u8,
    /// What is on its way to the ledger. It is the shard's, and outlives heads and generations.
    pub(crate) outbox: Entries,
}

impl Gate {
    /// A Redis without any data.
    pub(crate) const EMPTY: Self = Self {
        epoch: Epoch::NONE,
        life: Life::Past,
        phase: Phase::Closed,
        sale: Sale::UNKNOWN,
        stock: 0,
        count: 0,
        buyers: Purchases::NONE,
        written: 0,
        outbox: Entries::NONE,
    };

    /// The fence: whether a script of the sale may answer here.
    ///
    /// The epoch that the caller knows is compared, too. In this world that forbids nothing: for
    /// every epoch that ever was there may be a node that knows it and no later one.
    pub(crate) fn admits(&self, at: Process, rules: Rules) -> bool {
        self.phase == Phase::Open
            && (self.life == Life::of(at) || !rules.has(Rule::IncarnationAtFence))
            && (self.count == self.buyers.len() || !rules.has(Rule::BuyersCounted))
    }

    /// Opens for a sale that nobody has bought from.
    pub(crate) fn open_new(&mut self, at: Process, epoch: Epoch, sale: Sale) {
        let (life, phase, stock) = (Life::of(at), Phase::Open, sale.units);
        *self = Self { epoch, life, phase, sale, stock, outbox: self.outbox, ..Self::EMPTY };
    }

    /// Whether an attempt with this key has bought here before.
    pub(crate) fn knows_key_of(&self, purchase: Purchase, rules: Rules) -> bool {
        let known = rules.has(Rule::AttemptKey) && self.buyers.has_key_of(purchase);
        known || self.buyers.has(purchase)
    }

    /// Takes a unit for a purchase, which goes to the outbox in the same step; returns its entry.
    pub(crate) fn accept(&mut self, purchase: Purchase) -> Entry {
        let entry = Entry { purchase, epoch: self.epoch };
        self.buyers = self.buyers.with(purchase);
        self.count += 1;
        self.stock = self.stock.saturating_sub(1);
        self.outbox = self.outbox.with(entry);
        entry
    }

    /// Empties all but the outbox, under the epoch of a burial.
    pub(crate) fn forget(&mut self, epoch: Epoch) {
        *self = Self { epoch, phase: Phase::Deleted, outbox: self.outbox, ..Self::EMPTY };
    }

    /// Drops what belongs to an earlier generation: its keys are others.
    pub(crate) fn drop_earlier_generation(&mut self, born: Epoch) {
        if self.epoch < born {
            *self = Self { outbox: self.outbox, ..Self::EMPTY };
        }
    }

    /// Drops what nobody will look at in data of a past life: the fence and every step of a
    /// restore refuse it until a restore has closed it, which starts these anew.
    pub(crate) fn rest(&mut self, keeps_sale: bool) {
        self.life = Life::Past;
        if self.phase == Phase::Open {
            self.phase = Phase::Closed;
        }
        (self.stock, self.count, self.written) = (0, 0, 0);
        if !keeps_sale {
            self.sale = Sale::UNKNOWN;
        }
    }

    /// The same with the two keys exchanged.
    pub(crate) fn with_keys_exchanged(self) -> Self {
        let (buyers, outbox) =
            (self.buyers.with_keys_exchanged(), self.outbox.with_keys_exchanged());
        Self { buyers, outbox, ..self }
    }
}
