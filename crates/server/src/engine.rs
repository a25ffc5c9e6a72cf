//! Opens an engine: the adapters that the settings ask for, behind the ports.

mod embedded;
mod patience;
mod redis;

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use stampede_application::{
    live_sales::Freshness,
    ports::{
        Catalogue, Clock, Durability, Ledger, Outbox, Randomness, SaleFeed, SaleGate, StoreProbe,
    },
};
use stampede_infrastructure::{Watch, queue::QueueMetrics};
use tokio_util::sync::CancellationToken;

use crate::settings::{self, Settings};

/// One engine's adapters.
pub struct Engine {
    /// The life of this process, by which its workers and runs are told from those of others.
    pub node: String,
    /// What judges attempts.
    pub gate: Arc<dyn SaleGate>,
    /// Which sales exist.
    pub catalogue: Arc<dyn Catalogue>,
    /// The durable record.
    pub ledger: Arc<dyn Ledger>,
    /// What is on its way there.
    pub outbox: Arc<dyn Outbox>,
    /// What brings changes to this node.
    pub feed: Arc<dyn SaleFeed>,
    /// The clock of the gate's store.
    pub clock: Arc<dyn Clock>,
    /// Where keys, numbers and nonces come from.
    pub randomness: Arc<dyn Randomness>,
    /// Whether the gate's store answers.
    pub gate_store: Arc<dyn StoreProbe>,
    /// Whether the ledger's store answers, where that is another.
    pub ledger_store: Option<Arc<dyn StoreProbe>>,
    /// What an acknowledgement is worth on these stores.
    pub durability: Arc<dyn Durability>,
    /// How long what was read of the gate may be shown.
    pub freshness: Freshness,
    /// What watches its ports: the ledger already, the lanes as they are made.
    pub watch: Watch,
    /// How the engine ends.
    pub ending: Ending,
}

/// How an engine ends: by itself, or when it is told to.
pub struct Ending {
    /// Cancelled by the engine when the process must not go on.
    pub fatal: CancellationToken,
    /// Closes what the engine holds.
    pub close: BoxFuture<'static, ()>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ending").field("fatal", &self.fatal.is_cancelled()).finish_non_exhaustive()
    }
}

/// Opens the engine of the settings; waits a while for stores that do not answer.
///
/// # Errors
///
/// If a store does not answer in time, or answers what must not be.
pub async fn open(settings: &Settings, metrics: &QueueMetrics) -> anyhow::Result<Engine> {
    let engine = match &settings.engine {
        settings::Engine::Embedded(embedded) => embedded::open(embedded, metrics).await,
        settings::Engine::Redis(stores) => redis::open(stores, settings, metrics).await,
    }?;
    let ledger = engine.watch.ledger(engine.ledger);
    Ok(Engine { ledger, ..engine })
}

/// Brings the tables of the engine's database up to date, and no more.
///
/// # Errors
///
/// If the database does not answer in time, or has tables of another version.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    match &settings.engine {
        settings::Engine::Embedded(embedded) => embedded::migrate(embedded).await,
        settings::Engine::Redis(stores) => redis::migrate(stores, settings).await,
    }
}
