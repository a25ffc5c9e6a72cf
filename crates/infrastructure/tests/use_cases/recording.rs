//! A worker records what the outbox brings.

use std::time::Duration;

use stampede_application::ports::{Change, EntryBody, Ledger, PortError, Readmission, SaleGate};
use stampede_domain::{Epoch, Purchase, PurchaseNo, SaleId};
use stampede_testkit::{
    builders::a_purchase,
    suites::{attempt, run},
};

use crate::shop::{Shop, TRIES_MAX, WIDGET, When, crowd, poisoned};

on_every_engine!(
    a_batch_drains_and_draining_twice_is_harmless,
    the_poisoned_purchase_alone_becomes_a_dead_letter,
    a_poisoned_purchase_has_its_tries,
    every_poisoned_purchase_of_a_read_is_found,
    with_the_ledger_away_nothing_is_tried_and_nothing_is_a_dead_letter,
    drift_makes_the_sale_anew_and_gives_no_unit_back,
    an_entry_of_a_newer_version_is_neither_acknowledged_nor_dropped,
    a_broken_entry_is_set_aside_as_it_was_found,
    a_broken_entry_is_set_aside_once_while_the_ledger_is_away,
    a_change_is_recorded_among_purchases,
);

fn numbers(purchases: &[Purchase]) -> Vec<PurchaseNo> {
    purchases.iter().map(Purchase::no).collect()
}

async fn recorded_numbers(shop: &Shop, id: &SaleId) -> Vec<PurchaseNo> {
    shop.recorded(id).await.iter().map(|one| one.purchase.no()).collect()
}

async fn buried_numbers(shop: &Shop) -> Vec<PurchaseNo> {
    let letters = shop.dead_letters().await;
    let purchases = letters.iter().filter_map(|(_, letter)| letter.purchase.as_ref());
    purchases.map(|one| one.purchase.no()).collect()
}

async fn a_batch_drains_and_draining_twice_is_harmless(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let mut bought = Vec::new();
    for part in crowd(60).chunks(25) {
        bought.extend(shop.buy_all(&id, part).await);
    }
    let entries = shop.read(&id).await;
    assert_eq!(entries.len(), 3, "one entry a batch");
    let recorded = shop.record.run(shop.shard(&id), entries.clone()).await;
    let recorded = recorded.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.done.len(), recorded.buried), (60, 3, 0));
    // The worker died before it could say so, and another takes over.
    let again = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!((again.inserted, again.done.len(), again.buried), (0, 3, 0));
    assert_eq!(recorded_numbers(&shop, &id).await, numbers(&bought));
    assert_eq!(shop.counts(&id).await, (40, 60, 60));
    assert_eq!(shop.waiting(&id).await, []);
    assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 0);
}

async fn the_poisoned_purchase_alone_becomes_a_dead_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let mut batch = crowd(9);
    batch.insert(5, poisoned("eve"));
    let mut sound = shop.buy_all(&id, &batch).await;
    let sick = sound.remove(5);
    sound.extend(shop.buy_all(&id, &[attempt("ada", 1, 1), attempt("ben", 1, 1)]).await);
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.inserted, recorded.buried), (2, 11, 1));
    assert_eq!(recorded_numbers(&shop, &id).await, numbers(&sound));
    assert_eq!(buried_numbers(&shop).await, [sick.no()]);
    assert_eq!(shop.waiting(&id).await, []);
    // It was acknowledged: its unit stays taken until a person has decided.
    assert_eq!(shop.counts(&id).await, (88, 12, 11));
}

async fn a_poisoned_purchase_has_its_tries(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_poisoned(&id, "eve").await;
    assert_eq!(shop.drain(&id).await.expect("the stores answer").buried, 1);
    assert_eq!(shop.ledger.refused_alone(), TRIES_MAX);
}

async fn every_poisoned_purchase_of_a_read_is_found(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let mut sick = Vec::new();
    for round in 0..4 {
        let names = [0, 1, 2].map(|place| format!("buyer-{round}-{place}"));
        let batch = [attempt(&names[0], 1, 1), poisoned(&names[1]), attempt(&names[2], 1, 1)];
        sick.push(shop.buy_all(&id, &batch).await[1].no());
    }
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.inserted, recorded.buried), (4, 8, 4));
    assert_eq!(buried_numbers(&shop).await, sick);
    assert_eq!(shop.counts(&id).await, (88, 12, 8));
}

async fn with_the_ledger_away_nothing_is_tried_and_nothing_is_a_dead_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.buy_poisoned(&id, "eve").await;
    let entries = shop.read(&id).await;
    shop.ledger.go_away();
    for _ in 0..3 * TRIES_MAX {
        let waits = shop.record.run(shop.shard(&id), entries.clone()).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    assert_eq!(shop.ledger.refused_alone(), 0);
    assert_eq!(shop.dead_letters().await, []);
    assert_eq!(shop.waiting(&id).await, entries);
    shop.ledger.come_back();
    let recorded = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.buried), (3, 1));
    assert_eq!(shop.ledger.refused_alone(), TRIES_MAX, "all its tries were left");
}

/// Another purchase stands in the ledger where the gate has put this one.
async fn drift_makes_the_sale_anew_and_gives_no_unit_back(shop: Shop) {
    let id = shop.sell(WIDGET, 5, 1, When::Active).await;
    let row = shop.row(&id).await;
    let stranger = a_purchase(&row.sale, row.epoch).at_position(1).entry();
    shop.ledger.commit(&[stranger]).await.expect("the ledger commits");
    let bought = shop.buy(&id, "ada").await;
    assert_eq!(bought.position.0, 1, "the gate knows nothing of the other");
    let before = shop.snapshot(&id).await;
    assert_eq!((before.stock, before.sold), (4, 1));
    // Of two purchases in one place one gives way, where the engine can give it another.
    let entries = shop.read(&id).await;
    let recorded = shop.record_entries(&id, entries).await;
    assert_eq!(shop.gate.rebuilds(), 1, "the sale is closed and made anew");
    let after = shop.snapshot(&id).await;
    assert_eq!((after.stock, after.sold), (3, 2), "both stand, no unit came back");
    assert!(after.version > before.version);
    if let Ok(recorded) = recorded {
        assert_eq!(recorded.buried, 0);
        assert!(recorded_numbers(&shop, &id).await.contains(&bought.no()));
        assert_eq!(shop.waiting(&id).await, []);
        assert_eq!(shop.counts(&id).await, (3, 2, 2));
    } else {
        // It waits, acknowledged and counted; nothing is lost.
        assert_eq!(shop.waiting(&id).await.len(), 1);
    }
    assert_eq!(shop.dead_letters().await, []);
}

async fn an_entry_of_a_newer_version_is_neither_acknowledged_nor_dropped(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_newer(&id).await;
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.left, recorded.buried), (1, 1, 0));
    assert_eq!(recorded.inserted, 1, "what can be read does not wait for it");
    for _ in 0..2 {
        let waiting: Vec<_> = shop.waiting(&id).await.into_iter().map(|one| one.body).collect();
        assert_eq!(waiting, [EntryBody::Newer { format: 2 }]);
        shop.drain(&id).await.expect("the stores answer");
    }
    assert_eq!(shop.dead_letters().await, []);
}

async fn a_broken_entry_is_set_aside_as_it_was_found(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_broken(&id).await;
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.done.len(), recorded.buried), (1, 2, 1));
    assert_eq!(shop.waiting(&id).await, []);
    let letters = shop.dead_letters().await;
    let [(_, letter)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.purchase, None);
    let raw = letter.raw.as_deref().expect("what was found");
    assert!(raw.contains("torn"), "{raw}");
}

async fn a_broken_entry_is_set_aside_once_while_the_ledger_is_away(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_broken(&id).await;
    shop.ledger.go_away();
    let entries = shop.read(&id).await;
    let part = shop.record_entries(&id, entries).await.expect("what is done may leave");
    assert_eq!((part.inserted, part.done.len(), part.buried), (0, 1, 1));
    for back in [false, true] {
        if back {
            shop.ledger.come_back();
        }
        let left = shop.outbox.take_over(shop.shard(&id), "worker", Duration::ZERO).await;
        let recorded = shop.record_entries(&id, left.expect("the outbox answers")).await;
        assert_eq!(recorded.is_ok(), back);
    }
    assert_eq!(shop.dead_letters().await.len(), 1);
    assert_eq!(shop.recorded(&id).await.len(), 1);
    assert_eq!(shop.waiting(&id).await, []);
}

async fn a_change_is_recorded_among_purchases(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.gate.change(&id, Change::Pause).await.expect("the gate answers");
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.done.len()), (1, 2));
    assert!(shop.row(&id).await.sale.paused);
}

/// On redis only: the embedded gate cannot be lost without its ledger, so no epoch is stale there.
mod of_an_earlier_epoch {
    use super::*;

    fn earlier(epoch: Epoch) -> Epoch {
        Epoch { number: epoch.number - 1, nonce: 99 }
    }

    #[test]
    fn a_purchase_is_offered_to_the_gate_and_comes_to_the_ledger() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 2, 1, When::Active).await;
            let row = shop.row(&id).await;
            let lost = a_purchase(&row.sale, earlier(row.epoch)).at_position(9);
            let number = lost.clone().build().purchase.no();
            let recorded = shop.record_entries(&id, vec![lost.clone().entry()]).await;
            let recorded = recorded.expect("the stores answer");
            assert_eq!((recorded.inserted, recorded.readmitted, recorded.buried), (0, 1, 0));
            assert_eq!(shop.counts(&id).await, (1, 1, 0), "its unit is taken again");
            assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 1);
            // It comes once more from a worker that was slow.
            let again = shop.record_entries(&id, vec![lost.entry()]).await;
            assert_eq!(again.expect("the stores answer").readmitted, 0, "the ledger has it");
            assert_eq!(recorded_numbers(&shop, &id).await, [number]);
            assert_eq!(shop.counts(&id).await, (1, 1, 1));
        });
    }

    #[test]
    fn a_purchase_without_a_unit_left_is_told_to_a_person() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 1, 1, When::Active).await;
            shop.buy(&id, "ada").await;
            let row = shop.row(&id).await;
            let lost = a_purchase(&row.sale, earlier(row.epoch)).at_position(9);
            let recorded = shop.record_entries(&id, vec![lost.clone().entry()]).await;
            let recorded = recorded.expect("the stores answer");
            assert_eq!((recorded.readmitted, recorded.buried), (0, 1));
            assert_eq!(buried_numbers(&shop).await, [lost.build().purchase.no()]);
            assert_eq!(shop.counts(&id).await, (0, 1, 0));
        });
    }

    /// The ledger has moved on between its answer and the offer.
    #[test]
    fn a_purchase_is_offered_to_the_life_that_the_ledger_named_and_to_no_other() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 2, 1, When::Active).await;
            let named = shop.row(&id).await;
            let lost = a_purchase(&named.sale, earlier(named.epoch)).at_position(9).build();
            let before = shop.gate.rebuild(&id).await.expect("the sale is made anew");
            let answers = shop.outbox.readmit(std::slice::from_ref(&lost), named.epoch).await;
            assert!(matches!(answers, Err(PortError::Unavailable { .. })), "{answers:?}");
            assert_eq!(shop.snapshot(&id).await, before, "nothing was adopted, nor restored again");
            let now = shop.row(&id).await.epoch;
            let answers = shop.outbox.readmit(&[lost], now).await.expect("the outbox answers");
            assert_eq!(answers, [Readmission::Adopted]);
        });
    }
}
