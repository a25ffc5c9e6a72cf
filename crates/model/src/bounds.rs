//! How large a world is. Small, since every state of it is visited.

/// What there is of everything that an exploration counts.
///
/// Always two Redis processes and two attempt keys, of a buyer each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Units of a new sale: one, two, or a world for each.
    pub units: &'static [u8],
    /// Numbers that a key may draw, by repeating its attempt: one or two.
    pub tries: u8,
    /// Epochs that the ledger may reach: 4 at most.
    pub epochs: u8,
    /// Restores that may be under way at once: 2 at most.
    pub restorers: usize,
    /// Restarts, copies and losses of data.
    pub faults: u8,
    /// Whether an admin may correct the units before the start, once.
    pub amends: bool,
    /// Whether an admin may delete the sale, once.
    pub deletes: bool,
    /// Whether the deleted sale may be created again.
    pub recreates: bool,
}

impl Bounds {
    /// One unit and two who want it: whoever is told that it is theirs takes it from the other.
    pub const ONE_UNIT: Self = Self {
        units: &[1],
        tries: 2,
        epochs: 4,
        restorers: 2,
        faults: 2,
        amends: false,
        deletes: false,
        recreates: false,
    };

    /// Two units, so that a restore writes in parts, and a key can be sold to twice.
    pub const TWO_UNITS: Self = Self { units: &[2], epochs: 3, ..Self::ONE_UNIT };

    /// A PUT makes two units of one, or one of two, around the start of the sale.
    pub const AMENDED: Self =
        Self { units: &[1, 2], tries: 1, epochs: 3, faults: 1, amends: true, ..Self::ONE_UNIT };

    /// The sale is deleted, and created again.
    pub const DELETED: Self = Self { faults: 1, deletes: true, recreates: true, ..Self::ONE_UNIT };

    /// All of it in one world.
    pub const EVERYTHING: Self = Self { deletes: true, recreates: true, ..Self::AMENDED };

    /// Whether the definition of a sale may change.
    pub(crate) fn has_changes(&self) -> bool {
        self.amends || self.deletes
    }
}
