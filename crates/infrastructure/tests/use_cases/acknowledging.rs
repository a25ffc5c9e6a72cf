//! At level `ledger` nobody is told of a purchase that the ledger has not.

use sqlx::AssertSqlSafe;
use stampede_application::{
    ports::{DeadLetter, EntryBody, Ledger, PortError, SaleGate},
    use_cases::{AttemptPurchase, Attempted, NewProduct, PurchaseRequest},
};
use stampede_domain::{Acknowledgement, AttemptKey, Decision, Purchase, Rejection, SaleId};
use stampede_testkit::suites::run;

use crate::{
    looking_up::{buyer, buying, looking_up, request},
    shop::{Shop, WIDGET, When},
};

const OTHER: &str = "WIDGET-002";

/// A sale that asks for level `ledger`, on a node that does not.
async fn strict(shop: &Shop, stock: u32, limit: u32) -> SaleId {
    strict_of(shop, WIDGET, stock, limit).await
}

async fn strict_of(shop: &Shop, sku: &str, stock: u32, limit: u32) -> SaleId {
    let offer = shop.offer(sku, stock, limit, When::Active);
    let offer = NewProduct { acknowledge: Some(Acknowledgement::Ledger), ..offer };
    shop.create.run(offer).await.expect("the product is created").sale.id
}

fn attempts(shop: &Shop) -> AttemptPurchase {
    buying(shop, &shop.live, &shop.find)
}

/// An attempt that can be repeated.
fn keyed(name: &str) -> PurchaseRequest {
    PurchaseRequest { key: Some(AttemptKey::from_idempotency_key(name)), ..request(name) }
}

fn accepted(attempted: &Attempted) -> Purchase {
    let Attempted::Decided {
        decision: Decision::Accepted(purchase) | Decision::Replayed(purchase),
        acknowledged: Acknowledgement::Ledger,
    } = attempted
    else {
        panic!("{attempted:?}")
    };
    *purchase
}

async fn is_recorded(shop: &Shop, id: &SaleId, purchase: &Purchase) -> bool {
    shop.recorded(id).await.iter().any(|one| one.purchase == *purchase)
}

#[test]
fn a_purchase_is_in_the_ledger_before_it_is_answered() {
    run(async {
        for shop in
            [crate::shop::redis().await, crate::shop::redis_at(Acknowledgement::Ledger).await]
        {
            let id = if shop.confirm.level(Acknowledgement::Gate) == Acknowledgement::Ledger {
                shop.sell(WIDGET, 10, 1, When::Active).await
            } else {
                strict(&shop, 10, 1).await
            };
            let bought = accepted(&attempts(&shop).run(keyed("ada")).await);
            assert!(is_recorded(&shop, &id, &bought).await);
            assert_eq!(shop.counts(&id).await, (9, 1, 1));
        }
    });
}

#[test]
fn a_sale_at_level_gate_does_not_wait_for_the_ledger() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.ledger.go_away();
        let attempted = attempts(&shop).run(keyed("ada")).await;
        assert!(
            matches!(
                attempted,
                Attempted::Decided {
                    decision: Decision::Accepted(_),
                    acknowledged: Acknowledgement::Gate
                }
            ),
            "{attempted:?}"
        );
        shop.ledger.come_back();
        assert_eq!(shop.counts(&id).await, (9, 1, 0));
    });
}

#[test]
fn with_the_ledger_away_nothing_is_named_and_the_repeat_gets_the_purchase_once_it_is_back() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = strict(&shop, 2, 1).await;
        shop.ledger.go_away();
        let attempts = attempts(&shop);
        for _ in 0..2 {
            assert_eq!(attempts.run(keyed("ada")).await, Attempted::Undecided);
        }
        let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
        assert!(matches!(found, Err(PortError::Unavailable { .. })), "{found:?}");
        // Another key of who holds one already names it, and so waits as well.
        let second = PurchaseRequest { key: Some(AttemptKey([7; 16])), ..request("ada") };
        assert_eq!(attempts.run(second.clone()).await, Attempted::Undecided);

        shop.ledger.come_back();
        let bought = accepted(&attempts.run(keyed("ada")).await);
        assert!(is_recorded(&shop, &id, &bought).await);
        let again = attempts.run(second).await;
        let Attempted::Decided {
            decision: Decision::Rejected(Rejection::AlreadyPurchased(Some(held))),
            ..
        } = again
        else {
            panic!("{again:?}")
        };
        assert_eq!(held, bought);
        let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
        assert_eq!(found.expect("the stores answer"), Some(vec![bought]));
        assert_eq!(shop.counts(&id).await, (1, 1, 1), "one unit for all of it");
    });
}

#[test]
fn a_rejection_that_names_no_purchase_does_not_wait_for_the_ledger() {
    run(async {
        let shop = crate::shop::redis().await;
        strict(&shop, 1, 1).await;
        let attempts = attempts(&shop);
        accepted(&attempts.run(keyed("ada")).await);
        shop.ledger.go_away();
        let late = attempts.run(keyed("ben")).await;
        assert!(
            matches!(
                late,
                Attempted::Decided { decision: Decision::Rejected(Rejection::SoldOut), .. }
            ),
            "{late:?}"
        );
    });
}

#[test]
fn what_was_confirmed_leaves_the_outbox_without_a_worker() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = strict(&shop, 10, 1).await;
        let attempts = attempts(&shop);
        accepted(&attempts.run(keyed("ada")).await);
        // Its entry is removed after the answer, before the next commit of the same sale.
        accepted(&attempts.run(keyed("ben")).await);
        accepted(&attempts.run(keyed("eve")).await);
        assert!(shop.waiting(&id).await.len() <= 1);
        shop.drain(&id).await.expect("the stores answer");
        assert_eq!(shop.waiting(&id).await, []);
        assert_eq!(shop.counts(&id).await, (7, 3, 3));
    });
}

#[test]
fn a_lookup_of_nothing_is_no_answer_where_the_ledger_is_in_another_life() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = strict(&shop, 10, 1).await;
        let before = shop.row(&id).await.epoch;
        shop.stores.begin_restore_and_die(&id, before).await;
        let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
        assert!(matches!(found, Err(PortError::Unavailable { .. })), "{found:?}");
    });
}

/// Its gate is on the wrong side: what it accepts is nobody's until both are in one life.
#[test]
fn an_attempt_at_a_gate_of_another_life_is_not_told_before_the_ledger_has_it() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = strict(&shop, 10, 1).await;
        let before = shop.row(&id).await.epoch;
        let attempts = attempts(&shop);
        shop.stores.begin_restore_and_die(&id, before).await;
        assert_eq!(attempts.run(keyed("ada")).await, Attempted::Undecided);
        shop.gate.rebuild(&id).await.expect("the gate is made anew");
        let bought = accepted(&attempts.run(keyed("ada")).await);
        assert!(is_recorded(&shop, &id, &bought).await);
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
    });
}

#[test]
fn a_poisoned_purchase_is_undecided_and_others_of_its_commit_are_answered() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = strict(&shop, 10, 1).await;
        shop.ledger.refuse(buyer("eve"), &id);
        let attempts = attempts(&shop);
        let (ada, eve, ben) = tokio::join!(
            attempts.run(keyed("ada")),
            attempts.run(keyed("eve")),
            attempts.run(keyed("ben")),
        );
        assert_eq!(eve, Attempted::Undecided);
        for told in [&ada, &ben] {
            assert!(is_recorded(&shop, &id, &accepted(told)).await);
        }
    });
}

/// Voided by a person after the gate had accepted it, so that nothing brings it back.
#[test]
fn a_voided_purchase_is_named_by_nobody_and_its_buyer_is_answered() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = strict(&shop, 10, 2).await;
        let attempts = attempts(&shop);
        let kept = accepted(&attempts.run(keyed("ada")).await);
        let second = PurchaseRequest { key: Some(AttemptKey([7; 16])), ..request("ada") };
        shop.ledger.go_away();
        assert_eq!(attempts.run(second.clone()).await, Attempted::Undecided);
        shop.ledger.come_back();
        let mut purchases =
            shop.waiting(&id).await.into_iter().flat_map(|entry| match entry.body {
                EntryBody::Purchases(purchases) => purchases,
                body @ (EntryBody::Change(_)
                | EntryBody::Newer { .. }
                | EntryBody::Broken { .. }) => {
                    panic!("{body:?}")
                }
            });
        let lost = purchases.find(|one| one.purchase.no() != kept.no());
        let letter = DeadLetter { purchase: lost, raw: None, error: "given up".into() };
        shop.ledger.void(&letter, shop.clock.now()).await.expect("the ledger answers");
        // The same key, and another one, which is above the limit as long as the gate counts it.
        for asked in [second, PurchaseRequest { key: Some(AttemptKey([8; 16])), ..request("ada") }]
        {
            let Attempted::Decided { decision, .. } = attempts.run(asked).await else {
                panic!("it is decided")
            };
            assert_eq!(decision, Decision::Rejected(Rejection::AlreadyPurchased(None)));
        }
        let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
        assert_eq!(found.expect("the stores answer"), Some(vec![kept]));
        assert_eq!(accepted(&attempts.run(keyed("ada")).await), kept);
    });
}

/// The row is held by a node that froze in the midst of a commit.
#[test]
fn a_sale_whose_row_is_held_keeps_no_other_from_being_answered() {
    run(async {
        let shop = crate::shop::redis().await;
        let held = strict(&shop, 10, 1).await;
        let other = strict_of(&shop, OTHER, 10, 1).await;
        let attempts = attempts(&shop);
        let mut frozen = shop.stores.ledger_session().await;
        let statement = format!("BEGIN; SELECT FROM sales WHERE sku = '{WIDGET}' FOR UPDATE");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut frozen)
            .await
            .expect("the ledger answers");

        let of_the_other = PurchaseRequest { sku: other.sku.clone(), ..keyed("ben") };
        let (waits, told) = tokio::join!(attempts.run(keyed("ada")), attempts.run(of_the_other));
        assert_eq!(waits, Attempted::Undecided);
        assert!(is_recorded(&shop, &other, &accepted(&told)).await);

        sqlx::raw_sql("ROLLBACK").execute(&mut frozen).await.expect("the ledger answers");
        let bought = accepted(&attempts.run(keyed("ada")).await);
        assert!(is_recorded(&shop, &held, &bought).await);
        assert_eq!(shop.counts(&held).await, (9, 1, 1));
    });
}

/// As a head that a newer version wrote.
#[test]
fn a_level_that_only_newer_versions_know_waits_for_the_ledger() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.stores.set_head(&id, "acknowledge", "archive").await;
        let attempts = attempts(&shop);
        shop.ledger.go_away();
        assert_eq!(attempts.run(keyed("ada")).await, Attempted::Undecided);
        let found = looking_up(&shop).run(&id.sku, &buyer("ada")).await;
        assert!(matches!(found, Err(PortError::Unavailable { .. })), "{found:?}");
        shop.ledger.come_back();
        let bought = accepted(&attempts.run(keyed("ada")).await);
        assert!(is_recorded(&shop, &id, &bought).await);
    });
}
