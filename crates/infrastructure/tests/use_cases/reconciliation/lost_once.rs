//! A purchase that is lost is one dead letter and is counted once, whoever meets it first.

use stampede_application::ports::{
    DeadLetterId, Drift, DriftCount, Entry, EntryBody, Findings, SaleGate as _, Thoroughness,
};
use stampede_domain::{Generation, RecordedPurchase, SaleId};
use stampede_testkit::{
    builders::a_purchase,
    suites::{attempt, run},
};
use uuid::Uuid;

use super::{NOW, forged, on_record, only_in_ledger, reconcile};
use crate::{
    shop::{Shop, WIDGET, When},
    stores::Stores,
};

/// All that runs on record may have of one purchase that is lost.
const ONE: DriftCount = DriftCount { repaired: 0, raised: 1 };

/// The only unit is ada's at the gate, and a stranger's in the ledger; returns what waits.
async fn sold_twice(shop: &Shop) -> (SaleId, Vec<Entry>) {
    let id = shop.sell(WIDGET, 1, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    only_in_ledger(shop, &forged(shop, &id, 1).await).await;
    let waiting = shop.waiting(&id).await;
    (id, waiting)
}

/// A worker's turn, and what it puts on record.
async fn work(shop: &Shop, id: &SaleId, entries: &[Entry]) {
    let recorded = shop.record_entries(id, entries.to_vec()).await.expect("the stores answer");
    shop.reconcile(NOW).drift_met(recorded.findings).await;
}

async fn only_letter(shop: &Shop) -> DeadLetterId {
    let letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters[0].0.clone()
}

/// Whoever may still meet it does, a worker with what it holds among them.
async fn is_met_again(shop: &Shop, id: &SaleId, entries: &[Entry]) {
    let letter = only_letter(shop).await;
    for _ in 0..2 {
        work(shop, id, entries).await;
        shop.gate.rebuild(id).await.expect("the sale is made anew");
        reconcile(shop, NOW, Thoroughness::Whole).await;
        assert_eq!(on_record(shop).await.total(), ONE);
        assert_eq!(only_letter(shop).await, letter);
    }
    assert_eq!(shop.counts(id).await, (0, 1, 1));
}

on_every_engine!(what_reconciliation_meets_first_is_counted_once,);

async fn what_reconciliation_meets_first_is_counted_once(shop: Shop) {
    let (id, waiting) = sold_twice(&shop).await;
    shop.lose_outbox(&id).await;
    reconcile(&shop, NOW, Thoroughness::Counters).await;
    assert_eq!(on_record(&shop).await.total(), ONE);
    is_met_again(&shop, &id, &waiting).await;
}

#[test]
fn what_a_restore_meets_first_is_counted_once() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, waiting) = sold_twice(&shop).await;
        for raised in [1, 0] {
            let rebuilt = shop.gate.rebuild(&id).await.expect("the sale is made anew");
            assert_eq!((rebuilt.raised, shop.waiting(&id).await.len()), (raised, 1));
            assert_eq!(on_record(&shop).await.total(), ONE);
        }
        is_met_again(&shop, &id, &waiting).await;
    });
}

/// Two units; ada and ben bought them at the gate, a stranger ada's place in the ledger: made anew,
/// the sale has none left for ben.
async fn sold_to_three(shop: &Shop) -> (SaleId, Vec<Entry>) {
    let id = shop.sell(WIDGET, 2, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.buy(&id, "ben").await;
    only_in_ledger(shop, &forged(shop, &id, 1).await).await;
    let waiting = shop.waiting(&id).await;
    (id, waiting)
}

#[test]
fn a_worker_does_not_call_repaired_what_lost_a_purchase_that_it_does_not_hold() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, waiting) = sold_to_three(&shop).await;
        work(&shop, &id, &waiting[..1]).await;
        only_letter(&shop).await;
        assert_eq!((shop.counts(&id).await, shop.gate.rebuilds()), ((0, 2, 2), 1));
        assert_eq!(on_record(&shop).await.total(), ONE);
    });
}

#[test]
fn reconciliation_does_not_call_repaired_what_lost_a_purchase_on_its_way() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, waiting) = sold_to_three(&shop).await;
        let ada: Vec<_> = waiting[0].id.clone().into_iter().collect();
        shop.outbox.done(shop.shard(&id), &ada).await.expect("the outbox answers");
        reconcile(&shop, NOW, Thoroughness::Whole).await;
        only_letter(&shop).await;
        assert_eq!((shop.counts(&id).await, shop.gate.rebuilds()), ((0, 2, 2), 1));
        let mut found = Findings::default();
        found.repaired(Drift::MissingInLedger, 1);
        found.raised(Drift::StaleEntryRefused, 1);
        assert_eq!(on_record(&shop).await, found);
    });
}

/// The gate has no unit for either of two, and the one purchase that took both finds no place.
#[test]
fn what_the_gate_cannot_take_back_is_not_called_repaired_if_a_purchase_is_lost_for_it() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 2, 2, When::Active).await;
        shop.buy_all(&id, &[attempt("ada", 1, 2)]).await;
        for position in [1, 2] {
            only_in_ledger(&shop, &forged(&shop, &id, position).await).await;
        }
        reconcile(&shop, NOW, Thoroughness::Whole).await;
        only_letter(&shop).await;
        assert_eq!((shop.counts(&id).await, shop.gate.rebuilds()), ((0, 2, 2), 1));
        assert_eq!(on_record(&shop).await.total(), ONE);
    });
}

/// The embedded gate keeps it in its outbox, and counts nothing lost.
#[test]
fn what_a_worker_meets_first_is_counted_once() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, waiting) = sold_twice(&shop).await;
        work(&shop, &id, &shop.read(&id).await).await;
        assert_eq!(shop.waiting(&id).await, []);
        assert_eq!(on_record(&shop).await.total(), ONE);
        is_met_again(&shop, &id, &waiting).await;
    });
}

/// Of two purchases of a sale that is no more, one is a letter when the ledger goes away.
#[test]
fn what_a_worker_has_counted_is_told_though_nothing_of_its_entry_is_done() {
    run(async {
        let shop = crate::shop::embedded().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let row = shop.row(&id).await;
        let lost = [(1, "ada"), (2, "ben")].map(|(position, buyer)| {
            let lost = a_purchase(&row.sale, row.epoch).at_position(position).by(buyer).build();
            let gone = SaleId { generation: Generation(Uuid::from_u128(99)), ..id.clone() };
            RecordedPurchase { sale: gone, ..lost }
        });
        let Stores::File(file) = &shop.stores else { panic!("it is of the embedded engine") };
        let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON journal_dead_letters \
                      WHEN NEW.body LIKE '%ben%' BEGIN SELECT RAISE(ABORT, 'refused'); END";
        sqlx::raw_sql(refuse).execute(file).await.expect("the file takes it");
        let ledger = shop.ledger.clone();
        shop.ledger.after_commit(async move { ledger.go_away() });
        let entry = Entry { id: None, body: EntryBody::Purchases(lost.to_vec()) };
        let recorded = shop.record.run(shop.shard(&id), vec![entry.clone()]).await;
        let mut findings = recorded.expect("somebody is to be told").findings;
        sqlx::raw_sql("DROP TRIGGER refuse").execute(file).await.expect("the file takes it");
        shop.ledger.come_back();
        let again = shop.record.run(shop.shard(&id), vec![entry]).await;
        findings.merge(&again.expect("the stores answer").findings);
        let mut both = Findings::default();
        both.raised(Drift::EntryOfAnOldGeneration, 2);
        assert_eq!((findings, shop.dead_letters().await.len()), (both, 2));
    });
}
