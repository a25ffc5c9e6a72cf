//! Brings gates and ledger together again, while nobody waits for it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stampede_domain::{Epoch, SaleId};
use tokio::runtime::Handle;

use super::DriftMet;
use crate::ports::{Causes, Drift, Findings, PortError, SaleGate};

/// What a sale's gate needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mend {
    /// To be in this life, in which the ledger is.
    Align(Epoch),
    /// To be made anew: it has sold what the ledger has no room for.
    Rebuild,
}

/// Mends sales; at most one task a sale, however many have found the same.
pub(super) struct Mending {
    gate: Arc<dyn SaleGate>,
    drift_met: DriftMet,
    under_way: Mutex<HashSet<SaleId>>,
    runtime: Handle,
}

impl Mending {
    pub(super) fn new(gate: Arc<dyn SaleGate>, drift_met: DriftMet, runtime: Handle) -> Self {
        Self { gate, drift_met, under_way: Mutex::default(), runtime }
    }

    /// Begins to mend the sale, unless that is under way.
    pub(super) fn start(self: &Arc<Self>, id: &SaleId, mend: Mend) {
        if !self.locked().insert(id.clone()) {
            return;
        }
        let claim = Claim { mending: self.clone(), id: id.clone() };
        self.runtime.spawn(claim.run(mend));
    }

    fn locked(&self) -> MutexGuard<'_, HashSet<SaleId>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One task's claim to mend a sale; given back however the task ends.
struct Claim {
    mending: Arc<Mending>,
    id: SaleId,
}

impl Claim {
    async fn run(self, mend: Mend) {
        if let Err(error) = self.mend(mend).await {
            tracing::warn!(sale = %self.id, ?mend, error = %Causes(&error),
                "gate and ledger are not brought together");
        }
    }

    async fn mend(&self, mend: Mend) -> Result<(), PortError> {
        let gate = &self.mending.gate;
        match mend {
            Mend::Align(epoch) => gate.align(&self.id, epoch).await.map(drop),
            Mend::Rebuild => {
                gate.rebuild(&self.id).await?;
                // What found no place is told by the restore.
                let mut findings = Findings::default();
                findings.repaired(Drift::SoldTwice, 1);
                (self.mending.drift_met)(findings).await;
                Ok(())
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.mending.locked().remove(&self.id);
    }
}
