//! What became of a batch of entries.

use std::collections::{HashMap, HashSet};

use stampede_domain::{PurchaseNo, SaleId};

use crate::ports::{Causes, Drift, EntryId, Findings, PortError, Raised};

/// What became of a batch of entries.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Entries that may leave the outbox.
    pub done: Vec<EntryId>,
    /// Purchases that are new in the ledger.
    pub inserted: usize,
    /// Purchases of another epoch that the gate has taken in again.
    pub readmitted: usize,
    /// Purchases that became dead letters.
    pub raised: usize,
    /// Purchases that are dead letters by now: these, and those whose letter lay there before.
    pub letters: HashSet<PurchaseNo>,
    /// Entries of a newer version, left for a worker that can read them.
    pub left: usize,
    /// Sales whose gate and ledger do not come together yet, or that others hold, and what was
    /// said of them: what was not recorded of them stays in the outbox, and keeps no other sale
    /// waiting.
    pub apart: HashMap<SaleId, PortError>,
    /// Where gate and ledger were found to disagree.
    pub findings: Findings,
    /// Sales that were made anew because of it, none of whose purchases was lost so far.
    pub(super) sold_twice: HashSet<SaleId>,
}

impl Recorded {
    /// A purchase of the sale has no place left: what a sale sold twice is told as such. Whoever
    /// wrote its letter has told of it.
    pub(super) fn refused(&mut self, sale: &SaleId, raised: Raised) {
        let twice = self.sold_twice.remove(sale);
        if raised == Raised::Now {
            let drift = if twice { Drift::SoldTwice } else { Drift::StaleEntryRefused };
            self.findings.raised(drift, 1);
        }
    }

    /// Whether nothing came of the entries that somebody has to be told of.
    pub(super) fn is_nothing(&self) -> bool {
        self.done.is_empty() && self.raised == 0 && self.findings == Findings::default()
    }

    /// What was sold twice and has found a place: known only once every entry went its way.
    pub(super) fn finish(&mut self) {
        let fitting = self.sold_twice.drain().count();
        self.findings.repaired(Drift::SoldTwice, fitting);
    }

    pub(super) fn set_apart(&mut self, sale: SaleId, error: &PortError) {
        tracing::warn!(%sale, error = %Causes(error),
            "the sale's purchases wait in the outbox, and keep no other waiting");
        self.sold_twice.remove(&sale);
        self.apart.insert(sale, error.clone());
    }
}
