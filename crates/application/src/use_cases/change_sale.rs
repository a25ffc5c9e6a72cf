//! An admin pauses, resumes or ends a sale.

use std::sync::Arc;

use stampede_domain::{SaleId, Shard, Sku};

use super::{FindSale, ProductView};
use crate::{
    live_sales::LiveSales,
    ports::{
        Catalogue, Change, Changed, Clock, CommitError, Entry, Ledger, Outbox, PortError, SaleGate,
        Settled, Snapshot,
    },
};

/// Why a sale was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such sale.
    #[error("no such sale")]
    Unknown,
    /// The sale has ended.
    #[error("the sale has ended")]
    NotModifiable,
    /// We do not know; the change may hold, and may be repeated.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Changes running sales: one atomic step in the gate, answered only after its commit, so that
/// no loss of the gate can undo what an admin was told.
pub struct ChangeSale {
    find: Arc<FindSale>,
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
    outbox: Arc<dyn Outbox>,
    ledger: Arc<dyn Ledger>,
    live: Arc<LiveSales>,
    clock: Arc<dyn Clock>,
}

impl ChangeSale {
    /// Over the gate, its outbox and the ledger.
    #[must_use]
    pub fn new(
        find: Arc<FindSale>,
        catalogue: Arc<dyn Catalogue>,
        gate: Arc<dyn SaleGate>,
        outbox: Arc<dyn Outbox>,
        ledger: Arc<dyn Ledger>,
        live: Arc<LiveSales>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { find, catalogue, gate, outbox, ledger, live, clock }
    }

    /// Makes the change; from the answer on it holds on every node. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`ChangeError`].
    pub async fn run(&self, sku: &Sku, change: Change) -> Result<ProductView, ChangeError> {
        match self.change(sku, change).await? {
            Changed::Applied { snapshot, entry, .. } => {
                self.live.apply(&snapshot);
                self.commit(&snapshot, entry).await?;
                let row = self.catalogue.find(sku).await?.ok_or(ChangeError::Unknown)?;
                Ok(ProductView::new(snapshot, row.sold, self.clock.now()))
            }
            Changed::Ended { snapshot, .. } => {
                self.live.apply(&snapshot);
                Err(ChangeError::NotModifiable)
            }
            Changed::UnknownSale => Err(ChangeError::Unknown),
        }
    }

    /// The gate's step. It needs no ledger: while that is away a pause holds all the same, and is
    /// answered once it is repeated.
    async fn change(&self, sku: &Sku, change: Change) -> Result<Changed, ChangeError> {
        let known = self.find.known(sku).await?.ok_or(ChangeError::Unknown)?;
        let changed = self.gate.change(&known.sale.id, change).await?;
        if !matches!(changed, Changed::UnknownSale) {
            return Ok(changed);
        }
        // The gate has another generation than this node knew: the catalogue tells which.
        let found = self.find.looked_up(sku).await?.ok_or(ChangeError::Unknown)?;
        Ok(self.gate.change(&found.sale.id, change).await?)
    }

    async fn commit(&self, snapshot: &Snapshot, entry: Entry) -> Result<(), PortError> {
        let id = entry.id.clone();
        let settled = match self.ledger.commit(&[entry]).await {
            Ok(settled) => settled,
            Err(CommitError::Port(error) | CommitError::Busy { error, .. }) => return Err(error),
            Err(error @ (CommitError::Data(_) | CommitError::Drift { .. })) => {
                return Err(PortError::inconsistent("ledger", error));
            }
        };
        if !matches!(settled.as_slice(), [Settled::Committed { .. }]) {
            return Err(self.overtaken(&snapshot.sale.id).await);
        }
        if let Some(id) = id {
            let shard = Shard::of(&snapshot.sale.id.sku);
            self.outbox.done(shard, &[id]).await?;
        }
        Ok(())
    }

    /// The gate was made anew in between, from a ledger without this change; or it is in another
    /// life than the ledger, and is made anew now, so that a repeat holds.
    async fn overtaken(&self, id: &SaleId) -> PortError {
        let aligned = async {
            if let Some(row) = self.catalogue.find(&id.sku).await?.filter(|row| row.sale.id == *id)
            {
                self.gate.align(id, row.epoch).await?;
            }
            Ok(())
        };
        aligned.await.err().unwrap_or_else(|| PortError::unavailable("ledger", ChangeOvertaken))
    }
}

/// The gate was restored while the change was on its way; it is to be repeated.
#[derive(Debug, thiserror::Error)]
#[error("the gate was restored while the change was on its way")]
struct ChangeOvertaken;
