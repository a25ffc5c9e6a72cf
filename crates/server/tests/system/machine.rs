//! The machine under a store fails: its power, its disk, its clock.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use stampede_testkit::{
    servers::{DiskFault, OwnRedis, OwnRedisOptions, until},
    shop::{Answer, PATIENT, Shop, Stores},
};

/// A node that meets a fault, or goes on after its end.
const LIMIT: Duration = Duration::from_secs(20);
const CENTURY: Duration = Duration::from_hours(24 * 366 * 100);

async fn attempt(shop: &Shop, buyer: &str) -> Answer {
    shop.attempt("WIDGET-001", buyer, Some("the-only-key")).await.expect("an answer")
}

/// Asks until the attempt is decided: 503 is the only other answer.
async fn decided(shop: &Shop, buyer: &str) -> Answer {
    until("a decision", LIMIT, async || {
        let answer = attempt(shop, buyer).await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(answer)
    })
    .await
}

/// Numbers by buyer.
async fn recorded(stores: &Stores) -> BTreeMap<String, String> {
    stores.ledger().await.into_iter().map(|row| (row.buyer, row.purchase_no)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_on_embedded_is_kept_when_power_fails() {
    let stores = Stores::embedded_on_host();
    let mut node = stores.node_with(PATIENT).await;
    node.shop.open("WIDGET-001", 1_000, 1).await;
    let mut told = BTreeMap::new();
    for life in 0..3 {
        let buyers: Vec<_> = (0..50).map(|number| format!("buyer-{life}-{number}")).collect();
        let answers = join_all(buyers.iter().map(|buyer| attempt(&node.shop, buyer))).await;
        for (buyer, answer) in buyers.into_iter().zip(answers) {
            told.insert(buyer, answer.purchase_no().expect("a purchase"));
        }
        node.process.kill_hard();
        stores.host().lose_power();
        node = stores.node_with(PATIENT).await;
    }
    node.shop.recorded("WIDGET-001", 150).await;
    assert_eq!(recorded(&stores).await, told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_sells_and_records_again_once_its_disk_has_room_again() {
    for fault in [DiskFault::Full, DiskFault::Broken] {
        let stores = Stores::embedded_on_host();
        let node = stores.node().await;
        node.shop.open("WIDGET-001", 10, 1).await;
        let first = decided(&node.shop, "early").await.purchase_no();
        stores.host().refuse_writes(fault, 1);
        for _ in 0..3 {
            assert_eq!(attempt(&node.shop, "unlucky").await.status, 503, "{fault:?}");
        }
        assert!(stores.host().refused().writes > 0, "{fault:?}");
        stores.host().heal();
        let second = decided(&node.shop, "unlucky").await.purchase_no();
        assert!(first.is_some() && second.is_some(), "{fault:?}");
        node.shop.recorded("WIDGET-001", 2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_that_was_over_stays_so_when_the_clock_of_redis_goes_back() {
    let options = OwnRedisOptions { power_loss: true, ..OwnRedisOptions::default() };
    let redis = OwnRedis::start(options).await;
    let stores = Stores::over(&redis).await;
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 10, 1).await;
    assert_eq!(decided(&node.shop, "early").await.outcome(), "ACCEPTED");
    redis.host().set_clock_ahead(CENTURY);
    assert_eq!(decided(&node.shop, "late").await.outcome(), "SALE_NOT_ACTIVE");
    redis.host().set_clock_right();
    assert_eq!(decided(&node.shop, "later").await.outcome(), "SALE_NOT_ACTIVE");
}
