//! A buyer looks up what they bought.

use std::{rc::Rc, sync::Arc};

use stampede_application::{
    Coalescer, CoalescerLimits,
    live_sales::LiveSales,
    use_cases::{AttemptPurchase, Attempted, FindSale, LookUpPurchase, PurchaseRequest},
};
use stampede_domain::{BuyerId, Decision};
use stampede_infrastructure::OsRandomness;

use crate::shop::{Shop, WIDGET, When, sku};

on_every_engine!(
    a_purchase_is_found_right_before_and_right_after_its_drain,
    what_was_bought_is_found_while_the_ledger_is_away,
    a_buyer_without_a_purchase_is_told_apart_from_an_unknown_sku,
    a_node_that_knew_a_deleted_sale_finds_the_new_one,
    an_attempt_for_a_deleted_sale_hears_that_it_is_unknown,
);

pub(crate) fn looking_up(shop: &Shop) -> LookUpPurchase {
    LookUpPurchase::new(shop.find.clone(), shop.gate.clone(), shop.confirm.clone())
}

pub(crate) fn buying(shop: &Shop, live: &Arc<LiveSales>, find: &Arc<FindSale>) -> AttemptPurchase {
    let (lane, confirm) = (Rc::clone(&shop.lane), shop.confirm.clone());
    let coalescer = Coalescer::new(lane, live.clone(), confirm, CoalescerLimits::default());
    AttemptPurchase::new(coalescer, find.clone(), Arc::new(OsRandomness))
}

pub(crate) fn buyer(name: &str) -> BuyerId {
    BuyerId::parse(name).expect("a buyer")
}

pub(crate) fn request(name: &str) -> PurchaseRequest {
    PurchaseRequest {
        buyer: buyer(name),
        sku: sku(WIDGET),
        qty: None,
        key: None,
        traceparent: None,
    }
}

async fn a_purchase_is_found_right_before_and_right_after_its_drain(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 3, When::Active).await;
    let buying = buying(&shop, &shop.live, &shop.find);
    let mut bought = Vec::new();
    for _ in 0..2 {
        let attempted = buying.run(request("ada")).await;
        let Attempted::Decided { decision: Decision::Accepted(purchase), .. } = attempted else {
            panic!("{attempted:?}")
        };
        bought.push(purchase);
        let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
        assert_eq!(found.expect("the gate answers").as_ref(), Some(&bought), "before the drain");
    }
    assert_eq!(shop.recorded(&id).await, []);
    shop.drain(&id).await.expect("the stores answer");
    let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
    assert_eq!(found.expect("the gate answers").as_ref(), Some(&bought), "after the drain");
    let recorded: Vec<_> = shop.recorded(&id).await.into_iter().map(|one| one.purchase).collect();
    assert_eq!(recorded, bought, "the ledger has what the buyer was answered");
}

async fn what_was_bought_is_found_while_the_ledger_is_away(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.ledger.go_away();
    let bought = shop.buy(&id, "ada").await;
    let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
    assert_eq!(found.expect("the gate answers"), Some(vec![bought]));
}

async fn a_buyer_without_a_purchase_is_told_apart_from_an_unknown_sku(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
    assert_eq!(found.expect("the gate answers"), Some(vec![]));
    let unknown = looking_up(&shop).run(&sku("NO-SUCH-1"), &buyer("ada")).await;
    assert_eq!(unknown.expect("the stores answer"), None);
}

/// Another node deleted the sale and created its sku again; this one still shows the old one.
async fn a_node_that_knew_a_deleted_sale_finds_the_new_one(shop: Shop) {
    let old = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&old, "ada").await;
    let (live, find) = shop.node_that_shows(&shop.snapshot(&old).await);
    shop.delete.run(&old.sku).await.expect("it is deleted");
    let new = shop.sell(WIDGET, 10, 1, When::Active).await;
    let look_up = LookUpPurchase::new(find.clone(), shop.gate.clone(), shop.confirm.clone());
    let found = look_up.run(&new.sku, &buyer("ada")).await;
    assert_eq!(found.expect("the stores answer"), Some(vec![]), "nothing of the old sale");
    let attempted = buying(&shop, &live, &find).run(request("ada")).await;
    assert!(
        matches!(attempted, Attempted::Decided { decision: Decision::Accepted(_), .. }),
        "{attempted:?}"
    );
    let found = look_up.run(&new.sku, &buyer("ada")).await;
    assert_eq!(found.expect("the stores answer").map(|held| held.len()), Some(1));
}

/// Another node deleted the sale; this one still shows it.
async fn an_attempt_for_a_deleted_sale_hears_that_it_is_unknown(shop: Shop) {
    let old = shop.sell(WIDGET, 10, 1, When::Active).await;
    let (live, find) = shop.node_that_shows(&shop.snapshot(&old).await);
    shop.delete.run(&old.sku).await.expect("it is deleted");
    let attempted = buying(&shop, &live, &find).run(request("ada")).await;
    assert_eq!(attempted, Attempted::UnknownSale);
    assert!(live.last_known(&old.sku).is_none(), "it is shown no more");
}
