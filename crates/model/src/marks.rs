//! What properties have to know of the past, and the protocol does not.

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Buyers were lost by themselves, without their head.
    BuyersLost,
    /// A purchase became a dead letter although it was owed.
    OwedRefused,
    /// An entry left an outbox although its purchase was not safe.
    LetGoUnsafe,
}

/// What has happened, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u8) != 0
    }

    /// Sets a mark, for ever, if something has happened.
    pub(crate) fn set_if(&mut self, has_happened: bool, mark: Mark) {
        self.0 |= u8::from(has_happened) << mark as u8;
    }
}
