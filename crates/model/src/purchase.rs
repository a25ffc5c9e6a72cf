//! Purchases, and sets of them.
//!
//! A buyer has one attempt key, which every repeat of the attempt carries; each try draws a number
//! of its own, as a node draws random bits for each request. Two keys with two tries each are the
//! four purchases that this world has: `a1`, `a2`, `b1` and `b2`.

use std::fmt;

/// Numbers that one key may draw.
const TRIES: u8 = 2;
/// All purchases of this world.
const PURCHASES: u8 = 4;

/// A purchase number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Purchase(u8);

impl Purchase {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..PURCHASES).map(Self)
    }

    /// Its place among all, from 0.
    pub(crate) fn index(self) -> u8 {
        self.0
    }

    /// Which try of its key it is, from 0.
    pub(crate) fn tries_before(self) -> u8 {
        self.0 % TRIES
    }

    /// All purchases with its attempt key.
    pub(crate) fn with_its_key(self) -> Purchases {
        Purchases(0b11 << (self.0 / TRIES * TRIES))
    }

    /// The purchases that its key drew before it.
    pub(crate) fn drawn_before(self) -> Purchases {
        Purchases(self.with_its_key().0 & ((1 << self.0) - 1))
    }
}

impl fmt::Display for Purchase {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.0 < TRIES { 'a' } else { 'b' };
        write!(to, "{key}{}", self.tries_before() + 1)
    }
}

/// A set of purchases, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Purchases(u8);

impl Purchases {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn only(purchase: Purchase) -> Self {
        Self(1 << purchase.0)
    }

    pub(crate) fn has(self, purchase: Purchase) -> bool {
        self.0 & (1 << purchase.0) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn len(self) -> u8 {
        self.0.count_ones().to_le_bytes()[0]
    }

    pub(crate) fn with(self, purchase: Purchase) -> Self {
        self.and(Self::only(purchase))
    }

    pub(crate) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) fn but(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(crate) fn shared(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    pub(crate) fn is_within(self, others: Self) -> bool {
        self.but(others).is_empty()
    }

    /// Whether one of them has the attempt key of `purchase`.
    pub(crate) fn has_key_of(self, purchase: Purchase) -> bool {
        !self.shared(purchase.with_its_key()).is_empty()
    }

    /// Whether no two of them have the same attempt key.
    pub(crate) fn have_different_keys(self) -> bool {
        self.iter().all(|one| self.shared(one.with_its_key()) == Self::only(one))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Purchase> {
        Purchase::all().filter(move |&purchase| self.has(purchase))
    }

    /// Every set of some of them, none and all included.
    pub(crate) fn subsets(self) -> impl Iterator<Item = Self> {
        (0..=self.0).filter(move |some| some & !self.0 == 0).map(Self)
    }

    /// The same with the two keys exchanged.
    pub(crate) fn with_keys_exchanged(self) -> Self {
        Self(((self.0 & 0b0011) << TRIES) | (self.0 >> TRIES))
    }
}

impl fmt::Display for Purchases {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return to.write_str("nothing");
        }
        for (place, purchase) in self.iter().enumerate() {
            let between = if place == 0 { "" } else { " and " };
            write!(to, "{between}{purchase}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Purchase, Purchases};

    fn set(bits: u8) -> Purchases {
        Purchases(bits)
    }

    #[test]
    fn the_tries_of_a_key_share_it_and_no_others_do() {
        let keys: Vec<u8> = Purchase::all().map(|purchase| purchase.with_its_key().0).collect();
        assert_eq!(keys, [0b0011, 0b0011, 0b1100, 0b1100]);
        assert!(set(0b0101).have_different_keys());
        assert!(!set(0b1100).have_different_keys());
        let drawn_before: Vec<u8> = Purchase::all().map(|one| one.drawn_before().0).collect();
        assert_eq!(drawn_before, [0, 0b0001, 0, 0b0100]);
    }

    #[test]
    fn exchanging_the_keys_twice_changes_nothing() {
        for bits in 0..16 {
            assert_eq!(set(bits).with_keys_exchanged().with_keys_exchanged(), set(bits));
        }
        assert_eq!(set(0b0001).with_keys_exchanged(), set(0b0100));
    }

    #[test]
    fn a_set_has_as_many_subsets_as_it_should() {
        assert_eq!(set(0b1010).subsets().count(), 4);
        assert_eq!(Purchases::NONE.subsets().count(), 1);
    }
}
