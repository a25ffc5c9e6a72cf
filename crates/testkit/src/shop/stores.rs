//! What the nodes of one shop share.

use std::path::Path;

use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::client::{ADMIN_KEY, Shop};
use crate::{
    drifts,
    servers::{
        Counted, Host, KeptRow, LedgerRow, OwnPostgres, OwnRedis, SharedRedis, StampedeProcess,
        TestDatabase, connection, postgres, postgres_counted, postgres_differences, postgres_kept,
        postgres_rows, redis, scratch, sqlite_counted, sqlite_differences, sqlite_kept,
        sqlite_rows,
    },
};

/// What a node logs when it has restored a gate.
pub const RESTORED: &str = "restored a sale's gate";

/// Settings of a node that waits where it would answer 503 as it is shipped, because a store or the
/// whole machine stands still for a second: for tests that say what each of many is answered, on a
/// machine that runs other tests besides.
pub const PATIENT: [(&str, &str); 4] = [
    ("STAMPEDE_WAIT_INTERVAL_MS", "10000"),
    ("STAMPEDE_REDIS_RESPONSE_MAX_MS", "15000"),
    ("STAMPEDE_CONFIRM_MAX_MS", "15000"),
    ("STAMPEDE_STATUS_AGE_MAX_MS", "30000"),
];

/// The stores of one engine, of this test alone.
#[derive(Debug)]
pub enum Stores {
    /// The folder of the one node.
    Embedded(TempDir),
    /// The folder of the one node, which is the disk of a machine of its own.
    OnHost {
        /// The folder.
        folder: TempDir,
        /// The machine.
        host: Host,
    },
    /// As many nodes as one likes.
    Redis {
        /// The gate's.
        redis: SharedRedis,
        /// The ledger's.
        database: Database,
    },
}

/// Where the ledger is.
#[derive(Debug)]
pub enum Database {
    /// One on the server of all tests.
    Shared(TestDatabase),
    /// The address of one that the test stops and restarts.
    Own(String),
}

/// A running node and a client of it.
#[derive(Debug)]
pub struct Node {
    /// The program.
    pub process: StampedeProcess,
    /// Its clients.
    pub shop: Shop,
}

impl Node {
    /// Restores of a gate that it has brought to their end.
    #[must_use]
    pub fn restores(&self) -> usize {
        self.process.logs().iter().filter(|line| line.contains(RESTORED)).count()
    }
}

impl Database {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Shared(database) => &database.url,
            Self::Own(url) => url,
        }
    }
}

impl Stores {
    /// Of one node of the engine embedded.
    #[must_use]
    pub fn embedded() -> Self {
        Self::Embedded(scratch("data"))
    }

    /// Of one node of the engine embedded, on a machine that can lose power and fill up.
    #[must_use]
    pub fn embedded_on_host() -> Self {
        let folder = scratch("data");
        let host = Host::with_disk(folder.path());
        Self::OnHost { folder, host }
    }

    /// Of nodes of the engine redis, on the stores of all tests.
    pub async fn redis() -> Self {
        Self::Redis { redis: redis().await, database: Database::Shared(postgres().await) }
    }

    /// Over a Redis that the test stops and restarts.
    pub async fn over(redis: &OwnRedis) -> Self {
        let redis = SharedRedis { url: redis.url(), prefix: "stampede:".to_owned() };
        Self::Redis { redis, database: Database::Shared(postgres().await) }
    }

    /// Over a Postgres that the test stops and restarts.
    pub async fn on(postgres: &OwnPostgres) -> Self {
        Self::Redis { redis: redis().await, database: Database::Own(postgres.url()) }
    }

    /// Over stores of the test's own at these addresses, such as those of proxies.
    #[must_use]
    pub fn at(redis: String, database: String) -> Self {
        let redis = SharedRedis { url: redis, prefix: "stampede:".to_owned() };
        Self::Redis { redis, database: Database::Own(database) }
    }

    /// The machine of the one node.
    #[must_use]
    pub fn host(&self) -> &Host {
        let Self::OnHost { host, .. } = self else { panic!("nodes on machines of their own") };
        host
    }

    /// Over both stores of the test's own.
    #[must_use]
    pub fn between(redis: &OwnRedis, postgres: &OwnPostgres) -> Self {
        let redis = SharedRedis { url: redis.url(), prefix: "stampede:".to_owned() };
        Self::Redis { redis, database: Database::Own(postgres.url()) }
    }

    /// The settings of a node, without a limit per buyer.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("ADMIN_API_KEY", ADMIN_KEY.to_owned()),
            ("RATE_LIMIT_PURCHASE_PER_BUYER", "0".to_owned()),
        ];
        match self {
            Self::Embedded(folder) | Self::OnHost { folder, .. } => {
                settings.push(("STAMPEDE_ENGINE", "embedded".to_owned()));
                settings.push(("STAMPEDE_DATA_DIR", folder.path().display().to_string()));
            }
            Self::Redis { redis, database } => {
                settings.push(("STAMPEDE_ENGINE", "redis".to_owned()));
                settings.push(("REDIS_URL", redis.url.clone()));
                settings.push(("STAMPEDE_REDIS_PREFIX", redis.prefix.clone()));
                settings.push(("DATABASE_URL", database.url().to_owned()));
            }
        }
        if let Self::OnHost { host, .. } = self {
            settings.extend(host.environment());
        }
        settings
    }

    /// Starts a node.
    pub async fn node(&self) -> Node {
        self.node_with::<&str>([]).await
    }

    /// Starts a node with further settings.
    pub async fn node_with<S: Into<String>>(
        &self,
        others: impl IntoIterator<Item = (&'static str, S)>,
    ) -> Node {
        self.node_of(&StampedeProcess::program(), others).await
    }

    /// Starts a node of the binary at `program`, which may be of another version.
    pub async fn node_of<S: Into<String>>(
        &self,
        program: &Path,
        others: impl IntoIterator<Item = (&'static str, S)>,
    ) -> Node {
        Self::met(self.process(program, &["serve"], others).await).await
    }

    /// Starts a process that does only the work of `role`.
    pub async fn node_as<S: Into<String>>(
        &self,
        role: &'static str,
        others: impl IntoIterator<Item = (&'static str, S)>,
    ) -> Node {
        let program = StampedeProcess::program();
        Self::met(self.process(&program, &["serve", "--role", role], others).await).await
    }

    async fn met(process: StampedeProcess) -> Node {
        // It takes most of a second of computing, which clients of other nodes need not wait for.
        let base_url = process.base_url().to_owned();
        let shop = spawn_blocking(move || Shop::at(&base_url)).await.expect("a client");
        Node { process, shop }
    }

    /// Starts a node of that binary for clients who are there already.
    pub async fn node_for<S: Into<String>>(
        &self,
        clients: &Shop,
        program: &Path,
        others: impl IntoIterator<Item = (&'static str, S)>,
    ) -> Node {
        let process = self.process(program, &["serve"], others).await;
        let shop = clients.moved_to(process.base_url());
        Node { process, shop }
    }

    async fn process<S: Into<String>>(
        &self,
        program: &Path,
        arguments: &[&'static str],
        others: impl IntoIterator<Item = (&'static str, S)>,
    ) -> StampedeProcess {
        let mut settings = self.settings();
        for (name, value) in others {
            settings.retain(|(other, _)| *other != name);
            settings.push((name, value.into()));
        }
        StampedeProcess::start_program(program, arguments.iter().copied(), settings).await
    }

    /// As many nodes as the engine allows, at most two, with further settings.
    pub async fn nodes_with(&self, others: &[(&'static str, &str)]) -> Vec<Node> {
        let node = async || self.node_with(others.iter().copied()).await;
        match self {
            Self::Embedded(_) | Self::OnHost { .. } => vec![node().await],
            Self::Redis { .. } => vec![node().await, node().await],
        }
    }

    /// Every purchase that is kept, read past the program: of deleted sales too.
    pub async fn kept(&self) -> Vec<KeptRow> {
        match self {
            Self::Embedded(folder) | Self::OnHost { folder, .. } => {
                sqlite_kept(&folder.path().join("stampede.db")).await
            }
            Self::Redis { database, .. } => postgres_kept(database.url()).await,
        }
    }

    /// Every purchase in the ledger, read past the program, in the order of buyers.
    pub async fn ledger(&self) -> Vec<LedgerRow> {
        match self {
            Self::Embedded(folder) | Self::OnHost { folder, .. } => {
                sqlite_rows(&folder.path().join("stampede.db")).await
            }
            Self::Redis { database, .. } => postgres_rows(database.url()).await,
        }
    }

    /// Every purchase in the ledger counted in two ways, past the program.
    pub async fn counted(&self) -> Counted {
        match self {
            Self::Embedded(folder) | Self::OnHost { folder, .. } => {
                sqlite_counted(&folder.path().join("stampede.db")).await
            }
            Self::Redis { database, .. } => postgres_counted(database.url()).await,
        }
    }

    /// In how many ways all comparisons on record found that gate and ledger differ.
    pub async fn differences(&self) -> usize {
        match self {
            Self::Embedded(folder) | Self::OnHost { folder, .. } => {
                sqlite_differences(&folder.path().join("stampede.db")).await
            }
            Self::Redis { database, .. } => postgres_differences(database.url()).await,
        }
    }

    /// The same stores, to plant drifts in while nodes are at work.
    pub async fn drifts(&self) -> drifts::Stores {
        match self {
            Self::Embedded(folder) | Self::OnHost { folder, .. } => {
                let file = folder.path().join("stampede.db");
                let options = SqliteConnectOptions::new().filename(file);
                let pool = SqlitePool::connect_with(options).await.expect("a database");
                drifts::Stores::File(pool)
            }
            Self::Redis { redis, database } => drifts::Stores::Redis {
                redis: connection(&redis.url).await,
                prefix: redis.prefix.as_str().into(),
                ledger: database.url().into(),
            },
        }
    }
}
