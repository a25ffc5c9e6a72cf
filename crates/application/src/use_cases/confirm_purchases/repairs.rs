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
pub(super) enum Repair {
    /// To be in this life, in which the ledger is.
    Align(Epoch),
    /// To be made anew: it has sold what the ledger has no room for.
    Rebuild,
}

/// Repairs sales; at most one task a sale, however many have found the same.
pub(super) struct Repairs {
    gate: Arc<dyn SaleGate>,
    drift_met: DriftMet,
    under_way: Mutex<HashSet<SaleId>>,
    runtime: Handle,
}

impl Repairs {
    pub(super) fn new(gate: Arc<dyn SaleGate>, drift_met: DriftMet, runtime: Handle) -> Self {
        Self { gate, drift_met, under_way: Mutex::default(), runtime }
    }

    /// Begins to repair the sale, unless that is under way.
    pub(super) fn start(self: &Arc<Self>, id: &SaleId, repair: Repair) {
        if !self.locked().insert(id.clone()) {
            return;
        }
        let claim = Claim { repairs: self.clone(), id: id.clone() };
        self.runtime.spawn(claim.run(repair));
    }

    fn locked(&self) -> MutexGuard<'_, HashSet<SaleId>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One task's claim to repair a sale; given back however the task ends.
struct Claim {
    repairs: Arc<Repairs>,
    id: SaleId,
}

impl Claim {
    async fn run(self, repair: Repair) {
        let outcome = self.repair(repair).await;
        let (repairs, id) = (self.repairs.clone(), self.id.clone());
        // Given back before it is told: a ledger that is away keeps no later repair waiting.
        drop(self);
        match outcome {
            Ok(findings) => (repairs.drift_met)(findings).await,
            Err(error) => tracing::warn!(sale = %id, ?repair, error = %Causes(&error),
                "gate and ledger are not brought together"),
        }
    }

    async fn repair(&self, repair: Repair) -> Result<Findings, PortError> {
        let gate = &self.repairs.gate;
        let mut findings = Findings::default();
        match repair {
            Repair::Align(epoch) => drop(gate.align(&self.id, epoch).await?),
            Repair::Rebuild => {
                // What is lost is told by the gate.
                if gate.rebuild(&self.id).await?.raised == 0 {
                    findings.repaired(Drift::SoldTwice, 1);
                }
            }
        }
        Ok(findings)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.repairs.locked().remove(&self.id);
    }
}
