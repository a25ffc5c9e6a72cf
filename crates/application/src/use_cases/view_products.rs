//! An admin reads products: one with its counters, or all.

use std::sync::Arc;

use stampede_domain::{Instant, Phase, Sale, Sku, Version};

use super::Revision;
use crate::ports::{
    Catalogue, CatalogueCursor, CatalogueRow, Clock, PortError, SaleGate, Snapshot,
};

/// A product as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductView {
    /// The sale as the gate has it.
    pub sale: Sale,
    /// Its state now.
    pub phase: Phase,
    /// Units that nobody holds.
    pub current_stock: u32,
    /// Units decided as sold.
    pub total_purchases: u32,
    /// Units in the ledger.
    pub persisted_purchases: u32,
    /// Raised by every change.
    pub version: Version,
}

impl ProductView {
    /// A gate's snapshot with what the ledger has.
    #[must_use]
    pub fn new(snapshot: Snapshot, persisted_purchases: u32, now: Instant) -> Self {
        Self {
            phase: snapshot.sale.phase(snapshot.stock, now),
            current_stock: snapshot.stock,
            total_purchases: snapshot.sold,
            persisted_purchases,
            version: snapshot.version,
            sale: snapshot.sale,
        }
    }

    /// What `ETag` and `If-Match` compare.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision { generation: self.sale.id.generation, version: self.version }
    }
}

/// Reads products.
pub struct ViewProducts {
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
    clock: Arc<dyn Clock>,
}

impl ViewProducts {
    /// Over the catalogue and the gate.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn Catalogue>,
        gate: Arc<dyn SaleGate>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { catalogue, gate, clock }
    }

    /// The product of that sku; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if a store is away.
    pub async fn one(&self, sku: &Sku) -> Result<Option<ProductView>, PortError> {
        let Some(row) = self.catalogue.find(sku).await? else { return Ok(None) };
        self.view(row).await
    }

    /// Products, newest first, after `after`, at most `limit`, and where to go on.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if a store is away.
    pub async fn page(
        &self,
        after: Option<&CatalogueCursor>,
        limit: usize,
    ) -> Result<(Vec<ProductView>, Option<CatalogueCursor>), PortError> {
        let mut rows = self.catalogue.page(after, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| CatalogueCursor {
            created_at: row.sale.created_at,
            generation: row.sale.id.generation,
        });
        let views = futures::future::try_join_all(rows.into_iter().map(|row| self.view(row)));
        Ok((views.await?.into_iter().flatten().collect(), next))
    }

    /// The row with the gate's counters; `None` if it was deleted meanwhile.
    async fn view(&self, row: CatalogueRow) -> Result<Option<ProductView>, PortError> {
        let snapshot = self.gate.snapshot(&row.sale.id).await?;
        Ok(snapshot.map(|snapshot| ProductView::new(snapshot, row.sold, self.clock.now())))
    }
}
