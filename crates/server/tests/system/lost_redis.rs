//! Redis comes back without what it knew.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use stampede_testkit::{
    servers::{OwnRedis, OwnRedisOptions, until},
    shop::{Answer, RESTORED, Shop, Stores},
};

/// A node that finds its Redis back, and a restore.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);

async fn own_redis() -> OwnRedis {
    OwnRedis::start(OwnRedisOptions::on_disk()).await
}

/// Asks until it is decided: 503 is the only other answer, and no answer at all.
async fn insist(shop: &Shop, buyer: &str) -> Answer {
    until("a decision", RECOVERY_LIMIT, async || {
        let answer = shop.attempt("WIDGET-001", buyer, Some("the-only-key")).await?;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(answer)
    })
    .await
}

/// Numbers by buyer of those who got one.
async fn buy(shop: &Shop, buyers: &[String]) -> BTreeMap<String, String> {
    let answers = join_all(buyers.iter().map(|buyer| insist(shop, buyer))).await;
    let bought = buyers.iter().zip(answers);
    bought.filter_map(|(buyer, answer)| Some((buyer.clone(), answer.purchase_no()?))).collect()
}

fn buyers(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}-{number}")).collect()
}

/// After the loss: the sale is closed and restored, those who bought hold what they held, and
/// the rest of the stock is sold and no more.
async fn assert_restored(stores: &Stores, shop: &Shop, held: BTreeMap<String, String>) {
    let crowd = buyers("late", 200);
    let mut all = buy(shop, &crowd).await;
    assert_eq!(all.len(), 100 - held.len(), "each unit that was left, once");
    let early: Vec<_> = held.keys().cloned().collect();
    assert_eq!(buy(shop, &early).await, held, "a key gets the same purchase, also after a restore");
    for buyer in &early {
        let again = shop.buy("WIDGET-001", buyer).await;
        assert_eq!(again.outcome(), "ALREADY_PURCHASED");
        assert_eq!(again.body["error"]["purchase"]["purchaseNo"], *held[buyer].as_str());
    }
    all.extend(held);
    shop.recorded("WIDGET-001", 100).await;
    let rows = stores.ledger().await;
    let recorded: BTreeMap<_, _> =
        rows.into_iter().map(|row| (row.buyer, row.purchase_no)).collect();
    assert_eq!(recorded, all);
}

async fn version(shop: &Shop) -> u64 {
    // A moment after Redis is back, a node may not know yet.
    until("a version", RECOVERY_LIMIT, async || {
        shop.status("WIDGET-001").await.body["data"]["version"].as_u64()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_redis_restarted_empty_the_sale_is_restored_and_not_oversold() {
    let mut redis = own_redis().await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let held = buy(&node.shop, &buyers("early", 30)).await;
    node.shop.recorded("WIDGET-001", 30).await;
    let before = version(&node.shop).await;
    redis.restart_empty().await;
    assert_restored(&stores, &node.shop, held).await;
    node.process.logged(RESTORED, RECOVERY_LIMIT).await;
    let counted = node.shop.counter("gate_restores_total", "outcome=\"open\",reason=\"closed\"");
    assert_eq!(counted.await, 1);
    assert!(version(&node.shop).await > before, "a version never falls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_redis_restarted_from_an_older_file_the_sale_is_restored_and_not_oversold() {
    let mut redis = own_redis().await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let mut held = buy(&node.shop, &buyers("early", 10)).await;
    redis.save_copy().await;
    held.extend(buy(&node.shop, &buyers("forgotten", 20)).await);
    node.shop.recorded("WIDGET-001", 30).await;
    redis.restart_from_copy().await;
    assert_restored(&stores, &node.shop, held).await;
    node.process.logged(RESTORED, RECOVERY_LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_over_an_emptied_redis_restores_before_it_sells() {
    let mut redis = own_redis().await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let held = buy(&node.shop, &buyers("early", 30)).await;
    node.shop.recorded("WIDGET-001", 30).await;
    drop(node);
    redis.restart_empty().await;
    let node = stores.node().await;
    assert_restored(&stores, &node.shop, held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_what_waits_for_the_ledger_is_said_to_age() {
    let mut redis = own_redis().await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    node.shop.buy("WIDGET-001", "ada").await;
    node.shop.recorded("WIDGET-001", 1).await;
    let is_told = async |what: &str, fits: fn(f64) -> bool| {
        until(what, RECOVERY_LIMIT, async || {
            node.shop.gauge("outbox_oldest_seconds").await.filter(|age| fits(*age))
        })
        .await
    };
    is_told("that nothing waits", |age| age == 0.0).await;
    redis.kill();
    let first = is_told("that something may wait", |age| age > 0.0).await;
    let later = until("that it ages", RECOVERY_LIMIT, async || {
        node.shop.gauge("outbox_oldest_seconds").await.filter(|age| *age > first)
    });
    assert!(later.await >= first + 1.0);
    redis.restart().await;
    is_told("that nothing waits again", |age| age == 0.0).await;
}
