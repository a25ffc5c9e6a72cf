//! The ledger comes back older than the gate, as after a failover of Postgres. On redis only: the
//! embedded gate cannot outlive its ledger.

use stampede_application::{
    ports::{Change, Ledger, PortError, SaleGate, Thoroughness, Trigger},
    use_cases::ChangeError,
};
use stampede_domain::{PurchaseNo, SaleId};
use stampede_testkit::suites::run;

use crate::shop::{Shop, WIDGET, When};

/// Runs of reconciliation after which gate and ledger must agree.
const TURNS_MAX: usize = 3;

async fn recorded_numbers(shop: &Shop, id: &SaleId) -> Vec<PurchaseNo> {
    shop.recorded(id).await.iter().map(|one| one.purchase.no()).collect()
}

/// One turn of a worker, which meets the difference and goes on once it is repaired.
async fn record_all(shop: &Shop, id: &SaleId) {
    shop.drain(id).await.expect("the stores answer");
    assert_eq!(shop.waiting(id).await, []);
}

#[test]
fn a_stale_entry_leaves_the_outbox_only_once_the_ledger_has_it() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let first = shop.buy(&id, "ada").await;
        shop.drain(&id).await.expect("the stores answer");
        let copy = shop.stores.copy_ledger().await;
        shop.gate.rebuild(&id).await.expect("the sale is made anew");
        let second = shop.buy(&id, "ben").await;
        copy.put_back().await;
        record_all(&shop, &id).await;
        assert_eq!(recorded_numbers(&shop, &id).await, [first.no(), second.no()]);
        assert_eq!(shop.counts(&id).await, (8, 2, 2));
        assert_eq!(shop.dead_letters().await, []);
        let third = shop.buy(&id, "eve").await;
        record_all(&shop, &id).await;
        assert!(recorded_numbers(&shop, &id).await.contains(&third.no()), "all goes on");
    });
}

#[test]
fn a_ledger_of_the_same_number_and_another_nonce_is_another_life() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = shop.buy(&id, "ada").await;
        shop.stores.change_ledger("UPDATE sales SET epoch_nonce = epoch_nonce + 1").await;
        record_all(&shop, &id).await;
        assert_eq!(recorded_numbers(&shop, &id).await, [bought.no()]);
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
    });
}

#[test]
fn what_the_ledger_lost_of_an_idle_sale_is_recorded_by_reconciliation() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let copy = shop.stores.copy_ledger().await;
        shop.gate.rebuild(&id).await.expect("the sale is made anew");
        let bought = shop.buy(&id, "ada").await;
        shop.drain(&id).await.expect("the stores answer");
        copy.put_back().await;
        let reconcile = shop.reconcile(0);
        for _ in 0..TURNS_MAX {
            reconcile
                .run(None, Thoroughness::Counters, Trigger::OnDemand)
                .await
                .expect("the stores answer");
        }
        assert_eq!(recorded_numbers(&shop, &id).await, [bought.no()]);
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
    });
}

#[test]
fn nobody_buying_a_ledger_of_another_life_is_noticed_by_reconciliation() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let copy = shop.stores.copy_ledger().await;
        shop.gate.rebuild(&id).await.expect("the sale is made anew");
        copy.put_back().await;
        let version = shop.snapshot(&id).await.version;
        shop.reconcile(0)
            .run(None, Thoroughness::Counters, Trigger::OnDemand)
            .await
            .expect("the stores answer");
        assert!(shop.snapshot(&id).await.version > version, "the gate is made anew");
        shop.buy(&id, "ada").await;
        assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 1);
    });
}

#[test]
fn a_change_over_an_older_ledger_is_unknown_and_its_repeat_holds() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let copy = shop.stores.copy_ledger().await;
        shop.gate.rebuild(&id).await.expect("the sale is made anew");
        copy.put_back().await;
        let first = shop.change.run(&id.sku, Change::Pause).await;
        assert!(
            matches!(first, Err(ChangeError::Port(PortError::Unavailable { .. }))),
            "{first:?}"
        );
        shop.change.run(&id.sku, Change::Pause).await.expect("its repeat holds");
        assert!(shop.row(&id).await.sale.paused);
        assert!(shop.snapshot(&id).await.sale.paused);
    });
}

/// What an admin was told holds, although the ledger has forgotten that and the life that it was
/// told in.
#[test]
fn a_pause_that_only_the_gate_still_knows_is_kept() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let copy = shop.stores.copy_ledger().await;
        shop.gate.rebuild(&id).await.expect("the sale is made anew");
        shop.change.run(&id.sku, Change::Pause).await.expect("the sale runs");
        shop.drain(&id).await.expect("the stores answer");
        copy.put_back().await;
        assert!(!shop.row(&id).await.sale.paused, "the ledger has forgotten it");
        shop.reconcile(0)
            .run(None, Thoroughness::Counters, Trigger::OnDemand)
            .await
            .expect("the stores answer");
        assert!(shop.row(&id).await.sale.paused);
        assert!(shop.snapshot(&id).await.sale.paused);
    });
}

#[test]
fn purchases_that_the_ledger_lost_in_the_same_life_are_recorded_again() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let copy = shop.stores.copy_ledger().await;
        let bought = shop.buy(&id, "ada").await;
        shop.drain(&id).await.expect("the stores answer");
        copy.put_back().await;
        let version = shop.snapshot(&id).await.version;
        let settled_at_once = shop.reconcile(-1);
        let ran = settled_at_once.run(None, Thoroughness::Counters, Trigger::OnDemand).await;
        let (_, run) = ran.expect("the stores answer");
        assert_eq!((run.mismatches, run.repaired), (1, 1));
        assert_eq!(recorded_numbers(&shop, &id).await, [bought.no()]);
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
        assert_eq!(shop.snapshot(&id).await.version, version, "the sale was not stopped for it");
    });
}

#[test]
fn a_deletion_that_the_ledger_lost_is_done_by_its_repeat() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = shop.buy(&id, "ada").await;
        shop.drain(&id).await.expect("the stores answer");
        let copy = shop.stores.copy_ledger().await;
        shop.delete.run(&id.sku).await.expect("it is deleted");
        copy.put_back().await;
        assert_eq!(shop.row(&id).await.sold, 1, "the ledger has it again");
        assert_eq!(shop.gate.snapshot(&id).await.expect("the gate answers"), None);
        shop.delete.run(&id.sku).await.expect("a repeat does it again");
        assert_eq!(shop.catalogue.find(&id.sku).await.expect("the catalogue answers"), None);
        let archived = shop.ledger.known(&id, &[bought.no()]).await.expect("the ledger answers");
        assert_eq!(archived.len(), 1);
    });
}

/// Whoever follows a sku by its version is never told of an older one than they know.
#[test]
fn a_recreated_skus_version_does_not_fall_although_its_tombstone_is_lost() {
    run(async {
        let shop = crate::shop::redis().await;
        let copy = shop.stores.copy_ledger().await;
        let old = shop.sell(WIDGET, 10, 1, When::Active).await;
        for _ in 0..3 {
            shop.gate.rebuild(&old).await.expect("the sale is made anew");
        }
        let before = shop.snapshot(&old).await.version;
        shop.delete.run(&old.sku).await.expect("it is deleted");
        copy.put_back().await;
        let new = shop.sell(WIDGET, 20, 1, When::Active).await;
        let snapshot = shop.snapshot(&new).await;
        assert!(snapshot.version > before, "{} after {before}", snapshot.version);
        assert_eq!((snapshot.stock, snapshot.sold), (20, 0));
        shop.buy(&new, "ada").await;
        shop.drain(&new).await.expect("the stores answer");
        assert_eq!(shop.counts(&new).await, (19, 1, 1));
    });
}
