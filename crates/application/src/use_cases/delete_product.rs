//! An admin deletes a product.

use std::sync::Arc;

use stampede_domain::{Epoch, SaleId, Shard, Sku};

use super::RecordPurchases;
use crate::{
    live_sales::LiveSales,
    ports::{
        Buried, Catalogue, CatalogueRow, Change, Changed, Clock, Outbox, PortError, Randomness,
        SaleGate,
    },
};

/// Why a product was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// There is no such product.
    #[error("no such product")]
    Unknown,
    /// We do not know; a repeat goes on from there.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Entries of the outbox that are drained at a time.
const DRAIN_ENTRIES: usize = 100;
/// Rounds of draining before the deletion gives up: 10,000,000 units in batches of one.
const DRAIN_ROUNDS_MAX: usize = 100_000;

/// Lives of a gate in which a sale is ended before its deletion gives up.
const LIVES_MAX: usize = 3;

/// Deletes products: end, drain, bury, forget. Each step may be repeated, in this order nothing
/// is accepted after the end, and nothing accepted misses the archive.
///
/// Drain and burial name the life of the gate that was ended: one that was restored since may have
/// lost the end, and sold; and the outbox of another Redis says nothing of this one's.
pub struct DeleteProduct {
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
    outbox: Arc<dyn Outbox>,
    record: Arc<RecordPurchases>,
    live: Arc<LiveSales>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl DeleteProduct {
    /// Over all that a sale leaves traces in.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn Catalogue>,
        gate: Arc<dyn SaleGate>,
        outbox: Arc<dyn Outbox>,
        record: Arc<RecordPurchases>,
        live: Arc<LiveSales>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self { catalogue, gate, outbox, record, live, clock, randomness }
    }

    /// Deletes the product; this node shows it no more from the answer on, others within 1 s.
    ///
    /// # Errors
    ///
    /// [`DeleteError`]; after [`DeleteError::Port`] a repeat goes on from where it stopped.
    pub async fn run(&self, sku: &Sku) -> Result<(), DeleteError> {
        for _ in 0..LIVES_MAX {
            let Some(row) = self.catalogue.find(sku).await? else {
                return self.finish_earlier(sku).await;
            };
            let ended_in = self.end(&row).await?;
            let CatalogueRow { sale, epoch, .. } = row;
            let id = sale.id;
            if self.drain(&id, ended_in).await? {
                let (nonce, now) = (self.randomness.nonce(), self.clock.now());
                let life = ended_in.unwrap_or(epoch);
                match self.catalogue.bury(&id, Some(life), nonce, now).await? {
                    Buried::Buried(epoch) => {
                        self.gate.forget(&id, epoch).await?;
                        self.live.remove(&id);
                        return Ok(());
                    }
                    Buried::Moved => {}
                    Buried::Unknown => return Err(DeleteError::Unknown),
                }
            }
            tracing::warn!(sale = %id, "restored while it was deleted: it is ended again");
        }
        Err(PortError::unavailable("gate", Restless).into())
    }

    /// Ends the sale; returns the life of its gate in which nothing is accepted any more, `None` if
    /// its gate has no such sale, having forgotten it before a ledger came back older.
    async fn end(&self, row: &CatalogueRow) -> Result<Option<Epoch>, PortError> {
        match self.gate.change(&row.sale.id, Change::End).await? {
            Changed::Applied { snapshot, epoch, .. } | Changed::Ended { snapshot, epoch } => {
                self.live.apply(&snapshot);
                Ok(Some(epoch))
            }
            Changed::UnknownSale => Ok(None),
        }
    }

    /// Finishes a deletion whose gate was not forgotten; unknown if there is nothing to finish.
    async fn finish_earlier(&self, sku: &Sku) -> Result<(), DeleteError> {
        let Some((id, epoch)) = self.catalogue.tombstone(sku).await? else {
            return Err(DeleteError::Unknown);
        };
        let left_over = self.gate.snapshot(&id).await?.is_some();
        self.live.remove(&id);
        if !left_over {
            return Err(DeleteError::Unknown);
        }
        self.gate.forget(&id, epoch).await?;
        Ok(())
    }

    /// Records all that the outbox still holds of the sale; `false` if its gate has left the life in
    /// which it was ended, so that what is found in the outbox proves nothing.
    async fn drain(&self, id: &SaleId, ended_in: Option<Epoch>) -> Result<bool, PortError> {
        let shard = Shard::of(&id.sku);
        for _ in 0..DRAIN_ROUNDS_MAX {
            let entries = match ended_in {
                Some(life) => self.outbox.waiting_in(id, life, DRAIN_ENTRIES).await?,
                None => Some(self.outbox.waiting(id, DRAIN_ENTRIES).await?),
            };
            let Some(entries) = entries else { return Ok(false) };
            if entries.is_empty() {
                return Ok(true);
            }
            let mut recorded = self.record.run(shard, entries).await?;
            self.outbox.done(shard, &recorded.done).await?;
            if let Some(why) = recorded.apart.remove(id) {
                return Err(why);
            }
            if recorded.done.is_empty() {
                break;
            }
        }
        Err(PortError::unavailable("outbox", Undrained))
    }
}

/// The gate was restored between the sale's end and its burial, again and again; the deletion is to
/// be repeated.
#[derive(Debug, thiserror::Error)]
#[error("the sale's gate was restored each time that the sale was to be deleted")]
struct Restless;

/// Something of the sale stays in the outbox, such as an entry of a newer version.
#[derive(Debug, thiserror::Error)]
#[error("the outbox still holds entries of the sale that this version cannot record")]
struct Undrained;
