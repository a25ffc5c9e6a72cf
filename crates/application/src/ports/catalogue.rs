//! The catalogue: which sales exist. It lives in the ledger's store.

use async_trait::async_trait;
use stampede_domain::{Epoch, Generation, Instant, Sale, SaleId, Sku, Version};

use super::PortError;

/// A sale as the catalogue records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRow {
    /// The sale, with the changes that have been committed.
    pub sale: Sale,
    /// The life of its gate.
    pub epoch: Epoch,
    /// The version of the last change that was committed.
    pub version: Version,
    /// Units in the ledger that stand.
    pub sold: u32,
}

/// What became of a new sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is recorded; its gate opens under this epoch.
    Recorded(Epoch),
    /// A sale of that sku exists already.
    Exists,
    /// As many sales exist as this installation may hold.
    Full,
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buried {
    /// The sale has left every answer, its purchases are in the archive; its gate is to be
    /// forgotten under this epoch. Also when it was buried before.
    Buried(Epoch),
    /// There is no such sale.
    Unknown,
}

/// Where a list of sales goes on, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueCursor {
    /// Creation of the last sale that was listed.
    pub created_at: Instant,
    /// Its generation, which tells sales of the same millisecond apart.
    pub generation: Generation,
}

/// What a holder of a row makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutDecision {
    /// Write this sale with this version.
    Write(Box<Sale>, Version),
    /// Leave it as it is.
    Leave,
}

/// Which sales exist, and their definitions.
///
/// An implementation MUST:
///
/// * record at most one sale of a sku that is not deleted, under any concurrency;
/// * start a recreated sku's epoch above that of its last deletion, so that versions never fall;
/// * move a sale's purchases to the archive in the same transaction that buries it.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Records a new sale; `nonce` makes its epoch.
    ///
    /// # Errors
    ///
    /// [`PortError`] leaves open whether it is recorded.
    async fn create(&self, sale: &Sale, nonce: u64) -> Result<Created, PortError>;

    /// The sale of that sku, unless it is deleted.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn find(&self, sku: &Sku) -> Result<Option<CatalogueRow>, PortError>;

    /// Sales that are not deleted, newest first, after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn page(
        &self,
        after: Option<&CatalogueCursor>,
        limit: usize,
    ) -> Result<Vec<CatalogueRow>, PortError>;

    /// Takes the sale's row, so that nobody else changes its definition until it is let go;
    /// `None` if there is no such sale. The row is let go unchanged when the lock is dropped.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn lock(&self, sku: &Sku) -> Result<Option<Box<dyn LockedSale>>, PortError>;

    /// Buries a sale whose outbox is drained: tombstone, next epoch under `nonce`, archive.
    /// Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError`] leaves open whether it is buried; repeat it.
    async fn bury(&self, id: &SaleId, nonce: u64, at: Instant) -> Result<Buried, PortError>;

    /// The last buried generation of a sku that was deleted, for a deletion that is repeated
    /// because its answer was lost or its gate was not forgotten.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn tombstone(&self, sku: &Sku) -> Result<Option<(SaleId, Epoch)>, PortError>;

    /// Removes archived purchases of sales that were deleted before `before`; returns how many.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn expire_archive(&self, before: Instant) -> Result<u64, PortError>;
}

/// A row of the catalogue in one holder's hand.
#[async_trait]
pub trait LockedSale: Send {
    /// The row as it was taken.
    fn row(&self) -> &CatalogueRow;

    /// Writes or leaves the row and lets it go.
    ///
    /// # Errors
    ///
    /// [`PortError`] leaves open whether it is written.
    async fn finish(self: Box<Self>, decision: PutDecision) -> Result<(), PortError>;
}
