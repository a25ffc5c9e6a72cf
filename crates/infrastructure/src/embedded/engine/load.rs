//! The gate's state made anew from ledger and journal.

use std::{mem, sync::Arc};

use stampede_application::ports::{
    Catalogue, CatalogueCursor, CatalogueRow, Clock, EntryBody, Ledger, PortError, Randomness,
    RecordedChange,
};
use stampede_domain::{PurchaseNo, RecordedPurchase, Sale, SaleId, Version};

use super::{memory::Memory, open_sale::OpenSale};
use crate::embedded::{
    EmbeddedCatalogue, EmbeddedDatabase, EmbeddedLedger, STORE, failure::unavailable,
    journal::format,
};

/// Sales that are asked for at a time.
const SALES_PAGE_MAX: usize = 200;
/// Purchases that are asked for at a time.
const PURCHASES_PAGE_MAX: usize = 5_000;

/// Reads what the gate was before it stopped.
pub(super) struct Loader {
    pub(super) database: EmbeddedDatabase,
    pub(super) catalogue: Arc<EmbeddedCatalogue>,
    pub(super) ledger: EmbeddedLedger,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) randomness: Arc<dyn Randomness>,
}

/// One sale as it was read.
enum Read {
    Open(Box<OpenSale>),
    /// Something of it is not readable, or more was sold than there was: nobody may judge by it.
    Closed(&'static str),
}

/// What the journal and the dead letters have of one sale.
#[derive(Default)]
struct Journalled {
    purchases: Vec<RecordedPurchase>,
    /// What waits for a person: it was acknowledged, and its units stand where there are any.
    raised: Vec<RecordedPurchase>,
    /// The newest change.
    change: Option<RecordedChange>,
    /// Whether something was written by a newer version, or by none.
    unreadable: bool,
}

impl Loader {
    /// Every sale that is not deleted, each under a new epoch, so that versions only rise.
    ///
    /// Costs a few statements a sale and one row a purchase.
    pub(super) async fn everything(&self) -> Result<Memory, PortError> {
        self.catalogue.raise_epochs(self.randomness.nonce()).await?;
        let mut memory = Memory::new(self.clock.clone());
        let mut after: Option<CatalogueCursor> = None;
        loop {
            let rows = self.catalogue.page(after.as_ref(), SALES_PAGE_MAX).await?;
            let Some(last) = rows.last() else { return Ok(memory) };
            after = Some(CatalogueCursor {
                created_at: last.sale.created_at,
                generation: last.sale.id.generation,
            });
            for row in rows {
                self.put(row, &mut memory).await?;
            }
        }
    }

    /// One sale under a new epoch; it is removed if there is none.
    pub(super) async fn one(&self, id: &SaleId, memory: &mut Memory) -> Result<(), PortError> {
        // What was in memory is not to be judged by if the rest of this fails.
        memory.close(id.clone());
        self.catalogue.raise_epoch(id, self.randomness.nonce()).await?;
        match self.catalogue.find(&id.sku).await? {
            Some(row) if row.sale.id == *id => self.put(row, memory).await?,
            Some(_) | None => memory.remove(id),
        }
        Ok(())
    }

    /// The id of the journal's last row.
    pub(super) async fn last_row(&self) -> Result<i64, PortError> {
        sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM journal")
            .fetch_one(self.database.readers())
            .await
            .map_err(unavailable)
    }

    async fn put(&self, row: CatalogueRow, memory: &mut Memory) -> Result<(), PortError> {
        let id = row.sale.id.clone();
        match self.read(row, memory).await? {
            Read::Open(open) => drop(memory.put(id, *open)),
            Read::Closed(why) => {
                tracing::error!(sale = %id, why, "a sale stays closed");
                memory.close(id);
            }
        }
        Ok(())
    }

    async fn read(&self, row: CatalogueRow, memory: &mut Memory) -> Result<Read, PortError> {
        let id = row.sale.id.clone();
        // The journal first: what a worker moves meanwhile is then found behind it, never missed.
        let journalled = self.journalled(&id).await?;
        if journalled.unreadable {
            return Ok(Read::Closed("its journal has an entry that this version cannot read"));
        }
        let waiting = self.unrecorded(&id, journalled.purchases).await?;
        let sale = newest_definition(row.sale, row.version, journalled.change);
        let mut open = OpenSale::new(sale, row.epoch).known_over(row.over_at.is_some());
        if let Some(over_at) = row.over_at {
            memory.not_before(over_at);
        }
        let fits = self.restore_recorded(&id, &mut open, memory).await?;
        if !fits || !restore(&waiting, &mut open, memory) {
            return Ok(Read::Closed("more units stand than are on offer"));
        }
        // As much of it as there is room for: what gate and ledger have both sold may have no unit
        // to stand on.
        for one in self.unrecorded(&id, journalled.raised).await? {
            restore(&[one], &mut open, memory);
        }
        Ok(Read::Open(Box::new(open.restored(memory.now()))))
    }

    async fn journalled(&self, id: &SaleId) -> Result<Journalled, PortError> {
        let mut found = Journalled::default();
        let journal = "SELECT body FROM journal WHERE generation = ?1 ORDER BY id";
        let letters = "SELECT body FROM journal_dead_letters \
                       WHERE generation = ?1 AND body IS NOT NULL ORDER BY id";
        self.take_all(id, journal, &mut found).await?;
        let purchases = mem::take(&mut found.purchases);
        self.take_all(id, letters, &mut found).await?;
        found.raised = mem::replace(&mut found.purchases, purchases);
        Ok(found)
    }

    async fn take_all(
        &self,
        id: &SaleId,
        statement: &'static str,
        into: &mut Journalled,
    ) -> Result<(), PortError> {
        let bodies: Vec<Vec<u8>> = sqlx::query_scalar(statement)
            .bind(id.generation.0)
            .fetch_all(self.database.readers())
            .await
            .map_err(unavailable)?;
        for body in bodies {
            into.take(format::read(&body));
        }
        Ok(())
    }

    /// Those that the ledger neither has nor was told to leave out.
    async fn unrecorded(
        &self,
        id: &SaleId,
        mut purchases: Vec<RecordedPurchase>,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        let numbers: Vec<PurchaseNo> =
            purchases.iter().map(|recorded| recorded.purchase.no()).collect();
        for part in numbers.chunks(PURCHASES_PAGE_MAX) {
            let known = self.ledger.known(id, part).await?;
            purchases.retain(|recorded| !known.contains(&recorded.purchase.no()));
        }
        Ok(purchases)
    }

    /// Restores what the ledger has; says whether there was room for all of it. While one page is
    /// put in its place, another thread reads the next.
    async fn restore_recorded(
        &self,
        id: &SaleId,
        open: &mut OpenSale,
        memory: &mut Memory,
    ) -> Result<bool, PortError> {
        let mut page = self.ledger.page(id, None, PURCHASES_PAGE_MAX).await?;
        while let Some(last) = page.last() {
            let (ledger, id, after) = (self.ledger.clone(), id.clone(), last.purchase.position);
            let next = async move { ledger.page(&id, Some(after), PURCHASES_PAGE_MAX).await };
            let next = tokio::spawn(next);
            if !restore(&page, open, memory) {
                return Ok(false);
            }
            page = next.await.map_err(|ended| PortError::unavailable(STORE, ended))??;
        }
        Ok(true)
    }
}

/// Restores these purchases in the order in which they come, and lets nothing be judged before
/// them; stops at one that there is no unit for, and says whether there was for all.
fn restore(purchases: &[RecordedPurchase], open: &mut OpenSale, memory: &mut Memory) -> bool {
    purchases.iter().all(|one| {
        memory.not_before(one.purchase.at);
        open.restore(one)
    })
}

impl Journalled {
    fn take(&mut self, body: EntryBody) {
        match body {
            EntryBody::Purchases(purchases) => self.purchases.extend(purchases),
            EntryBody::Change(change) => {
                let newest = self.change.as_ref().map(|known| known.version);
                if newest < Some(change.version) {
                    self.change = Some(*change);
                }
            }
            EntryBody::Newer { .. } | EntryBody::Broken { .. } => self.unreadable = true,
        }
    }
}

/// What the catalogue has, or a change that has not reached it yet.
fn newest_definition(recorded: Sale, version: Version, change: Option<RecordedChange>) -> Sale {
    match change {
        Some(change) if change.version > version => change.sale,
        Some(_) | None => recorded,
    }
}
