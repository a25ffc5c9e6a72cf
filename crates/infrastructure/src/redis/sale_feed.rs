//! The feed over Redis: messages for speed, reads of every shard for certainty.
//!
//! A message brings a change within milliseconds, and may be lost. Every 200 ms each shard's list
//! of versions is compared with what this node shows: what moved is read, what is marked deleted
//! leaves, and what is missing or lower than seen is closed, never deleted: its snapshot is asked
//! for, which restores it or finds that the ledger has it no more.

mod message;
mod shard;
mod subscription;

use std::sync::Arc;

use async_trait::async_trait;
use futures::future;
use stampede_application::{
    live_sales::LiveSales,
    ports::{Catalogue, Causes, PortError, SaleFeed, SaleGate},
};
use stampede_domain::{SaleId, Shard};
use tokio::time;
use tokio_util::sync::CancellationToken;

use self::shard::ShardFeed;
use super::{connections::Connections, registry::Registry, settings::RedisSettings};

/// Sales of the catalogue read at a time.
const CATALOGUE_PAGE: usize = 200;

/// Brings every change of every sale to this node.
pub struct RedisSaleFeed {
    parts: Arc<Parts>,
}

/// What the feed is made of.
pub(super) struct Parts {
    pub(super) settings: RedisSettings,
    pub(super) connections: Arc<Connections>,
    pub(super) registry: Arc<Registry>,
    pub(super) gate: Arc<dyn SaleGate>,
    pub(super) catalogue: Arc<dyn Catalogue>,
}

impl RedisSaleFeed {
    pub(super) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }
}

#[async_trait]
impl SaleFeed for RedisSaleFeed {
    async fn follow(&self, live: Arc<LiveSales>, stop: CancellationToken) {
        let follow = async {
            let shards: Vec<_> = Shard::all()
                .map(|shard| ShardFeed::new(shard, self.parts.clone(), live.clone()))
                .collect();
            // Subscribed before anything is read, so that nothing falls between.
            let messages = subscription::follow(&self.parts, &shards, &live);
            let reads = async {
                for id in self.parts.recorded().await {
                    if let Some(shard) = shards.get(Shard::of(&id.sku).index()) {
                        shard.want(id);
                    }
                }
                future::join_all(shards.iter().map(ShardFeed::follow)).await;
            };
            future::join(messages, reads).await;
        };
        stop.run_until_cancelled(follow).await;
    }
}

impl Parts {
    /// Every sale of the catalogue; asks until it answers.
    async fn recorded(&self) -> Vec<SaleId> {
        let mut failures = 0_u32;
        loop {
            match self.recorded_once().await {
                Ok(sales) => return sales,
                Err(error) => {
                    tracing::warn!(
                        error = %Causes(&error),
                        "the catalogue could not be read, so no sale is shown yet"
                    );
                    failures = failures.saturating_add(1);
                    let pause = self.settings.reconnect_min.saturating_mul(1 << failures.min(10));
                    time::sleep(pause.min(self.settings.reconnect_max)).await;
                }
            }
        }
    }

    async fn recorded_once(&self) -> Result<Vec<SaleId>, PortError> {
        use stampede_application::ports::CatalogueCursor;
        let mut sales: Vec<SaleId> = Vec::new();
        let mut after: Option<CatalogueCursor> = None;
        loop {
            let page = self.catalogue.page(after.as_ref(), CATALOGUE_PAGE).await?;
            let is_last = page.len() < CATALOGUE_PAGE;
            after = page.last().map(|row| CatalogueCursor {
                created_at: row.sale.created_at,
                generation: row.sale.id.generation,
            });
            sales.extend(page.into_iter().map(|row| row.sale.id));
            if is_last {
                return Ok(sales);
            }
        }
    }
}
