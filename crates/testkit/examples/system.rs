//! The whole system on this machine, as it ships but for the age of a status: Redis, Postgres, two
//! API nodes, a worker, and nginx in front.
//!
//! Prints one line once it is ready, `NAME=value` by `NAME=value`: `BASE_URL` (nginx), `ADMIN_URL`
//! (a node, past its limits) and `ADMIN_API_KEY`. Then it takes an order a line from its input and
//! prints a line when it is carried out, `done` where nothing else is said:
//!
//! | order | what |
//! |---|---|
//! | `sync always` | has Redis sync before it answers, so that a kill takes nothing that it answered |
//! | `kill redis` | kills it in the middle of whatever it does |
//! | `start redis` | starts it again with the files that it left |
//! | `tell sold` | says what is sold of the newest sale and its stock: `267 800`, or `0 0` |
//!
//! What is no order ends it with a panic. It ends with everything that it started when its input
//! closes, so nothing outlives whoever started it. `STAMPEDE_BIN` names the program, as it does for
//! tests.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "its output is a protocol, and a test fails by panicking"
)]

use std::io;

use stampede_testkit::{
    servers::{Nginx, OwnPostgres, OwnPostgresOptions, OwnRedis, OwnRedisOptions, StampedeProcess},
    shop::{ADMIN_KEY, Shop, Stores},
};

/// What tests set that a shop does not.
const FOR_TESTS: &str = "RATE_LIMIT_PURCHASE_PER_BUYER";

/// What runs, in the order in which it ends.
struct System {
    /// Its admins, at a node.
    shop: Shop,
    nginx: Nginx,
    nodes: [StampedeProcess; 2],
    _worker: StampedeProcess,
    _postgres: OwnPostgres,
    redis: OwnRedis,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut system = runtime.block_on(System::start());
    println!("{}", system.settings());
    for order in io::stdin().lines() {
        println!("{}", runtime.block_on(system.obey(&order.expect("an order is text"))));
    }
}

impl System {
    async fn start() -> Self {
        let redis = OwnRedis::start(OwnRedisOptions::as_shipped()).await;
        let synced = OwnPostgresOptions { fsync: true, ..OwnPostgresOptions::default() };
        let postgres = OwnPostgres::start_with(synced).await;
        let mut settings = Stores::between(&redis, &postgres).settings();
        settings.retain(|(name, _)| *name != FOR_TESTS);
        settings.push(("STAMPEDE_TRUSTED_PROXIES", "127.0.0.1".to_owned()));
        // The load wants no 5xx, and its machine may stand still for longer than for a second.
        settings.push(("STAMPEDE_STATUS_AGE_MAX_MS", "10000".to_owned()));
        let nodes = [process("api", &settings).await, process("api", &settings).await];
        let worker = process("worker", &settings).await;
        let nginx = Nginx::before(&[nodes[0].base_url(), nodes[1].base_url()]).await;
        let shop = Shop::at(nodes[0].base_url());
        Self { shop, nginx, nodes, _worker: worker, _postgres: postgres, redis }
    }

    /// Where it is and the key of its admins.
    fn settings(&self) -> String {
        let (base_url, admin_url) = (self.nginx.base_url(), self.nodes[0].base_url());
        format!("BASE_URL={base_url} ADMIN_URL={admin_url} ADMIN_API_KEY={ADMIN_KEY}")
    }

    async fn obey(&mut self, order: &str) -> String {
        match order {
            "sync always" => self.redis.sync_always().await,
            "kill redis" => self.redis.kill(),
            "start redis" => self.redis.restart().await,
            "tell sold" => return self.sold().await,
            _ => panic!("no order {order:?}"),
        }
        "done".to_owned()
    }

    async fn sold(&self) -> String {
        let products = self.shop.products().await;
        // What is not there, or not told now, has sold nothing.
        let units = |field: &str| products.body["data"][0][field].as_u64().unwrap_or_default();
        format!("{} {}", units("totalPurchases"), units("initialStock"))
    }
}

async fn process(role: &str, settings: &[(&str, String)]) -> StampedeProcess {
    let settings = settings.iter().map(|(name, value)| (*name, value.clone()));
    StampedeProcess::start(["serve", "--role", role], settings).await
}
