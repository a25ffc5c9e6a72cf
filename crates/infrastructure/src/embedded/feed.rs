//! The feed of the embedded engine, which has one node and so nothing to hear from others.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use stampede_application::{
    live_sales::LiveSales,
    ports::{Catalogue, CatalogueCursor, Causes, PortError, SaleFeed, SaleGate},
};
use stampede_domain::Shard;
use tokio::time;
use tokio_util::sync::CancellationToken;

/// Sales that are asked for at a time.
const PAGE_MAX: usize = 200;
/// How long a catalogue that did not answer is left alone.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Loads every sale once. All later changes are made in this process, and come to
/// [`LiveSales`] through the use cases and the coalescers before they are answered.
pub(super) struct EmbeddedFeed {
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
}

impl EmbeddedFeed {
    pub(super) fn new(catalogue: Arc<dyn Catalogue>, gate: Arc<dyn SaleGate>) -> Self {
        Self { catalogue, gate }
    }

    async fn load(&self, live: &LiveSales) -> Result<(), PortError> {
        let mut after: Option<CatalogueCursor> = None;
        loop {
            let rows = self.catalogue.page(after.as_ref(), PAGE_MAX).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(CatalogueCursor {
                created_at: last.sale.created_at,
                generation: last.sale.id.generation,
            });
            for row in &rows {
                match self.gate.snapshot(&row.sale.id).await {
                    Ok(Some(snapshot)) => live.apply(&snapshot),
                    // Deleted since the page was read.
                    Ok(None) => {}
                    Err(error) => tracing::warn!(sale = %row.sale.id,
                        error = %Causes(&error), "a sale is not shown"),
                }
            }
        }
    }
}

#[async_trait]
impl SaleFeed for EmbeddedFeed {
    async fn follow(&self, live: Arc<LiveSales>, stop: CancellationToken) {
        let loading = async {
            while let Err(error) = self.load(&live).await {
                tracing::warn!(error = %Causes(&error), "the sales are not read");
                time::sleep(RETRY_PAUSE).await;
            }
            Shard::all().for_each(|shard| live.shard_read(shard));
        };
        if stop.run_until_cancelled(loading).await.is_some() {
            stop.cancelled().await;
        }
    }
}
