//! The engine embedded: one process, one folder.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use stampede_application::{
    live_sales::Freshness,
    ports::{Clock, Randomness},
};
use stampede_infrastructure::{
    OsRandomness, SystemClock,
    embedded::{
        EmbeddedCatalogue, EmbeddedDatabase, EmbeddedEngine, EmbeddedLedger, EmbeddedProbe,
        EngineParts,
    },
    queue::QueueMetrics,
    worth::EmbeddedDurability,
};

use super::{Ending, Engine};
use crate::settings::EmbeddedSettings;

/// What this process read of its own memory never grows too old; only before the first reading
/// it knows nothing.
const ONCE_READ: Freshness = Freshness::Within(Duration::MAX);

/// Opens the folder and makes the gate from what is in it.
pub(super) async fn open(
    settings: &EmbeddedSettings,
    metrics: &QueueMetrics,
) -> anyhow::Result<Engine> {
    let database = open_database(settings).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let randomness: Arc<dyn Randomness> = Arc::new(OsRandomness);
    let catalogue = Arc::new(EmbeddedCatalogue::new(database.clone(), settings.sales_max));
    let ledger = Arc::new(EmbeddedLedger::new(database.clone()));
    let parts = EngineParts {
        database: database.clone(),
        catalogue: catalogue.clone(),
        clock: clock.clone(),
        randomness: randomness.clone(),
    };
    let engine = EmbeddedEngine::start(parts, settings.limits).await?;
    Ok(Engine {
        node: randomness.generation().to_string(),
        gate: engine.gate(),
        outbox: engine.outbox(),
        feed: engine.feed(),
        catalogue,
        ledger,
        clock,
        randomness,
        gate_store: Arc::new(EmbeddedProbe::new(database.clone())),
        ledger_store: None,
        durability: Arc::new(EmbeddedDurability),
        freshness: ONCE_READ,
        watch: metrics.watch().clone(),
        ending: Ending {
            fatal: database.fatal().clone(),
            close: Box::pin(async move {
                engine.stop().await;
                database.close().await;
            }),
        },
    })
}

/// Brings the tables up to date, which opening does.
pub(super) async fn migrate(settings: &EmbeddedSettings) -> anyhow::Result<()> {
    open_database(settings).await?.close().await;
    Ok(())
}

async fn open_database(settings: &EmbeddedSettings) -> anyhow::Result<EmbeddedDatabase> {
    let opened = EmbeddedDatabase::open(&settings.data_dir).await;
    opened.context("the engine embedded does not start (STAMPEDE_DATA_DIR)")
}
