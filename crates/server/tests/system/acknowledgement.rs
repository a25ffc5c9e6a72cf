//! Level `ledger`: who has a receipt is in the ledger, whatever happens to the gate's store.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::future::join_all;
use serde_json::json;
use stampede_testkit::{
    servers::{OwnPostgres, OwnRedis, OwnRedisOptions, until},
    shop::{PATIENT, Shop, Stores, product},
};

const LEDGER: [(&str, &str); 1] = [("STAMPEDE_ACK", "ledger")];
/// A node that finds its stores back, and a restore.
const RECOVERY_LIMIT: Duration = Duration::from_mins(1);

/// Buyers at once, one unit each; the numbers of those who got one, by buyer.
async fn rush(shop: &Shop, name: &str, count: usize) -> BTreeMap<String, String> {
    let buyers: Vec<String> = (0..count).map(|number| format!("{name}-{number}")).collect();
    let answers = join_all(
        buyers.iter().map(|buyer| shop.attempt("WIDGET-001", buyer, Some("the-only-key"))),
    );
    let answers = answers.await;
    let numbers = buyers.into_iter().zip(answers);
    numbers.filter_map(|(buyer, answer)| Some((buyer, answer?.purchase_no()?))).collect()
}

async fn recorded(stores: &Stores) -> BTreeSet<String> {
    stores.ledger().await.into_iter().map(|row| row.purchase_no).collect()
}

/// The ledger is read past the program, right after the answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_is_in_postgres_when_it_is_read() {
    let stores = Stores::redis().await;
    let node = stores.node_with(PATIENT.into_iter().chain(LEDGER)).await;
    node.shop.open("WIDGET-001", 100, 1).await;
    for (turn, units) in [40, 40, 20].into_iter().enumerate() {
        let told = rush(&node.shop, &format!("turn-{turn}"), 40).await;
        assert_eq!(told.len(), units, "turn {turn}");
        let recorded = recorded(&stores).await;
        assert!(told.values().all(|number| recorded.contains(number)), "turn {turn}");
    }
    let one = node.shop.attempt("WIDGET-001", "turn-0-7", Some("the-only-key")).await;
    let one = one.expect("an answer");
    assert_eq!(one.data()["acknowledged"], "ledger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_away_a_strict_sale_tells_nobody_and_the_repeat_gets_the_purchase() {
    let mut postgres = OwnPostgres::start().await;
    let stores = Stores::on(&postgres).await;
    let node = stores.node().await;
    let mut strict = product("WIDGET-001", 10, 1);
    strict["acknowledge"] = json!("ledger");
    assert_eq!(node.shop.create_product(&strict).await.status, 201);
    node.shop.open("PLAIN-001", 10, 1).await;
    postgres.kill();
    let key = Some("the-only-key");
    let away = node.shop.attempt("WIDGET-001", "ada", key).await.expect("an answer");
    assert_eq!(away.outcome(), "SERVICE_UNAVAILABLE");
    assert_eq!(node.shop.purchases("WIDGET-001", "ada").await.status, 503);
    let plain = node.shop.buy("PLAIN-001", "ada").await;
    assert_eq!(plain.data()["acknowledged"], "gate", "a sale beside it does not wait");
    assert_eq!(node.shop.health("/health/ready").await.status, 200, "the server asks for gate");
    postgres.restart().await;
    let bought = until("the repeat", RECOVERY_LIMIT, async || {
        let answer = node.shop.attempt("WIDGET-001", "ada", key).await?;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(bought.data()["acknowledged"], "ledger");
    let number = bought.purchase_no().expect("a receipt");
    assert!(recorded(&stores).await.contains(&number));
    node.shop.recorded("WIDGET-001", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_at_level_ledger_is_not_ready_without_postgres() {
    let mut postgres = OwnPostgres::start().await;
    let stores = Stores::on(&postgres).await;
    let node = stores.node_with(LEDGER).await;
    assert_eq!(node.shop.health("/health/ready").await.status, 200);
    postgres.kill();
    assert_eq!(node.shop.health("/health/ready").await.status, 503);
    postgres.restart().await;
    until("it is ready again", RECOVERY_LIMIT, async || {
        (node.shop.health("/health/ready").await.status == 200).then_some(())
    })
    .await;
}

/// The gate forgets all of it after the first receipts of a rush; who was told has their purchase, and the
/// stock is sold once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_redis_came_back_empty_every_receipt_stands_and_the_stock_is_sold_once() {
    let mut redis = OwnRedis::start(OwnRedisOptions::default()).await;
    let stores = Stores::over(&redis).await;
    let node = stores.node_with(LEDGER).await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let shop = node.shop.clone();
    let rushing = tokio::spawn(async move { rush(&shop, "early", 60).await });
    until("some are sold", RECOVERY_LIMIT, async || {
        (!stores.ledger().await.is_empty()).then_some(())
    })
    .await;
    redis.restart_empty().await;
    let told = rushing.await.expect("nobody panics");

    let again = until("all is decided", RECOVERY_LIMIT, async || {
        let again = rush(&node.shop, "early", 60).await;
        (again.len() == 60).then_some(again)
    })
    .await;
    for (buyer, number) in &told {
        assert_eq!(again.get(buyer), Some(number), "{buyer} was told this number");
    }
    let rest = until("the rest is sold", RECOVERY_LIMIT, async || {
        rush(&node.shop, "late", 60).await;
        let rows = stores.ledger().await;
        (rows.len() == 100).then_some(rows)
    })
    .await;
    let numbers: BTreeSet<_> = rest.iter().map(|row| &row.purchase_no).collect();
    assert_eq!(numbers.len(), 100);
    assert!(told.values().all(|number| numbers.contains(number)));
}
