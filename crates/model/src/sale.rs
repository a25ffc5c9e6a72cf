//! What a sale's definition says, as far as this world has it.

/// The changeable part of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sale {
    /// Units on offer, one or two.
    pub(crate) units: u8,
    /// Whether an admin has corrected the units before the start.
    pub(crate) amended: bool,
    /// Whether an admin has ended it.
    pub(crate) ended: bool,
}

impl Sale {
    /// What a gate knows of a sale that it was never told of, or has forgotten.
    pub(crate) const UNKNOWN: Self = Self::created(0);

    /// A sale as it is created.
    pub(crate) const fn created(units: u8) -> Self {
        Self { units, amended: false, ended: false }
    }

    /// Changes since its creation: its version, as far as changes count for it.
    pub(crate) fn changes(self) -> u8 {
        u8::from(self.amended) + u8::from(self.ended)
    }

    /// The same with the other number of units: one becomes two, two becomes one.
    pub(crate) fn amended(self) -> Self {
        Self { units: 3 - self.units, amended: true, ..self }
    }

    /// The same as it was created.
    pub(crate) fn as_created(self) -> Self {
        Self::created(if self.amended { self.amended().units } else { self.units })
    }
}
