//! Postgres is away for a while: the gate sells on, and what it sold arrives later.

use std::time::Duration;

use futures::future::join_all;
use stampede_testkit::{
    servers::{OwnPostgres, until},
    shop::{Shop, Stores},
};

/// A node that finds its Postgres back, and the drain of what waited.
const RECOVERY_LIMIT: Duration = Duration::from_mins(1);

async fn assert_all_buy(shop: &Shop, name: &str, count: usize) {
    let sent =
        (0..count).map(async |number| shop.buy("WIDGET-001", &format!("{name}-{number}")).await);
    for answer in join_all(sent).await {
        assert_eq!(answer.outcome(), "ACCEPTED", "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_away_the_gate_sells_on_and_nothing_is_lost() {
    let mut postgres = OwnPostgres::start().await;
    let stores = Stores::on(&postgres).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    assert_all_buy(&node.shop, "before", 20).await;
    postgres.kill();
    assert_all_buy(&node.shop, "meanwhile", 50).await;
    let held = node.shop.purchases("WIDGET-001", "meanwhile-7").await;
    assert_eq!(held.status, 200, "a purchase is known before it is in the database");
    assert_eq!(node.shop.health("/health").await.status, 503);
    assert_eq!(node.shop.health("/health/ready").await.status, 200, "attempts are decided");
    postgres.restart().await;
    assert_all_buy(&node.shop, "after", 30).await;
    until("the ledger catches up", RECOVERY_LIMIT, async || {
        (stores.ledger().await.len() == 100).then_some(())
    })
    .await;
    until("every store answers", RECOVERY_LIMIT, async || {
        (node.shop.health("/health").await.status == 200).then_some(())
    })
    .await;
    node.shop.recorded("WIDGET-001", 100).await;
}

/// I9: it is answered only after its commit, and holds before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_while_postgres_is_away_and_is_answered_once_it_is_back() {
    let mut postgres = OwnPostgres::start().await;
    let stores = Stores::on(&postgres).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    postgres.kill();
    assert_eq!(node.shop.change("WIDGET-001", "pause").await.status, 503);
    assert_eq!(node.shop.buy("WIDGET-001", "ada").await.outcome(), "SALE_NOT_ACTIVE");
    postgres.restart().await;
    let paused = until("the repeated pause", RECOVERY_LIMIT, async || {
        let answer = node.shop.change("WIDGET-001", "pause").await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(paused.data()["paused"], true);
    assert_eq!(node.shop.buy("WIDGET-001", "ada").await.outcome(), "SALE_NOT_ACTIVE");
    assert_eq!(node.shop.change("WIDGET-001", "resume").await.data()["paused"], false);
    assert_eq!(node.shop.buy("WIDGET-001", "ada").await.outcome(), "ACCEPTED");
}
