//! Finds a sale that this node does not know yet: the catalogue is asked before anybody hears 404.

use std::{sync::Arc, time::Duration};

use stampede_domain::{Instant, Sku};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    live_sales::{Known, LiveSale, LiveSales},
    ports::{Catalogue, PortError, SaleGate},
};

/// What lookups of skus that this node does not know may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupLimits {
    /// Lookups at once; more wait.
    pub at_once_max: usize,
    /// How long one may wait and take.
    pub wait_max: Duration,
}

impl Default for LookupLimits {
    fn default() -> Self {
        Self { at_once_max: 16, wait_max: Duration::from_secs(2) }
    }
}

/// Finds sales by sku, in this node's memory first.
///
/// A sku that does not exist leaves no trace, so that nobody can fill the memory with questions.
pub struct FindSale {
    live: Arc<LiveSales>,
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
    lookups: Semaphore,
    wait_max: Duration,
}

impl FindSale {
    /// Over this node's memory, the catalogue and the gate.
    #[must_use]
    pub fn new(
        live: Arc<LiveSales>,
        catalogue: Arc<dyn Catalogue>,
        gate: Arc<dyn SaleGate>,
        limits: LookupLimits,
    ) -> Self {
        let lookups = Semaphore::new(limits.at_once_max);
        Self { live, catalogue, gate, lookups, wait_max: limits.wait_max }
    }

    /// The sale as it may be shown, and the instant that this is as of; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if what is known is too old to show, or a store is away.
    pub async fn shown(&self, sku: &Sku) -> Result<Option<(Arc<LiveSale>, Instant)>, PortError> {
        match self.live.get(sku) {
            Known::Live(live, now) => Ok(Some((live, now))),
            Known::Stale => Err(PortError::unavailable("gate", crate::live_sales::Stale)),
            Known::Unknown => {
                let found = self.looked_up(sku).await?;
                Ok(found.map(|live| (live, self.live.now())))
            }
        }
    }

    /// The sale as last known, for those who ask the gate itself; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if this node does not know it and a store is away.
    pub async fn known(&self, sku: &Sku) -> Result<Option<Arc<LiveSale>>, PortError> {
        match self.live.last_known(sku) {
            Some(live) => Ok(Some(live)),
            None => self.looked_up(sku).await,
        }
    }

    /// The sale as the stores have it now, whatever this node knew; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if a store is away, or too many ask at once.
    pub async fn looked_up(&self, sku: &Sku) -> Result<Option<Arc<LiveSale>>, PortError> {
        match timeout(self.wait_max, self.look_up(sku)).await {
            Ok(found) => found,
            Err(elapsed) => Err(PortError::unavailable("catalogue", elapsed)),
        }
    }

    async fn look_up(&self, sku: &Sku) -> Result<Option<Arc<LiveSale>>, PortError> {
        let _permit = self.lookups.acquire().await;
        let before = self.live.last_known(sku);
        let Some(row) = self.catalogue.find(sku).await? else {
            if let Some(deleted) = before {
                self.live.remove(&deleted.sale.id);
            }
            return Ok(None);
        };
        let Some(snapshot) = self.gate.snapshot(&row.sale.id).await? else { return Ok(None) };
        self.live.apply(&snapshot);
        Ok(self.live.last_known(sku))
    }
}
