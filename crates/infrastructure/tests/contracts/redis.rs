//! The redis engine with its ledger in Postgres.

#[path = "redis/clocks.rs"]
mod clocks;
#[path = "redis/fence.rs"]
mod fence;
#[path = "redis/followed.rs"]
mod followed;
#[path = "redis/formats.rs"]
mod formats;
#[path = "redis/interleavings.rs"]
mod interleavings;
#[path = "redis/prices.rs"]
mod prices;
#[path = "redis/restore.rs"]
mod restore;
#[path = "redis/streams.rs"]
mod streams;

use std::{sync::Arc, time::Duration};

use rand::RngCore as _;
use sqlx::PgPool;
use stampede_application::{
    live_sales::{Freshness, LiveSales},
    ports::{Catalogue, Clock, Ledger, Outbox, Randomness, SaleFeed, SaleGate},
};
use stampede_infrastructure::{
    postgres::{PostgresCatalogue, PostgresLedger, PostgresLimits, connect, migrate},
    redis::{RedisEngine, RedisSettings},
};
use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, SharedRedis, TestDatabase, postgres, redis},
    suites::{Harness, ManyNodes},
};

use self::followed::Followed;

/// Two nodes over one Redis and one Postgres.
struct RedisHarness {
    engine: RedisEngine,
    other: RedisEngine,
    catalogue: Arc<dyn Catalogue>,
    ledger: PostgresLedger,
    pool: PgPool,
    /// Of the two nodes' restores.
    watches: [Arc<Followed>; 2],
    server: SharedRedis,
    _database: TestDatabase,
}

/// What the operating system gives.
struct Dice;

impl Randomness for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

impl RedisHarness {
    async fn start() -> Self {
        Self::over(redis().await, |settings| settings).await
    }

    /// Over that Redis, by settings of the test's making.
    async fn over(server: SharedRedis, adapt: impl Fn(RedisSettings) -> RedisSettings) -> Self {
        let database = postgres().await;
        let limits = PostgresLimits { connections_max: 4, ..PostgresLimits::default() };
        let pool = connect(&database.url, &limits).expect("an address");
        migrate(&pool).await.expect("migrations");
        let ledger = PostgresLedger::new(pool.clone());
        let catalogue: Arc<dyn Catalogue> = Arc::new(PostgresCatalogue::new(pool.clone(), &limits));
        let watches = [Arc::new(Followed::default()), Arc::new(Followed::default())];
        let node = async |watch: &Arc<Followed>| {
            let settings = adapt(RedisSettings::new(&server.url, &server.prefix));
            let settings = RedisSettings { restore_watch: watch.clone(), ..settings };
            RedisEngine::connect(settings, ledger.clone(), catalogue.clone(), Arc::new(Dice))
                .await
                .expect("Redis answers")
        };
        let (engine, other) = (node(&watches[0]).await, node(&watches[1]).await);
        Self { engine, other, catalogue, ledger, pool, watches, server, _database: database }
    }
}

/// A Redis of the test's own, which an operator may tell more than others.
/// With an append-only file it has all that it answered, also when it is killed.
async fn own_redis(appendonly: bool) -> (OwnRedis, SharedRedis) {
    let arguments = vec!["--enable-debug-command".to_owned(), "yes".to_owned()];
    let own =
        OwnRedis::start(OwnRedisOptions { appendonly, arguments, ..OwnRedisOptions::default() })
            .await;
    let server = SharedRedis { url: own.url(), prefix: "t:".to_owned() };
    (own, server)
}

impl Harness for RedisHarness {
    fn gate(&self) -> Arc<dyn SaleGate> {
        self.engine.gate()
    }

    fn outbox(&self) -> Arc<dyn Outbox> {
        self.engine.outbox()
    }

    fn outbox_after_restart(&self) -> Arc<dyn Outbox> {
        self.other.outbox()
    }

    fn catalogue(&self) -> Arc<dyn Catalogue> {
        self.catalogue.clone()
    }

    fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::new(self.ledger.clone())
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.engine.clock()
    }

    fn feed(&self) -> Arc<dyn SaleFeed> {
        self.engine.feed()
    }

    fn live_sales(&self) -> Arc<LiveSales> {
        let freshness = Freshness::Within(Duration::from_secs(1));
        Arc::new(LiveSales::new(self.engine.clock(), freshness))
    }
}

impl ManyNodes for RedisHarness {
    fn other_gate(&self) -> Arc<dyn SaleGate> {
        self.other.gate()
    }
}

mod sale_gate {
    stampede_testkit::sale_gate_suite!(super::super::RedisHarness::start(), 2_000);
}

mod outbox {
    stampede_testkit::outbox_suite!(super::RedisHarness::start());
}

mod sale_feed {
    stampede_testkit::sale_feed_suite!(super::RedisHarness::start());
    stampede_testkit::sale_feed_across_nodes_suite!(super::RedisHarness::start());
}

mod later_work {
    stampede_testkit::later_work_suite!(super::RedisHarness::start());
}
