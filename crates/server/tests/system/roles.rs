//! Processes that do a part of a node's work.

use std::time::Duration;

use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, StampedeProcess, until},
    shop::{Answer, Shop, Stores},
};

/// A worker that begins, or a sale that is restored.
const LIMIT: Duration = Duration::from_secs(20);
const RUNS: &str = "reconciliation_runs_total";
const AS_SHIPPED: [(&str, &str); 0] = [];
const AT_LEDGER: [(&str, &str); 1] = [("STAMPEDE_ACK", "ledger")];

async fn attempt(shop: &Shop, buyer: &str) -> Answer {
    shop.attempt("WIDGET-001", buyer, Some("the-only-key")).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_api_process_sells_waits_for_a_worker() {
    let stores = Stores::redis().await;
    let api = stores.node_as("api", AS_SHIPPED).await;
    api.shop.open("WIDGET-001", 10, 1).await;
    for number in 0..10 {
        let answer = attempt(&api.shop, &format!("buyer-{number}")).await;
        assert_eq!(answer.outcome(), "ACCEPTED");
    }
    let product = api.shop.product("WIDGET-001").await;
    let units = |field: &str| product.data()[field].as_u64();
    assert_eq!((units("totalPurchases"), units("persistedPurchases")), (Some(10), Some(0)));

    let worker = stores.node_as("worker", AS_SHIPPED).await;
    api.shop.recorded("WIDGET-001", 10).await;
    until("a comparison by the worker", LIMIT, async || {
        let finished = r#"outcome="finished""#;
        (worker.shop.counter_so_far(RUNS, finished).await > 0).then_some(())
    })
    .await;
    assert_eq!(api.shop.counter_so_far(RUNS, "outcome").await, 0, "the api process compares none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_serves_health_and_metrics_alone() {
    let stores = Stores::redis().await;
    let worker = stores.node_as("worker", AS_SHIPPED).await;
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(worker.shop.health(path).await.status, 200, "{path}");
    }
    assert_eq!(worker.shop.counter_so_far("http_requests_total", "/health/live").await, 1);
    assert_eq!(worker.shop.status("WIDGET-001").await.status, 404);
    assert_eq!(worker.shop.create("WIDGET-001", 10, 1).await.status, 404);
    assert_eq!(attempt(&worker.shop, "ada").await.outcome(), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_process_alone_answers_at_level_ledger_and_restores_a_gate() {
    let redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let stores = Stores::over(&redis).await;
    let api = stores.node_as("api", AT_LEDGER).await;
    api.shop.open("WIDGET-001", 2, 1).await;
    let first = attempt(&api.shop, "ada").await;
    assert_eq!(first.data()["acknowledged"], "ledger");
    assert_eq!(stores.ledger().await.len(), 1, "in the ledger, and nobody else put it there");

    redis.flush().await;
    let again = until("a decision", LIMIT, async || {
        let answer = attempt(&api.shop, "ada").await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(again.purchase_no(), first.purchase_no());
}

#[tokio::test]
async fn a_part_of_a_node_on_the_engine_embedded_is_bad_usage() {
    for role in ["api", "worker"] {
        let stores = Stores::embedded();
        let ended = StampedeProcess::run(["serve", "--role", role], stores.settings()).await;
        assert_eq!(ended.code, Some(2), "{:?}", ended.lines);
        assert!(ended.lines.iter().any(|line| line.contains("--role")), "{:?}", ended.lines);
    }
}
