//! The ledger: the sale's row and its purchases. Each statement is a transaction that takes the
//! row first, so each is one step.

use crate::{
    entry::{Entries, Epoch},
    purchase::Purchases,
    sale::Sale,
};

/// The durable record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ledger {
    /// The epoch of the row.
    pub(crate) epoch: Epoch,
    /// The epoch under which the sku was created last. An entry of an earlier one is of an
    /// earlier generation, since a creation starts above its tombstone.
    pub(crate) born: Epoch,
    /// The epoch of the last restore that was about to open a gate; changes of earlier lives are
    /// none of the present one.
    pub(crate) opened: Epoch,
    /// Whether the sale is not deleted.
    pub(crate) living: bool,
    /// Whether the node that created the sale has yet to open its gate.
    pub(crate) opening: bool,
    pub(crate) sale: Sale,
    /// Purchases of the living generation.
    pub(crate) rows: Purchases,
    /// Purchases of deleted ones.
    pub(crate) archive: Purchases,
    /// Purchases that an answer at level `ledger` may have named.
    pub(crate) told: Purchases,
}

impl Ledger {
    /// A sale that was just created.
    pub(crate) fn created(units: u8) -> Self {
        Self {
            epoch: Epoch::FIRST,
            born: Epoch::FIRST,
            opened: Epoch::FIRST,
            living: true,
            opening: true,
            sale: Sale::created(units),
            rows: Purchases::NONE,
            archive: Purchases::NONE,
            told: Purchases::NONE,
        }
    }

    /// Whether these could stand beside what stands: `CHECK (sold <= stock)`, and one purchase a
    /// key.
    pub(crate) fn has_room_for(&self, more: Purchases) -> bool {
        let all = self.rows.and(more);
        all.len() <= self.sale.units && all.have_different_keys()
    }

    /// Inserts purchases. Whoever waits for one may be told at once, and whoever repeats may be
    /// told later; the worst is that everybody was.
    pub(crate) fn insert(&mut self, purchases: Purchases) {
        self.rows = self.rows.and(purchases);
        self.told = self.told.and(purchases);
    }

    /// What stands or is archived.
    pub(crate) fn has(&self) -> Purchases {
        self.rows.and(self.archive)
    }

    /// What of `entries` is not in the ledger. An entry of an earlier generation is only done by
    /// the archive, whatever stands now.
    pub(crate) fn missing_of(&self, entries: Entries) -> Entries {
        let open = entries.but(self.archive);
        open.since(self.born).but(self.rows).and(open.before(self.born))
    }

    /// The same with the two keys exchanged.
    pub(crate) fn with_keys_exchanged(self) -> Self {
        Self {
            rows: self.rows.with_keys_exchanged(),
            archive: self.archive.with_keys_exchanged(),
            told: self.told.with_keys_exchanged(),
            ..self
        }
    }
}
