//! Stores for tests that are not written in Rust: Redis and Postgres by lines of text.
//!
//! Reads an order a line from standard input and answers each with a line of JSON:
//!
//! | order | answer |
//! |---|---|
//! | `fresh` | the settings by which a server is alone on the shared stores: `REDIS_URL`, `STAMPEDE_REDIS_PREFIX`, `DATABASE_URL` |
//! | `fresh own` | the same over a Redis of its own |
//! | `pause <REDIS_URL>` | `{}`: that Redis of one's own keeps its connections and answers nothing |
//! | `resume <REDIS_URL>` | `{}`: it goes on |
//!
//! What is no order ends the program with a panic. The stores end with the program, and the
//! program ends when its input closes, so nothing outlives whoever started it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "its output is a protocol, and a test fails by panicking"
)]

use std::io;

use serde_json::{Value, json};
use stampede_testkit::servers::{OwnRedis, OwnRedisOptions, TestDatabase, postgres, redis};

/// What was handed out, kept until the end.
#[derive(Default)]
struct Stores {
    databases: Vec<TestDatabase>,
    redises: Vec<OwnRedis>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut stores = Stores::default();
    for order in io::stdin().lines() {
        let order = order.expect("an order is text");
        println!("{}", runtime.block_on(stores.obey(&order)));
    }
}

impl Stores {
    async fn obey(&mut self, order: &str) -> Value {
        match order.split(' ').collect::<Vec<_>>().as_slice() {
            ["fresh"] => {
                let shared = redis().await;
                self.settings(&shared.url, &shared.prefix).await
            }
            ["fresh", "own"] => {
                let own = OwnRedis::start(OwnRedisOptions::default()).await;
                let url = own.url();
                self.redises.push(own);
                self.settings(&url, "stampede:").await
            }
            ["pause", url] => {
                self.own_redis(url).pause();
                json!({})
            }
            ["resume", url] => {
                self.own_redis(url).resume();
                json!({})
            }
            _ => panic!("no order {order:?}"),
        }
    }

    async fn settings(&mut self, redis_url: &str, prefix: &str) -> Value {
        let database = postgres().await;
        let settings = json!({
            "REDIS_URL": redis_url,
            "STAMPEDE_REDIS_PREFIX": prefix,
            "DATABASE_URL": database.url,
        });
        self.databases.push(database);
        settings
    }

    fn own_redis(&self, url: &str) -> &OwnRedis {
        let named = self.redises.iter().find(|redis| redis.url() == url);
        named.unwrap_or_else(|| panic!("no Redis of its own at {url}"))
    }
}
