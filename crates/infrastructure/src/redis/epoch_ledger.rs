//! What a restore needs of the ledger: the epoch as a lock, and purchases under it.

use std::collections::HashSet;

use async_trait::async_trait;
use stampede_application::ports::{CatalogueRow, PortError};
use stampede_domain::{Epoch, Position, PurchaseNo, RecordedPurchase, SaleId};

/// The ledger as a restore sees it.
///
/// Every statement that is given an epoch demands that it is still the sale's, and says `None`
/// if it is not: somebody else has gone on.
#[async_trait]
pub trait EpochLedger: Send + Sync {
    /// The sale's row; `None` if there is none, or if it is deleted.
    async fn row(&self, id: &SaleId) -> Result<Option<CatalogueRow>, PortError>;

    /// Takes the next epoch, above `head`, if the sale's is `seen` and no other restore is at
    /// work; `None` otherwise.
    async fn take_epoch(
        &self,
        id: &SaleId,
        seen: Epoch,
        head: Option<u64>,
        nonce: u64,
    ) -> Result<Option<Epoch>, PortError>;

    /// Tells other nodes that this restore is still at work.
    async fn renew(&self, id: &SaleId, epoch: Epoch) -> Result<Option<()>, PortError>;

    /// Tells other nodes that this restore is over.
    async fn release(&self, id: &SaleId, epoch: Epoch) -> Result<Option<()>, PortError>;

    /// Which of these purchases the ledger has, voided ones and dead letters included.
    async fn known(
        &self,
        id: &SaleId,
        numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError>;

    /// Takes over what the gate still held, oldest first, as `domain::decide` judges it on the
    /// ledger's tally; what it refuses is raised as a dead letter.
    async fn admit(
        &self,
        id: &SaleId,
        epoch: Epoch,
        survivors: &[RecordedPurchase],
    ) -> Result<Option<()>, PortError>;

    /// Purchases by position, after `after`, at most `limit`.
    async fn page(
        &self,
        id: &SaleId,
        epoch: Epoch,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Option<Vec<RecordedPurchase>>, PortError>;
}
