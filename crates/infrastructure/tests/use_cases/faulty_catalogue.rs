//! A real catalogue before whose burials something happens.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use stampede_application::ports::{
    Buried, Catalogue, CatalogueCursor, CatalogueRow, Created, LockedSale, PortError, SaleStanding,
};
use stampede_domain::{Epoch, Instant, Sale, SaleId, Sku};

/// A catalogue that lets something else happen right before a sale is buried.
pub(crate) struct FaultyCatalogue {
    catalogue: Arc<dyn Catalogue>,
    /// One for each of the next burials.
    before_bury: Mutex<VecDeque<BoxFuture<'static, ()>>>,
}

impl FaultyCatalogue {
    pub(crate) fn over(catalogue: Arc<dyn Catalogue>) -> Self {
        Self { catalogue, before_bury: Mutex::default() }
    }

    /// This happens right before the next burial for which nothing else was said.
    pub(crate) fn before_bury(&self, happens: impl Future<Output = ()> + Send + 'static) {
        self.before_bury.lock().expect("nobody panics in it").push_back(Box::pin(happens));
    }
}

#[async_trait]
impl Catalogue for FaultyCatalogue {
    async fn create(&self, sale: &Sale, nonce: u64) -> Result<Created, PortError> {
        self.catalogue.create(sale, nonce).await
    }

    async fn find(&self, sku: &Sku) -> Result<Option<CatalogueRow>, PortError> {
        self.catalogue.find(sku).await
    }

    async fn page(
        &self,
        after: Option<&CatalogueCursor>,
        limit: usize,
    ) -> Result<Vec<CatalogueRow>, PortError> {
        self.catalogue.page(after, limit).await
    }

    async fn lock(&self, sku: &Sku) -> Result<Option<Box<dyn LockedSale>>, PortError> {
        self.catalogue.lock(sku).await
    }

    async fn bury(
        &self,
        id: &SaleId,
        seen: Option<Epoch>,
        nonce: u64,
        at: Instant,
    ) -> Result<Buried, PortError> {
        let happens = self.before_bury.lock().expect("nobody panics in it").pop_front();
        if let Some(happens) = happens {
            happens.await;
        }
        self.catalogue.bury(id, seen, nonce, at).await
    }

    async fn standing(&self, ids: &[SaleId]) -> Result<Vec<SaleStanding>, PortError> {
        self.catalogue.standing(ids).await
    }

    async fn note_over(&self, id: &SaleId, epoch: Epoch, at: Instant) -> Result<(), PortError> {
        self.catalogue.note_over(id, epoch, at).await
    }

    async fn note_final_run(
        &self,
        id: &SaleId,
        epoch: Epoch,
        at: Instant,
    ) -> Result<(), PortError> {
        self.catalogue.note_final_run(id, epoch, at).await
    }

    async fn tombstone(&self, sku: &Sku) -> Result<Option<(SaleId, Epoch)>, PortError> {
        self.catalogue.tombstone(sku).await
    }

    async fn expire_archive(&self, before: Instant) -> Result<u64, PortError> {
        self.catalogue.expire_archive(before).await
    }
}
