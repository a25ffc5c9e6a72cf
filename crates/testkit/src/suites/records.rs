//! A catalogue and a ledger of one test, over one store.

use std::{any::Any, sync::Arc};

use stampede_application::ports::{
    Catalogue, CatalogueRow, CommitError, Created, Entry, EntryBody, Ledger, RecordedChange,
    Settled,
};
use stampede_domain::{Epoch, Position, RecordedPurchase, Sale, SaleId};

/// What the suites of catalogue and ledger run over.
pub struct Records {
    /// The catalogue; it holds at most [`SALES_MAX`](Self::SALES_MAX) sales.
    pub catalogue: Arc<dyn Catalogue>,
    /// The ledger in the same store.
    pub ledger: Arc<dyn Ledger>,
    /// Whether the ledger tells an entry of another epoch from one of the current: an adapter
    /// whose gate cannot be lost without it need not.
    pub stale_epochs: bool,
    /// What the store lives in; dropped last.
    pub kept: Box<dyn Any>,
}

impl Records {
    /// Sales that the catalogue of the suites may hold.
    pub const SALES_MAX: u32 = 40;

    /// Records a sale that must be new; its epoch.
    pub(crate) async fn create(&self, sale: &Sale) -> Epoch {
        let created = self.catalogue.create(sale, 7).await.expect("the catalogue answers");
        let Created::Recorded(epoch) = created else { panic!("{sale:?} is not new: {created:?}") };
        epoch
    }

    /// The row of a sale that must be there.
    pub(crate) async fn row(&self, sale: &Sale) -> CatalogueRow {
        let row = self.catalogue.find(&sale.id.sku).await.expect("the catalogue answers");
        row.expect("the sale is there")
    }

    /// Commits what the ledger must take.
    pub(crate) async fn commit(&self, entries: &[Entry]) -> Vec<Settled> {
        self.ledger.commit(entries).await.expect("the ledger commits")
    }

    /// The constraint and the sale of a commit that the ledger must refuse as drift.
    pub(crate) async fn drift(&self, entries: &[Entry]) -> (SaleId, String) {
        match self.ledger.commit(entries).await {
            Err(CommitError::Drift { sale, constraint }) => (sale, constraint),
            other => panic!("the ledger should refuse a constraint: {other:?}"),
        }
    }

    /// The first purchases of the sale, by position.
    pub(crate) async fn purchases(&self, sale: &Sale) -> Vec<RecordedPurchase> {
        let after: Option<Position> = None;
        self.ledger.page(&sale.id, after, 100).await.expect("the ledger answers")
    }
}

/// An entry of the outbox that carries these purchases.
pub(crate) fn entry_of(purchases: Vec<RecordedPurchase>) -> Entry {
    Entry { id: None, body: EntryBody::Purchases(purchases) }
}

/// An entry of the outbox that carries a change: `sale` as it is `changes` changes after the
/// opening of `epoch`.
pub(crate) fn change_of(sale: &Sale, epoch: Epoch, changes: u64) -> Entry {
    let version = epoch.first_version().plus(changes);
    let change = RecordedChange { sale: sale.clone(), epoch, version };
    Entry { id: None, body: EntryBody::Change(Box::new(change)) }
}

/// What a commit answers for an entry that it has taken.
pub(crate) fn inserted(purchases: usize) -> Settled {
    Settled::Committed { inserted: purchases }
}
