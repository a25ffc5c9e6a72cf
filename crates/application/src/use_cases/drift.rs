//! What reconciliation finds: the ways in which gate and ledger disagree, and how often.

use std::collections::BTreeMap;

/// The ways in which gate and ledger can disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drift {
    /// The gate has a purchase that the ledger and the outbox have not.
    MissingInLedger,
    /// The ledger has a purchase that the gate has not.
    MissingInGate,
    /// The gate's counters do not fit together, or not with the ledger.
    CountersDisagree,
    /// Gate and catalogue describe the sale differently.
    DefinitionDiffers,
}

impl Drift {
    /// The drift's name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingInLedger => "missing_in_ledger",
            Self::MissingInGate => "missing_in_gate",
            Self::CountersDisagree => "counters_disagree",
            Self::DefinitionDiffers => "definition_differs",
        }
    }
}

/// Drifts found in one run, and how many of them were mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// By kind.
    pub drifts: BTreeMap<Drift, u32>,
    /// All kinds together.
    pub repaired: u32,
}

impl Findings {
    pub(super) fn add(&mut self, drift: Drift, found: usize, repaired: usize) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        if found > 0 {
            *self.drifts.entry(drift).or_default() += count(found);
        }
        self.repaired += count(repaired);
    }

    pub(super) fn total(&self) -> u32 {
        self.drifts.values().sum()
    }
}
