//! What is answered besides yes and no, by the whole program.

use std::time::Duration;

use serde_json::Value;
use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, until},
    shop::Stores,
};

use crate::on_each_engine;

on_each_engine!(
    a_remembered_key_with_another_quantity_is_told_from_a_quantity_out_of_range,
    gate_and_ledger_are_compared_at_start_whatever_the_schedule,
);

async fn a_remembered_key_with_another_quantity_is_told_from_a_quantity_out_of_range(
    stores: Stores,
) {
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let attempt = async |key, qty| {
        let answer = node.shop.attempt_units("WIDGET-001", "ada", key, qty).await;
        answer.expect("an answer")
    };
    assert_eq!(attempt(Some("first"), 1).await.outcome(), "ACCEPTED");
    let reused = attempt(Some("first"), 2).await;
    assert_eq!((reused.status, reused.outcome()), (422, "IDEMPOTENCY_KEY_REUSED"));
    for (key, qty) in [(Some("second"), 2), (None, 2), (Some("first"), 0), (Some("first"), 101)] {
        let answer = attempt(key, qty).await;
        assert_eq!((answer.status, answer.outcome()), (400, "VALIDATION_ERROR"), "{qty}");
        assert!(answer.body["error"]["fields"]["qty"].is_string(), "{answer:?}");
    }
}

async fn gate_and_ledger_are_compared_at_start_whatever_the_schedule(stores: Stores) {
    let once_a_year = ("STAMPEDE_RECONCILE_SCHEDULE", "0 0 0 1 1 *");
    let node = stores.node_with([once_a_year]).await;
    until("a run of reconciliation", Duration::from_secs(10), async || {
        let health = node.shop.health("/health").await;
        health.body["data"]["reconciliation"]["finishedAt"].is_string().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_sale_for_which_redis_has_no_memory_is_refused_before_it_exists() {
    let arguments = ["--maxmemory", "32mb"].map(str::to_owned).to_vec();
    let options = OwnRedisOptions { arguments, ..OwnRedisOptions::on_disk() };
    let redis = OwnRedis::start(options).await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    let refused = node.shop.create("TOO-MANY", 1_000_000, 1).await;
    assert_eq!((refused.status, refused.outcome()), (400, "VALIDATION_ERROR"));
    let told = refused.body["error"]["fields"]["initialStock"].as_str().expect("the field");
    assert!(told.contains("memory"), "{told}");
    assert_eq!(node.shop.status("TOO-MANY").await.status, 404);
    node.shop.open("ENOUGH", 50_000, 1).await;
    // What the first sale may still need is no room for another.
    assert_eq!(node.shop.create("TOO-MANY", 100_000, 1).await.status, 400);
}

#[tokio::test]
async fn a_line_of_the_log_names_the_request_that_it_belongs_to() {
    let mut redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 1, 1).await;
    redis.kill();
    let look = reqwest::Client::new().get(node.shop.url("/api/v1/purchases?sku=WIDGET-001"));
    let look = look.header("X-User-Id", "ada").header("X-Correlation-Id", r#"an"id\"#);
    assert_eq!(look.send().await.expect("an answer").status(), 503);
    let line = node.process.logged("a store does not answer", Duration::from_secs(10)).await;
    let line: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["correlation_id"], r#"an"id\"#, "{line}");
    assert_eq!((line["method"].as_str(), line["level"].as_str()), (Some("GET"), Some("WARN")));
}
