//! What this node knows of each sale's gate: its keys, and the epoch that it last saw.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use stampede_domain::{Epoch, Generation, SaleId};

use super::keys::{Keys, SaleKeys};

/// One sale's gate as this node knows it.
#[derive(Debug)]
pub(super) struct KnownSale {
    pub(super) id: SaleId,
    pub(super) generation: String,
    pub(super) keys: SaleKeys,
    /// Shared by all threads of the node; held for a copy only.
    epoch: Mutex<Option<Epoch>>,
}

impl KnownSale {
    pub(super) fn epoch(&self) -> Option<Epoch> {
        *self.locked()
    }

    pub(super) fn set_epoch(&self, epoch: Epoch) {
        *self.locked() = Some(epoch);
    }

    fn locked(&self) -> MutexGuard<'_, Option<Epoch>> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every sale that this node was asked about and that was not found dead.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) keys: Keys,
    /// Read for every batch, written when a sale is first met and when it is gone.
    sales: RwLock<HashMap<Generation, Arc<KnownSale>>>,
}

impl Registry {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, sales: RwLock::default() }
    }

    /// The sale; makes an entry if it is met for the first time.
    pub(super) fn sale(&self, id: &SaleId) -> Arc<KnownSale> {
        let known = self.sales.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sale) = known.get(&id.generation) {
            return sale.clone();
        }
        drop(known);
        let mut sales = self.sales.write().unwrap_or_else(PoisonError::into_inner);
        let sale = sales.entry(id.generation).or_insert_with(|| {
            Arc::new(KnownSale {
                id: id.clone(),
                generation: id.generation.to_string(),
                keys: self.keys.of_sale(id),
                epoch: Mutex::new(None),
            })
        });
        sale.clone()
    }

    /// Forgets a sale that is gone.
    pub(super) fn remove(&self, id: &SaleId) {
        self.sales.write().unwrap_or_else(PoisonError::into_inner).remove(&id.generation);
    }
}
