//! The engine redis: Redis judges, Postgres keeps.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use stampede_application::{
    live_sales::Freshness,
    ports::{Catalogue, Randomness},
};
use stampede_infrastructure::{
    OsRandomness,
    postgres::{self, PostgresCatalogue, PostgresLedger, PostgresProbe, Tables},
    queue::QueueMetrics,
    redis::{RedisEngine, RedisSettings},
};
use tokio_util::sync::CancellationToken;

use super::{Ending, Engine, patience::wait_for};
use crate::settings::{RedisAndPostgres, Settings};

/// Waits for both stores, brings the tables up to date unless told not to, and connects.
pub(super) async fn open(
    stores: &RedisAndPostgres,
    settings: &Settings,
    metrics: &QueueMetrics,
) -> anyhow::Result<Engine> {
    let pool = postgres::connect(stores.database_url.expose_secret(), &stores.postgres)?;
    let ledger_store = PostgresProbe::new(&pool);
    let wait_max = settings.start_wait_max;
    if settings.migrate {
        wait_for("Postgres", wait_max, async || postgres::migrate(&pool).await).await?;
    } else {
        let facts = wait_for("Postgres", wait_max, async || postgres::inspect(&pool).await).await?;
        refuse_missing(facts.tables)?;
    }
    let ledger = PostgresLedger::new(pool.clone()).answering_within(stores.postgres.answer_timeout);
    let catalogue: Arc<dyn Catalogue> =
        Arc::new(PostgresCatalogue::new(pool.clone(), &stores.postgres));
    let randomness: Arc<dyn Randomness> = Arc::new(OsRandomness);
    let watched =
        RedisSettings { restore_watch: Arc::new(metrics.clone()), ..stores.redis.clone() };
    let engine = wait_for("Redis", wait_max, async || {
        RedisEngine::connect(watched.clone(), ledger.clone(), catalogue.clone(), randomness.clone())
            .await
    })
    .await?;
    Ok(Engine {
        node: engine.node().to_owned(),
        gate: engine.gate(),
        outbox: engine.outbox(),
        feed: engine.feed(),
        clock: engine.clock(),
        gate_store: engine.probe(),
        durability: engine.durability(pool.clone(), settings.acknowledge),
        catalogue,
        ledger: Arc::new(ledger),
        randomness,
        ledger_store: Some(Arc::new(ledger_store.clone())),
        freshness: Freshness::Within(stores.status_age_max),
        watch: metrics.watch().clone(),
        ending: Ending {
            fatal: CancellationToken::new(),
            close: Box::pin(async move {
                ledger_store.close().await;
                pool.close().await;
            }),
        },
    })
}

/// A start that may not make tables needs them made.
fn refuse_missing(tables: Tables) -> anyhow::Result<()> {
    match tables {
        Tables::Pending(count) => anyhow::bail!(
            "{count} migrations of Postgres are missing, and STAMPEDE_MIGRATE=0 keeps the start \
             from making them; run `stampede migrate`"
        ),
        // Made by a newer version that goes on to fit this one, or it would not run beside it.
        Tables::UpToDate | Tables::Newer(_) => Ok(()),
    }
}

/// Brings the tables up to date.
pub(super) async fn migrate(stores: &RedisAndPostgres, settings: &Settings) -> anyhow::Result<()> {
    let pool = postgres::connect(stores.database_url.expose_secret(), &stores.postgres)?;
    wait_for("Postgres", settings.start_wait_max, async || postgres::migrate(&pool).await).await?;
    pool.close().await;
    Ok(())
}
