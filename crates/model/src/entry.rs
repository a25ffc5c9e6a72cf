//! Entries of the outbox: an accepted purchase and the epoch under which a gate accepted it.

use std::fmt;

use crate::purchase::{Purchase, Purchases};

/// An epoch, by its number. The ledger never goes back in this world, so that the nonce, which
/// would tell that it has, is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Epoch(u8);

impl Epoch {
    /// The epoch of a gate that has no head; below every other.
    pub(crate) const NONE: Self = Self(0);
    /// The epoch of the first creation.
    pub(crate) const FIRST: Self = Self(1);
    /// How many epochs an entry can tell apart.
    pub(crate) const MAX: u8 = 4;

    pub(crate) fn number(self) -> u8 {
        self.0
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.0)
    }
}

/// An entry: one purchase, since one of several is only committed or not as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) purchase: Purchase,
    pub(crate) epoch: Epoch,
}

impl Entry {
    fn bit(self) -> u16 {
        1 << (self.purchase.index() * Epoch::MAX + self.epoch.0 - 1)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} of epoch {}", self.purchase, self.epoch)
    }
}

/// A set of entries: four bits, its epochs, for each purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entries(u16);

/// The first epoch of every purchase.
const FIRST_EPOCHS: u16 = 0x1111;
/// All epochs of one purchase.
const ONE_PURCHASE: u16 = 0xf;

impl Entries {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn has(self, entry: Entry) -> bool {
        self.0 & entry.bit() != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn with(self, entry: Entry) -> Self {
        Self(self.0 | entry.bit())
    }

    pub(crate) fn without(self, entry: Entry) -> Self {
        Self(self.0 & !entry.bit())
    }

    pub(crate) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) fn shared(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    pub(crate) fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Those of `epoch` and later.
    pub(crate) fn since(self, epoch: Epoch) -> Self {
        let before = (1 << epoch.0.saturating_sub(1)) - 1;
        Self(self.0 & !(before * FIRST_EPOCHS))
    }

    /// Those before `epoch`.
    pub(crate) fn before(self, epoch: Epoch) -> Self {
        Self(self.0 & !self.since(epoch).0)
    }

    /// Those of `epoch`.
    pub(crate) fn of(self, epoch: Epoch) -> Self {
        let alone = (1 << epoch.0) >> 1;
        Self(self.0 & (alone * FIRST_EPOCHS))
    }

    /// Those whose purchase is none of `purchases`.
    pub(crate) fn but(self, purchases: Purchases) -> Self {
        let theirs = purchases
            .iter()
            .fold(0, |all, purchase| all | ONE_PURCHASE << (purchase.index() * Epoch::MAX));
        Self(self.0 & !theirs)
    }

    /// What they sold.
    pub(crate) fn purchases(self) -> Purchases {
        self.iter().fold(Purchases::NONE, |all, entry| all.with(entry.purchase))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Entry> {
        let all = Purchase::all().flat_map(|purchase| {
            (1..=Epoch::MAX).map(move |number| Entry { purchase, epoch: Epoch(number) })
        });
        all.filter(move |&entry| self.has(entry))
    }

    /// The same with the two keys exchanged.
    pub(crate) fn with_keys_exchanged(self) -> Self {
        Self(self.0.rotate_left(8))
    }
}

#[cfg(test)]
mod tests {
    use super::{Entries, Entry, Epoch};
    use crate::purchase::{Purchase, Purchases};

    fn entries() -> impl Iterator<Item = Entry> {
        Entries(u16::MAX).iter()
    }

    #[test]
    fn every_entry_has_a_bit_of_its_own() {
        assert_eq!(entries().count(), 16);
        for entry in entries() {
            assert_eq!(Entries::NONE.with(entry).iter().collect::<Vec<_>>(), [entry]);
        }
    }

    #[test]
    fn entries_are_told_apart_by_epoch_and_by_purchase() {
        let all = Entries(u16::MAX);
        let (second, first) =
            (Epoch::FIRST.next(), Purchases::only(Purchase::all().next().unwrap()));
        assert_eq!(all.since(second).iter().count(), 12);
        assert_eq!(all.before(second).iter().count(), 4);
        assert_eq!(all.of(second).iter().count(), 4);
        assert_eq!(all.but(first).iter().count(), 12);
        assert_eq!(all.but(first).purchases().len(), 3);
    }

    #[test]
    fn exchanging_the_keys_exchanges_the_purchases() {
        for entry in entries() {
            let exchanged = Entries::NONE.with(entry).with_keys_exchanged();
            let purchase = Purchases::only(entry.purchase).with_keys_exchanged();
            assert_eq!(exchanged.purchases(), purchase);
            assert_eq!(exchanged.of(entry.epoch), exchanged);
        }
    }
}
