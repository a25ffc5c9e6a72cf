//! The whole system on this machine, as it ships: Redis, Postgres, two API nodes, a worker, and
//! nginx in front.
//!
//! Prints one line once it is ready, `NAME=value` by `NAME=value`: `BASE_URL` (nginx), `ADMIN_URL`
//! (a node, past its limits) and `ADMIN_API_KEY`. It ends with everything that it started when its
//! input closes, so nothing outlives whoever started it.
//!
//! `STAMPEDE_BIN` names the program, as it does for tests.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "its output is a protocol")]

use std::io;

use stampede_testkit::{
    servers::{Nginx, OwnPostgres, OwnPostgresOptions, OwnRedis, OwnRedisOptions, StampedeProcess},
    shop::{ADMIN_KEY, Stores},
};

/// What tests set that a shop does not.
const FOR_TESTS: &str = "RATE_LIMIT_PURCHASE_PER_BUYER";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(serve());
}

async fn serve() {
    let redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let synced = OwnPostgresOptions { fsync: true, ..OwnPostgresOptions::default() };
    let postgres = OwnPostgres::start_with(synced).await;
    let mut settings = Stores::between(&redis, &postgres).settings();
    settings.retain(|(name, _)| *name != FOR_TESTS);
    settings.push(("STAMPEDE_TRUSTED_PROXIES", "127.0.0.1".to_owned()));
    let start =
        async |role| StampedeProcess::start(["serve", "--role", role], settings.clone()).await;
    let nodes = [start("api").await, start("api").await];
    let _worker = start("worker").await;
    let nginx = Nginx::before(&[nodes[0].base_url(), nodes[1].base_url()]).await;

    let (base_url, admin_url) = (nginx.base_url(), nodes[0].base_url());
    println!("BASE_URL={base_url} ADMIN_URL={admin_url} ADMIN_API_KEY={ADMIN_KEY}");
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()))
        .await
        .expect("it waits")
        .expect("its input");
}
