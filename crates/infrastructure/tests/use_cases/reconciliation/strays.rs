//! Sales of the gate that the catalogue does not have, and entries that nobody reads.

use stampede_application::{
    ports::{Drift, Findings, SaleGate as _, Thoroughness, Trigger},
    use_cases::ReconcileLimits,
};
use stampede_domain::Purchase;
use stampede_testkit::suites::{attempt, run};

use super::{NOW, agrees, repaired};
use crate::{
    shop::{Shop, WIDGET, When, crowd},
    stores::Stores,
};

/// A run for which every entry has stood for too long.
async fn run_that_finds_entries_old(shop: &Shop) -> Findings {
    let limits = ReconcileLimits { overdue_after_ms: NOW, ..ReconcileLimits::default() };
    let reconcile = shop.reconcile_within(limits);
    let run = reconcile.run(None, Thoroughness::Counters, Trigger::OnDemand).await;
    run.expect("the stores answer").1.findings
}

on_every_engine!(
    an_entry_that_a_worker_keeps_in_hand_for_too_long_is_recorded,
    an_entry_of_a_buried_sale_is_done_if_the_archive_has_it_and_else_raised,
);

async fn an_entry_that_a_worker_keeps_in_hand_for_too_long_is_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    assert_eq!(shop.read(&id).await.len(), 1);
    assert_eq!(run_that_finds_entries_old(&shop).await, Findings::default());
    assert_eq!(shop.counts(&id).await, (7, 3, 3));
    assert_eq!(shop.waiting(&id).await, []);
}

async fn an_entry_of_a_buried_sale_is_done_if_the_archive_has_it_and_else_raised(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.drain(&id).await.expect("the stores answer");
    let recorded = shop.recorded(&id).await;
    shop.delete.run(&id.sku).await.expect("it is deleted");
    let drifts = shop.stores.drifts();
    drifts.enqueue(&recorded[0]).await;
    let archived = repaired(&[(Drift::EntryOfAnOldGeneration, 1)]);
    assert_eq!(run_that_finds_entries_old(&shop).await, archived);
    assert_eq!(shop.dead_letters().await, []);
    let mut late = recorded[0].clone();
    late.purchase.bits.0[0] ^= 1;
    drifts.enqueue(&late).await;
    let mut raised = Findings::default();
    raised.raised(Drift::EntryOfAnOldGeneration, 1);
    assert_eq!(run_that_finds_entries_old(&shop).await, raised);
    let letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1);
    // Once more, as after a worker that died before it was done.
    drifts.enqueue(&late).await;
    assert_eq!(run_that_finds_entries_old(&shop).await, Findings::default());
    assert_eq!(shop.dead_letters().await, letters);
    assert_eq!(shop.waiting(&id).await, []);
}

#[test]
fn an_old_entry_in_nobodys_hand_is_recorded() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.read(&id).await;
        shop.buy(&id, "ada").await;
        shop.stores.pass_over_outbox(&id).await;
        assert_eq!(shop.read(&id).await, [], "no worker gets it any more");
        assert_eq!(shop.waiting(&id).await.len(), 1);
        run_that_finds_entries_old(&shop).await;
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
        assert_eq!(shop.waiting(&id).await, []);
    });
}

/// An entry of a sale that is gone, of a purchase that no letter can be written of for now.
#[test]
fn what_is_neither_in_the_archive_nor_raised_is_not_called_repaired() {
    run(async {
        let shop = crate::shop::embedded().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy_all(&id, &crowd(2)).await;
        shop.drain(&id).await.expect("the stores answer");
        let recorded = shop.recorded(&id).await;
        shop.delete.run(&id.sku).await.expect("it is deleted");
        let (drifts, mut late) = (shop.stores.drifts(), recorded[0].clone());
        late.purchase.bits.0[0] ^= 1;
        drifts.enqueue(&late).await;
        drifts.enqueue(&recorded[1]).await;
        let Stores::File(file) = &shop.stores else { panic!("it is of the embedded engine") };
        let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON journal_dead_letters \
                      BEGIN SELECT RAISE(ABORT, 'refused'); END";
        sqlx::raw_sql(refuse).execute(file).await.expect("the file takes it");
        let archived = repaired(&[(Drift::EntryOfAnOldGeneration, 1)]);
        assert_eq!(run_that_finds_entries_old(&shop).await, archived);
        assert_eq!(shop.waiting(&id).await.len(), 1);
        sqlx::raw_sql("DROP TRIGGER refuse").execute(file).await.expect("the file takes it");
        let mut raised = Findings::default();
        raised.raised(Drift::EntryOfAnOldGeneration, 1);
        assert_eq!(run_that_finds_entries_old(&shop).await, raised);
        assert_eq!((shop.dead_letters().await.len(), shop.waiting(&id).await.len()), (1, 0));
    });
}

/// It may be the ledger that is wrong, or has come back older.
#[test]
fn a_gate_that_the_ledger_never_knew_is_shut_and_keeps_all_it_has() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = shop.buy(&id, "ada").await;
        shop.drain(&id).await.expect("the stores answer");
        let copy = shop.stores.copy_ledger().await;
        shop.stores.change_ledger("DELETE FROM purchases; DELETE FROM sales").await;
        let mut raised = Findings::default();
        raised.raised(Drift::GateWithoutCatalogue, 1);
        for _ in 0..2 {
            assert_eq!(run_that_finds_entries_old(&shop).await, raised, "as long as it is so");
        }
        assert_eq!(shop.gate.snapshot(&id).await.expect("the gate answers"), None);
        copy.put_back().await;
        assert_eq!(run_that_finds_entries_old(&shop).await, Findings::default());
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
        let held = shop.gate.purchases(&id, &attempt("ada", 1, 1).buyer).await;
        let held = held.expect("the gate answers").expect("the gate has the sale");
        assert_eq!(held.purchases.iter().map(Purchase::no).collect::<Vec<_>>(), [bought.no()]);
        agrees(&shop).await;
    });
}
