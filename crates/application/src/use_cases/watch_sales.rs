//! A shopper watches a sale, or all, as they change.

use std::sync::Arc;

use stampede_domain::Sku;
use tokio::sync::watch;

use super::{FindSale, ViewError};
use crate::live_sales::{LiveSale, LiveSales};

/// Watches sales.
pub struct WatchSales {
    live: Arc<LiveSales>,
    find: Arc<FindSale>,
}

impl WatchSales {
    /// Over this node's memory.
    #[must_use]
    pub fn new(live: Arc<LiveSales>, find: Arc<FindSale>) -> Self {
        Self { live, find }
    }

    /// The changes of one sale, the newest value first; closes when the sale is deleted.
    ///
    /// # Errors
    ///
    /// [`ViewError`].
    pub async fn one(&self, sku: &Sku) -> Result<watch::Receiver<Arc<LiveSale>>, ViewError> {
        self.find.shown(sku).await?.ok_or(ViewError::Unknown)?;
        self.live.watch(sku).ok_or(ViewError::Unknown)
    }

    /// The changes of every sale, the first `max` of the list that shoppers see.
    ///
    /// # Errors
    ///
    /// [`ViewError`].
    pub fn all(&self, max: usize) -> Result<Vec<watch::Receiver<Arc<LiveSale>>>, ViewError> {
        let (all, _) = self.live.all().ok_or(crate::live_sales::Stale)?;
        let skus = all.iter().take(max).map(|live| &live.sale.id.sku);
        Ok(skus.filter_map(|sku| self.live.watch(sku)).collect())
    }

    /// Wakes when a sale comes or goes, so that a stream of all sales can look again.
    #[must_use]
    pub fn directory(&self) -> watch::Receiver<u64> {
        self.live.watch_directory()
    }

    /// The clock that `serverTime` is told by.
    #[must_use]
    pub fn now(&self) -> stampede_domain::Instant {
        self.live.now()
    }
}
