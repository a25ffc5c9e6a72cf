//! The engine over Redis: gate, outbox and feed, with the ledger in Postgres.
//!
//! A sale lives in one shard: a head, a hash of buyers, a line in the shard's list, entries in the
//! shard's stream. Each request is one Lua script behind a fence, which answers only for the
//! present life of the data; everything else is closed, and restored from the ledger.
//!
//! Architecture invariant: no client ever reads a sale but through a script behind the fence.
//! The lists of versions are hints about what to read.

mod attempt;
mod clock;
mod connections;
mod entry;
mod failure;
mod fence;
mod gatehouse;
mod head;
mod inspection;
mod keys;
mod lane;
mod link;
mod listing;
mod outbox;
mod price;
mod record;
mod registry;
mod restore;
mod room;
mod sale_feed;
mod sale_gate;
mod script;
mod settings;
mod store_probe;

use std::sync::Arc;

use sqlx::PgPool;
use stampede_application::ports::{Catalogue, PortError, Randomness};
use stampede_domain::Acknowledgement;

pub use self::{
    clock::RedisClock,
    inspection::{RedisFacts, inspect},
    outbox::RedisOutbox,
    restore::{LogRestores, RestoreOutcome, RestoreReason, RestoreStep, RestoreWatch},
    sale_feed::RedisSaleFeed,
    sale_gate::RedisSaleGate,
    settings::RedisSettings,
    store_probe::RedisProbe,
};
pub(crate) use self::{connections::Connections, inspection::facts};
use self::{
    failure::unavailable, gatehouse::Gatehouse, keys::Keys, registry::Registry, restore::Restorer,
};
use crate::{postgres::PostgresLedger, worth::RedisDurability};

/// The adapters of one node over one Redis, sharing its connections and what it knows of epochs.
pub struct RedisEngine {
    node: String,
    connections: Arc<Connections>,
    gate: Arc<RedisSaleGate>,
    outbox: Arc<RedisOutbox>,
    feed: Arc<RedisSaleFeed>,
}

impl RedisEngine {
    /// Connects once and makes the adapters; lanes and readers connect when first used.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if Redis does not answer.
    pub async fn connect(
        settings: RedisSettings,
        ledger: PostgresLedger,
        catalogue: Arc<dyn Catalogue>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, PortError> {
        let connections = Arc::new(Connections::open(&settings).await.map_err(unavailable)?);
        let registry = Arc::new(Registry::new(Keys::new(&settings.prefix)));
        let node = randomness.generation().to_string();
        let restorer = Arc::new(Restorer::new(restore::Parts {
            link: connections.shared.clone(),
            ledger,
            registry: registry.clone(),
            randomness,
            clock: connections.clock.clone(),
            node: node.clone(),
            watch: settings.restore_watch.clone(),
            response_timeout: settings.response_timeout,
            wait: settings.restore_wait,
        }));
        let response_timeout_ms =
            i64::try_from(settings.response_timeout.as_millis()).unwrap_or(i64::MAX);
        let gatehouse = Arc::new(Gatehouse {
            registry: registry.clone(),
            restorer,
            response_timeout_ms,
            acknowledge: settings.acknowledge,
        });
        let gate = Arc::new(RedisSaleGate::new(connections.clone(), gatehouse.clone()));
        let outbox = Arc::new(RedisOutbox::new(connections.clone(), gatehouse));
        let feed = Arc::new(RedisSaleFeed::new(sale_feed::Parts {
            settings,
            connections: connections.clone(),
            registry,
            gate: gate.clone(),
            catalogue,
        }));
        Ok(Self { node, connections, gate, outbox, feed })
    }

    /// The life of this node, which its restores on record name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// What judges attempts.
    #[must_use]
    pub fn gate(&self) -> Arc<RedisSaleGate> {
        self.gate.clone()
    }

    /// What the gate accepted, on its way to the ledger.
    #[must_use]
    pub fn outbox(&self) -> Arc<RedisOutbox> {
        self.outbox.clone()
    }

    /// What brings changes to this node.
    #[must_use]
    pub fn feed(&self) -> Arc<RedisSaleFeed> {
        self.feed.clone()
    }

    /// The clock of Redis.
    #[must_use]
    pub fn clock(&self) -> Arc<RedisClock> {
        self.connections.clock.clone()
    }

    /// What an acknowledgement of `level` is worth on this Redis and the Postgres behind `pool`.
    #[must_use]
    pub fn durability(&self, pool: PgPool, level: Acknowledgement) -> Arc<RedisDurability> {
        Arc::new(RedisDurability::new(self.connections.clone(), pool, level))
    }

    /// Whether Redis answers.
    #[must_use]
    pub fn probe(&self) -> Arc<RedisProbe> {
        Arc::new(RedisProbe::new(self.connections.clone()))
    }
}
