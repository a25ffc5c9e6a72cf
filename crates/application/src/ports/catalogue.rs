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
    /// When its gate judged it to be over, if that was noted.
    pub over_at: Option<Instant>,
    /// When gate and ledger were last found to agree on it after its end, if nothing came since.
    pub final_run_at: Option<Instant>,
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
    /// It lives, in another life of its gate than the one that was seen: nothing changed.
    Moved,
    /// There is no such sale.
    Unknown,
}

/// What the catalogue knows of a sale that a gate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleStanding {
    /// It exists; the life of its gate.
    Living(Epoch),
    /// It was deleted; its gate is to be forgotten under this epoch.
    Buried(Epoch),
    /// The catalogue never had it, or has lost it.
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

    /// Buries a sale whose outbox is drained: tombstone, next epoch under `nonce`, archive. Only
    /// while it is in the life `seen`, if one is given: a gate that was restored since may have
    /// sold. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError`] leaves open whether it is buried; repeat it.
    async fn bury(
        &self,
        id: &SaleId,
        seen: Option<Epoch>,
        nonce: u64,
        at: Instant,
    ) -> Result<Buried, PortError>;

    /// How these sales stand. One answer each, in order; one round trip.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn standing(&self, ids: &[SaleId]) -> Result<Vec<SaleStanding>, PortError>;

    /// Remembers that the gate in the life `epoch` judged the sale to be over at that instant, or
    /// later; nothing if it is in another.
    ///
    /// # Errors
    ///
    /// [`PortError`]; repeating it is harmless.
    async fn note_over(&self, id: &SaleId, epoch: Epoch, at: Instant) -> Result<(), PortError>;

    /// Remembers that gate and ledger agreed on a sale that is over, in the life `epoch`, until
    /// something arrives; nothing if it is in another.
    ///
    /// # Errors
    ///
    /// [`PortError`]; repeating it is harmless.
    async fn note_final_run(&self, id: &SaleId, epoch: Epoch, at: Instant)
    -> Result<(), PortError>;

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
