//! Epoch and version: which unbroken life of its gate a sale is in, and how often it changed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most changes of one epoch; the version of the next epoch starts above them.
pub const CHANGES_PER_EPOCH: u64 = 1_000_000_000;

/// One unbroken life of a sale's gate.
///
/// Compared by equality only: `nonce` tells two epochs of the same number apart, which a store
/// that failed over to an older state may produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Counts up with every restore.
    pub number: u64,
    /// Random, drawn when the epoch was taken.
    pub nonce: u64,
}

impl Epoch {
    /// The version that a sale has when this epoch opens.
    #[must_use]
    pub fn first_version(self) -> Version {
        Version(self.number.saturating_mul(CHANGES_PER_EPOCH))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:016x}", self.number, self.nonce)
    }
}

/// A number that every written change of a sale raises, and that never falls for a sku.
///
/// `epoch number × 1,000,000,000 + changes in this epoch`: a restore always raises it, and it
/// stays below 2^53, so that JSON and Lua carry it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version after `changes` more changes.
    #[must_use]
    pub fn plus(self, changes: u64) -> Self {
        Self(self.0 + changes)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
