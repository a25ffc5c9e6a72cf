//! What a gate that keeps one price a sale tells of each purchase.

use stampede_domain::{Decision, Price, RecordedPurchase};
use stampede_testkit::{
    builders::a_price,
    suites::{Scene, attempt, run},
};

use super::RedisHarness;

/// What the gate tells of all that the buyer holds.
async fn told(scene: &Scene, buyer: &str) -> Vec<Option<Price>> {
    let held = scene.gate.purchases(scene.id(), &attempt(buyer, 1, 1).buyer).await;
    let held = held.expect("the gate answers").expect("the gate has the sale");
    held.purchases.into_iter().map(|purchase| purchase.unit_price).collect()
}

/// A head that was opened before sales had prices.
#[test]
fn a_head_without_a_price_sells_and_tells_without_one() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let id = scene.id();
        let mut forget = redis::cmd("HDEL");
        forget.arg(harness.key(id, &format!("sale:{id}:head"))).arg("price");
        let gone: u32 = forget.query_async(&mut harness.beside().await).await.expect("an answer");
        assert_eq!(gone, 1);

        let bought = scene.buy(&attempt("ada", 1, 1)).await;
        assert_eq!(bought.unit_price, None);
        assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [Decision::Replayed(bought)]);
        assert_eq!(told(&scene, "ada").await, [None]);
        let page = scene.gate.holdings(id, None).await.expect("the gate answers");
        let page = page.expect("the gate has the sale");
        assert_eq!(page.holdings, [(attempt("ada", 1, 1).buyer, vec![bought])]);

        scene.gate.rebuild(id).await.expect("the gate rebuilds");
        scene.record().await;
        assert_eq!(told(&scene, "ada").await, [None]);
        let rows = scene.ledger.page(id, None, 10).await.expect("the ledger answers");
        assert_eq!(rows.iter().map(|row| row.purchase).collect::<Vec<_>>(), [bought]);
    });
}

/// The one purchase whose price the gate does not know: the ledger has it.
#[test]
fn a_purchase_of_another_life_keeps_its_price_in_the_ledger_and_is_told_at_the_sales() {
    run(async {
        let harness = RedisHarness::start().await;
        let (own, sales) = (a_price(2_500, "EUR"), a_price(1_999, "EUR"));
        let scene = Scene::priced(&harness, 10, 1, sales).await;
        let mut stale: RecordedPurchase = scene.forged("ben", 4, 1);
        stale.purchase.unit_price = Some(own);
        scene.outbox.readmit(&[stale], scene.epoch).await.expect("the outbox answers");
        scene.record().await;
        let in_ledger = async || {
            let rows = scene.ledger.page(scene.id(), None, 10).await.expect("the ledger answers");
            rows.iter().map(|row| row.purchase.unit_price).collect::<Vec<_>>()
        };
        assert_eq!(in_ledger().await, [Some(own)]);
        assert_eq!(told(&scene, "ben").await, [Some(sales)]);
        scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
        assert_eq!(
            (in_ledger().await, told(&scene, "ben").await),
            (vec![Some(own)], vec![Some(sales)])
        );
    });
}
