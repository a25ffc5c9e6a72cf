//! What a comparison of gate and ledger found, on record.

use std::collections::BTreeMap;

use stampede_domain::{Instant, Sku};

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
    /// The gate has a sale that the catalogue has buried, or never had.
    GateWithoutCatalogue,
    /// An entry of the outbox is of a sale that is no more.
    EntryOfAnOldGeneration,
    /// A purchase of an earlier life of the gate has found no place in the present one.
    StaleEntryRefused,
    /// Gate and ledger have each sold what only one of them had to sell.
    SoldTwice,
}

impl Drift {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::MissingInLedger,
        Self::MissingInGate,
        Self::CountersDisagree,
        Self::DefinitionDiffers,
        Self::GateWithoutCatalogue,
        Self::EntryOfAnOldGeneration,
        Self::StaleEntryRefused,
        Self::SoldTwice,
    ];

    /// The drift's name in records and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingInLedger => "missing_in_ledger",
            Self::MissingInGate => "missing_in_gate",
            Self::CountersDisagree => "counters_disagree",
            Self::DefinitionDiffers => "definition_differs",
            Self::GateWithoutCatalogue => "gate_without_catalogue",
            Self::EntryOfAnOldGeneration => "entry_of_an_old_generation",
            Self::StaleEntryRefused => "stale_entry_refused",
            Self::SoldTwice => "sold_twice",
        }
    }

    /// The drift of that name; `None` for one that only a newer version knows.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|drift| drift.as_str() == name)
    }
}

/// What became of all that was found of one kind: there is nothing third.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriftCount {
    /// Repaired without a person.
    pub repaired: u32,
    /// Told to a person, since nobody else can decide.
    pub raised: u32,
}

impl DriftCount {
    /// All that was found.
    #[must_use]
    pub fn found(self) -> u32 {
        self.repaired.saturating_add(self.raised)
    }
}

/// Drifts by kind: purchases, or sales where a whole sale is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub BTreeMap<Drift, DriftCount>);

impl Findings {
    /// So many more were found and repaired.
    pub fn repaired(&mut self, drift: Drift, number: usize) {
        self.add(drift, DriftCount { repaired: count(number), raised: 0 });
    }

    /// So many more were found, and a person was told.
    pub fn raised(&mut self, drift: Drift, number: usize) {
        self.add(drift, DriftCount { repaired: 0, raised: count(number) });
    }

    /// All that somebody else found.
    pub fn merge(&mut self, other: &Self) {
        for (&drift, &found) in &other.0 {
            self.add(drift, found);
        }
    }

    /// What was found of one kind.
    #[must_use]
    pub fn of(&self, drift: Drift) -> DriftCount {
        self.0.get(&drift).copied().unwrap_or_default()
    }

    /// All kinds together.
    #[must_use]
    pub fn total(&self) -> DriftCount {
        self.0.values().fold(DriftCount::default(), |sum, one| sum.plus(*one))
    }

    fn add(&mut self, drift: Drift, found: DriftCount) {
        if found.found() > 0 {
            let sum = self.of(drift).plus(found);
            self.0.insert(drift, sum);
        }
    }
}

impl DriftCount {
    fn plus(self, other: Self) -> Self {
        Self {
            repaired: self.repaired.saturating_add(other.repaired),
            raised: self.raised.saturating_add(other.raised),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How much of a sale is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// Counters first; purchase by purchase only where those disagree, or a sale has just ended.
    Counters,
    /// Purchase by purchase.
    Whole,
}

impl Thoroughness {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Counters, Self::Whole];

    /// Its name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counters => "counters",
            Self::Whole => "whole",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// Why gate and ledger were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A node was started.
    Start,
    /// It was time.
    Schedule,
    /// A store was away and is back.
    StoreBack,
    /// An admin asked for it.
    OnDemand,
    /// `stampede reconcile`.
    Command,
    /// Whoever had purchases to record, a worker or an answer that waited for the ledger, met drift
    /// in them; nothing else was compared.
    Worker,
    /// A gate was made anew, and not all that only it had found a place.
    Restore,
}

impl Trigger {
    /// Every one of them.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::Schedule,
        Self::StoreBack,
        Self::OnDemand,
        Self::Command,
        Self::Worker,
        Self::Restore,
    ];

    /// Its name in records and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Schedule => "schedule",
            Self::StoreBack => "store_back",
            Self::OnDemand => "on_demand",
            Self::Command => "command",
            Self::Worker => "worker",
            Self::Restore => "restore",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// The place of a run on record: what is higher is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// A run of reconciliation, on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciliationRun {
    /// When it began.
    pub started_at: Instant,
    /// When it was over.
    pub finished_at: Instant,
    /// The life of the process that ran it.
    pub node: String,
    /// Why it ran.
    pub trigger: Trigger,
    /// How much was compared.
    pub thoroughness: Thoroughness,
    /// The only sale that was compared, if one was named.
    pub sku: Option<Sku>,
    /// Sales that were compared.
    pub sales: u32,
    /// Drifts that were found, all kinds together. Beside the kinds, since runs of older versions
    /// have no kinds.
    pub mismatches: u32,
    /// Drifts that were repaired.
    pub repaired: u32,
    /// Drifts that a person was told of.
    pub raised: u32,
    /// By kind.
    pub findings: Findings,
    /// What went wrong, if the run could not be finished.
    pub error: Option<String>,
}

impl ReconciliationRun {
    /// Runs that stay on record, by their numbers: two days and more of a run in twenty seconds.
    pub const KEPT_MAX: i64 = 10_000;
    /// As many of those that found something or failed.
    pub const TELLING_KEPT_MAX: i64 = 100_000;

    /// Whether it went through all sales, and is not a worker's note of what it met.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.sku.is_none() && self.trigger != Trigger::Worker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_no_two_are_the_same() {
        for drift in Drift::ALL {
            assert_eq!(Drift::parse(drift.as_str()), Some(drift));
        }
        for one in Thoroughness::ALL {
            assert_eq!(Thoroughness::parse(one.as_str()), Some(one));
        }
        for trigger in Trigger::ALL {
            assert_eq!(Trigger::parse(trigger.as_str()), Some(trigger));
        }
        assert_eq!(Drift::parse("of_a_later_version"), None);
    }

    #[test]
    fn what_is_found_is_repaired_or_raised_and_nothing_of_a_kind_is_no_finding() {
        let mut findings = Findings::default();
        findings.repaired(Drift::SoldTwice, 0);
        assert_eq!(findings, Findings::default());
        findings.repaired(Drift::MissingInLedger, 2);
        findings.raised(Drift::MissingInLedger, 1);
        let mut others = Findings::default();
        others.raised(Drift::SoldTwice, 4);
        findings.merge(&others);
        assert_eq!(findings.of(Drift::MissingInLedger), DriftCount { repaired: 2, raised: 1 });
        assert_eq!(findings.total(), DriftCount { repaired: 2, raised: 5 });
        assert_eq!(findings.total().found(), 7);
    }
}
