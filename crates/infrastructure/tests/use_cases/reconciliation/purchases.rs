//! Purchases that one of the two has lost, and those that only look so.

use stampede_application::ports::{Change, Drift, Findings, SaleGate as _, Thoroughness, Trigger};
use stampede_domain::State;
use stampede_testkit::{
    builders::a_purchase,
    suites::{attempt, run},
};

use super::{LATER, NOW, agrees, finds, forged, on_record, only_in_ledger, reconcile, repaired};
use crate::shop::{Shop, WIDGET, When, crowd, poisoned};

on_every_engine!(
    what_the_ledger_lost_is_recorded_again,
    what_the_gate_lost_is_given_back_to_it,
    what_the_gate_cannot_take_back_makes_the_sale_anew,
    what_both_have_sold_is_told_a_person_where_nothing_is_left_for_it,
    what_both_have_sold_stands_twice_where_there_is_room,
    what_is_young_is_no_drift,
    what_is_in_the_outbox_is_no_drift,
    what_waits_for_a_person_is_no_drift,
    a_sale_that_is_over_is_compared_whole_once_and_gets_no_stock_back,
    a_sold_out_sale_whose_purchase_was_voided_stays_sold_out,
    a_purchase_of_the_same_number_in_another_place_is_no_drift,
);

async fn what_the_ledger_lost_is_recorded_again(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 2, When::Active).await;
    let bought = shop.buy_all(&id, &crowd(4)).await;
    shop.lose_outbox(&id).await;
    shop.buy(&id, "ada").await;
    shop.drain(&id).await.expect("the stores answer");
    assert_eq!(shop.counts(&id).await, (5, 5, 1));
    finds(&shop, &[(Drift::MissingInLedger, 4)]).await;
    assert_eq!(shop.counts(&id).await, (5, 5, 5));
    let recorded = shop.recorded(&id).await;
    let standing: Vec<_> = recorded.iter().map(|one| one.purchase).collect();
    assert_eq!(standing[..4], bought, "with number, key and place");
    agrees(&shop).await;
}

async fn what_the_gate_lost_is_given_back_to_it(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 2, When::Active).await;
    shop.buy_all(&id, &crowd(2)).await;
    shop.drain(&id).await.expect("the stores answer");
    // More than one page of the ledger.
    let mut lost = Vec::new();
    for position in 3..8 {
        let purchase = forged(&shop, &id, position).await;
        only_in_ledger(&shop, &purchase).await;
        lost.push(purchase);
    }
    assert_eq!(shop.counts(&id).await, (8, 2, 7));
    finds(&shop, &[(Drift::MissingInGate, 5)]).await;
    assert_eq!(shop.counts(&id).await, (3, 7, 7), "its units are taken, none is given");
    for lost in lost {
        let held = shop.gate.purchases(&id, &lost.buyer).await.expect("the gate answers");
        let held = held.expect("the gate has the sale");
        assert_eq!(held.purchases[0].no(), lost.purchase.no());
    }
    assert_eq!(shop.waiting(&id).await, [], "the ledger has them");
    agrees(&shop).await;
}

/// The ledger has more of a buyer than the gate has room for.
async fn what_the_gate_cannot_take_back_makes_the_sale_anew(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.drain(&id).await.expect("the stores answer");
    let row = shop.row(&id).await;
    let second = a_purchase(&row.sale, row.epoch).at_position(2).by("ada").as_their(2, 1);
    only_in_ledger(&shop, &second.build()).await;
    let before = shop.snapshot(&id).await;
    finds(&shop, &[(Drift::SoldTwice, 1)]).await;
    assert_eq!(shop.gate.rebuilds(), 1);
    assert!(shop.snapshot(&id).await.version > before.version);
    assert_eq!(shop.counts(&id).await, (8, 2, 2));
    agrees(&shop).await;
}

/// The last unit went to one buyer at the gate and to another in the ledger.
async fn what_both_have_sold_is_told_a_person_where_nothing_is_left_for_it(shop: Shop) {
    let id = shop.sell(WIDGET, 1, 1, When::Active).await;
    let lost = shop.buy(&id, "ada").await;
    shop.lose_outbox(&id).await;
    let standing = forged(&shop, &id, 1).await;
    only_in_ledger(&shop, &standing).await;
    reconcile(&shop, NOW, Thoroughness::Counters).await;
    let found = on_record(&shop).await.total();
    assert_eq!((found.repaired, found.raised), (0, 1), "it is not called repaired");
    let letters = shop.dead_letters().await;
    let told = letters.iter().filter_map(|(_, letter)| letter.purchase.as_ref());
    assert_eq!(told.map(|one| one.purchase.no()).collect::<Vec<_>>(), [lost.no()]);
    assert_eq!(shop.recorded(&id).await, [standing]);
    assert_eq!(shop.counts(&id).await, (0, 1, 1));
    agrees(&shop).await;
    assert_eq!(shop.dead_letters().await.len(), 1, "a person is told once");
    shop.gate.rebuild(&id).await.expect("what has no unit keeps no sale closed");
    assert_eq!(shop.counts(&id).await, (0, 1, 1));
    agrees(&shop).await;
}

/// They are in one place, and the sale has a unit for each.
async fn what_both_have_sold_stands_twice_where_there_is_room(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = shop.buy(&id, "ada").await;
    shop.lose_outbox(&id).await;
    let standing = forged(&shop, &id, 1).await;
    only_in_ledger(&shop, &standing).await;
    finds(&shop, &[(Drift::SoldTwice, 1)]).await;
    shop.drain(&id).await.expect("the stores answer");
    let recorded: Vec<_> = shop.recorded(&id).await.iter().map(|one| one.purchase.no()).collect();
    assert_eq!(recorded, [standing.purchase.no(), lost.no()]);
    assert_eq!(shop.counts(&id).await, (8, 2, 2));
    agrees(&shop).await;
    assert_eq!(shop.dead_letters().await, []);
}

async fn what_is_young_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.lose_outbox(&id).await;
    let run = reconcile(&shop, LATER, Thoroughness::Whole).await;
    assert_eq!(run.findings, Findings::default());
    assert_eq!(shop.counts(&id).await, (7, 3, 0));
    finds(&shop, &[(Drift::MissingInLedger, 3)]).await;
}

async fn what_is_in_the_outbox_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    // In nobody's hand, then in a worker's.
    for _ in 0..2 {
        agrees(&shop).await;
        assert_eq!(shop.counts(&id).await, (7, 3, 0));
        shop.read(&id).await;
    }
    let entries = shop.waiting(&id).await;
    let recorded = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!(recorded.inserted, 3);
    agrees(&shop).await;
}

/// A dead letter is acknowledged and not recorded until a person has decided: reconciliation
/// neither records it behind their back nor stumbles over it.
async fn what_waits_for_a_person_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
    shop.buy_all(&id, &[attempt("ada", 1, 1), poisoned("eve")]).await;
    shop.drain(&id).await.expect("the stores answer");
    shop.buy(&other, "ada").await;
    shop.lose_outbox(&other).await;
    assert_eq!(shop.counts(&id).await, (8, 2, 1));
    finds(&shop, &[(Drift::MissingInLedger, 1)]).await;
    assert_eq!(shop.counts(&other).await, (9, 1, 1), "it keeps no other sale from being repaired");
    assert_eq!(shop.counts(&id).await, (8, 2, 1), "it is left to the person");
    let letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1);
    agrees(&shop).await;
    // Voided, its unit comes back to the running sale, and everything agrees.
    shop.letters.discard(&letters[0].0).await.expect("it is voided");
    finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
    agrees(&shop).await;
}

async fn a_sale_that_is_over_is_compared_whole_once_and_gets_no_stock_back(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(4)).await;
    shop.lose_outbox(&id).await;
    shop.change.run(&id.sku, Change::End).await.expect("it runs");
    let reconcile = shop.reconcile(NOW);
    let found = async || {
        let run = reconcile.run(None, Thoroughness::Counters, Trigger::OnDemand).await;
        run.expect("the stores answer").1.findings
    };
    assert_eq!(found().await, repaired(&[(Drift::MissingInLedger, 4)]));
    assert_eq!(shop.counts(&id).await, (6, 4, 4));
    only_in_ledger(&shop, &forged(&shop, &id, 5).await).await;
    assert_eq!(found().await, repaired(&[(Drift::MissingInGate, 1)]));
    assert_eq!(shop.counts(&id).await, (5, 5, 5), "units are taken, none is given back");
    assert_eq!(found().await, Findings::default(), "the final run");
    assert_eq!(shop.product(&id).await.phase.state, State::Ended);
}

/// I7: a unit that nobody will get any more is not put on sale again.
async fn a_sold_out_sale_whose_purchase_was_voided_stays_sold_out(shop: Shop) {
    let id = shop.sell(WIDGET, 3, 1, When::Active).await;
    shop.buy_all(&id, &[attempt("ada", 1, 1), poisoned("eve"), attempt("ben", 1, 1)]).await;
    shop.drain(&id).await.expect("the stores answer");
    let letters = shop.dead_letters().await;
    shop.letters.discard(&letters[0].0).await.expect("it is voided");
    let before = shop.snapshot(&id).await;
    for thoroughness in [Thoroughness::Counters, Thoroughness::Whole] {
        let run = reconcile(&shop, NOW, thoroughness).await;
        assert_eq!(run.findings, Findings::default());
        assert_eq!(shop.snapshot(&id).await, before);
    }
    assert_eq!(shop.counts(&id).await, (0, 3, 2));
    assert_eq!(shop.product(&id).await.phase.state, State::Ended);
}

/// Numbers are compared: a restore may have given place and life anew.
async fn a_purchase_of_the_same_number_in_another_place_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 2, When::Active).await;
    let bought = shop.buy(&id, "ada").await;
    shop.lose_outbox(&id).await;
    let mut moved = forged(&shop, &id, 9).await;
    moved.buyer = attempt("ada", 1, 1).buyer;
    moved.purchase.bits = bought.bits;
    moved.purchase.at = bought.at;
    only_in_ledger(&shop, &moved).await;
    let before = shop.snapshot(&id).await;
    agrees(&shop).await;
    assert_eq!(shop.snapshot(&id).await, before);
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
}

/// A purchase that no ledger takes: told a person once, and in nobody else's way.
#[test]
fn what_the_ledger_refuses_for_its_data_keeps_no_other_sale_from_being_repaired() {
    run(async {
        let shop = crate::shop::embedded().await;
        let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        for of in [&other, &id] {
            shop.buy_all(of, &crowd(2)).await;
            shop.lose_outbox(of).await;
        }
        let poisoned = attempt("buyer-1", 1, 1).buyer;
        shop.ledger.refuse(poisoned, &id);
        let run = reconcile(&shop, NOW, Thoroughness::Counters).await;
        assert_eq!((run.mismatches, run.repaired, run.raised), (4, 3, 1));
        assert_eq!(shop.counts(&other).await, (8, 2, 2));
        assert_eq!(shop.counts(&id).await, (8, 2, 1));
        let again = reconcile(&shop, NOW, Thoroughness::Whole).await;
        assert_eq!(again.mismatches, 0, "a person is told once");
        assert_eq!(shop.dead_letters().await.len(), 1);
    });
}
