//! A server and its stores, on default settings but for what a line says.

use std::{rc::Rc, thread::available_parallelism, time::Duration};

use stampede_testkit::{
    servers::{Counted, Fsync, OwnPostgres, OwnPostgresOptions, OwnRedis, OwnRedisOptions},
    shop::{Node, Shop, Stores},
};
use tokio::sync::Mutex;

use crate::{
    ask::{GONE, Level},
    bench::{Bench, SharedPostgres},
    process::resident_bytes,
};

/// A setting of a server.
pub(crate) type Setting = (&'static str, &'static str);

/// What the test kit sets otherwise than the program is shipped with.
pub(crate) const AS_SHIPPED: [Setting; 1] = [("RATE_LIMIT_PURCHASE_PER_BUYER", "5")];
/// Answers at level `ledger`.
const AT_LEDGER: Setting = ("STAMPEDE_ACK", "ledger");
/// What Postgres keeps in memory as it is shipped, and how many it serves.
const SHARED_BUFFERS_MB: u16 = 128;
const CONNECTIONS: u16 = 100;
/// How long stopping a server may take.
pub(crate) const STOP_LIMIT: Duration = Duration::from_mins(1);

/// A running server with all that it needs. Ends when dropped, the server first.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) node: Node,
    pub(crate) stores: Stores,
    /// Those of the engine redis.
    pub(crate) own: Option<Own>,
}

/// Stores that hold nothing of another line.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) redis: OwnRedis,
    pub(crate) postgres: SharedPostgres,
    /// The address of this Postgres.
    pub(crate) ledger_url: String,
}

impl Own {
    /// Redis with an append-only file, and Postgres as it is shipped.
    pub(crate) async fn start(bench: &Bench, fsync: Fsync) -> Self {
        let redis = OwnRedis::start(OwnRedisOptions { fsync, ..OwnRedisOptions::on_disk() }).await;
        let postgres = bench.postgres().await;
        let ledger_url = postgres.lock().await.url();
        Self { redis, postgres, ledger_url }
    }

    /// For nodes that reach Redis at this address.
    pub(crate) fn stores(&self, redis_url: String) -> Stores {
        Stores::at(redis_url, self.ledger_url.clone())
    }
}

/// A Postgres that syncs what it commits.
pub(crate) async fn postgres_as_shipped() -> SharedPostgres {
    let postgres = OwnPostgresOptions {
        fsync: true,
        connections: CONNECTIONS,
        shared_buffers_mb: SHARED_BUFFERS_MB,
    };
    Rc::new(Mutex::new(OwnPostgres::start_with(postgres).await))
}

impl Ground {
    /// The engine redis, answering at this level.
    pub(crate) async fn redis(bench: &Bench, fsync: Fsync, level: Level) -> Self {
        let own = Own::start(bench, fsync).await;
        let stores = own.stores(own.redis.url());
        Self::over(stores, Some(own), level).await
    }

    /// The engine embedded.
    pub(crate) async fn embedded() -> Self {
        Self::over(Stores::embedded(), None, Level::Gate).await
    }

    /// A server over these stores.
    pub(crate) async fn over(stores: Stores, own: Option<Own>, level: Level) -> Self {
        let level = match level {
            Level::Gate => None,
            Level::Ledger => Some(AT_LEDGER),
        };
        Self::with(stores, own, level).await
    }

    /// A server over these stores, with further settings.
    pub(crate) async fn with<S: Into<String>>(
        stores: Stores,
        own: Option<Own>,
        settings: impl IntoIterator<Item = (&'static str, S)>,
    ) -> Self {
        let shipped = AS_SHIPPED.map(|(name, value)| (name, value.to_owned()));
        let settings = settings.into_iter().map(|(name, value)| (name, value.into()));
        let node = stores.node_with(shipped.into_iter().chain(settings)).await;
        Self { node, stores, own }
    }

    /// Stops the server in order, and leaves what it stood on.
    pub(crate) async fn stop(self) -> (Stores, Option<Own>) {
        let Self { node, stores, own } = self;
        node.process.terminate();
        node.process.wait(STOP_LIMIT).await;
        (stores, own)
    }

    pub(crate) fn shop(&self) -> &Shop {
        &self.node.shop
    }

    pub(crate) fn base_url(&self) -> &str {
        self.node.process.base_url()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.node.process.pid()
    }

    /// Memory of the server alone, stores left out.
    pub(crate) fn resident_bytes(&self) -> u64 {
        resident_bytes(self.pid())
    }

    /// Opens a sale, one unit a buyer.
    pub(crate) async fn open(&self, sku: &str, stock: u32) {
        self.shop().open(sku, stock, 1).await;
    }

    /// Opens a sale and sells its only unit.
    pub(crate) async fn sell_out(&self) {
        self.open(GONE, 1).await;
        let bought = self.shop().buy(GONE, "the-first").await;
        assert_eq!(bought.outcome(), "ACCEPTED", "{bought:?}");
    }

    /// Holds the rows of its ledger to what the sales there count as sold.
    pub(crate) async fn check_rows(&self) {
        check_rows(&self.stores).await;
    }

    /// The stores of the engine redis.
    pub(crate) fn own(&self) -> &Own {
        self.own.as_ref().expect("the engine redis")
    }
}

/// Holds the rows of a ledger to what its sales count as sold, which is what [`Books`] read: once a
/// line, since it reads the whole table.
///
/// [`Books`]: crate::books::Books
pub(crate) async fn check_rows(stores: &Stores) {
    let Counted { rows, sold } = stores.counted().await;
    assert_eq!(rows, sold, "purchases in the ledger, and what its sales count as sold");
}

/// Cores of this machine, and so threads of the server that answer requests.
pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}
