//! Reconciliation finds what was planted, mends it, and leaves alone what is on its way.

use std::collections::BTreeMap;

use stampede_application::{
    ports::{Ledger, ReconciliationRun, SaleGate},
    use_cases::{Drift, Findings, Thoroughness},
};
use stampede_domain::{RecordedPurchase, SaleId, State};
use stampede_testkit::{
    builders::a_purchase,
    suites::{attempt, run},
};

use crate::shop::{Shop, WIDGET, When, crowd, poisoned, sku};

on_every_engine!(
    what_agrees_is_left_alone,
    what_the_ledger_lost_is_recorded_again,
    what_the_gate_lost_is_given_back_to_it,
    what_the_gate_cannot_take_back_makes_the_sale_anew,
    what_is_young_is_no_drift,
    what_is_in_the_outbox_is_no_drift,
    what_waits_for_a_person_is_no_drift,
    a_change_that_was_lost_on_its_way_is_recorded,
    a_sale_that_is_over_is_compared_whole_once_and_gets_no_stock_back,
    a_sold_out_sale_whose_purchase_was_given_up_stays_sold_out,
    one_sku_alone_is_compared_when_asked,
    every_page_of_the_catalogue_is_compared,
    a_ledger_that_is_away_is_no_drift,
    two_runs_at_once_mend_once,
    a_purchase_of_the_same_number_in_another_place_is_no_drift,
);

/// All that was ever bought is settled.
const NOW: i64 = -60_000;
/// Nothing that a test bought is settled.
const LATER: i64 = 60_000;

async fn reconcile(
    shop: &Shop,
    settled_after_ms: i64,
    thoroughness: Thoroughness,
) -> (ReconciliationRun, Findings) {
    let run = shop.reconcile(settled_after_ms).run(None, thoroughness).await;
    run.expect("the stores answer")
}

/// A run that compares counters first finds so much, mends it, and puts it on record.
async fn finds(shop: &Shop, drifts: &[(Drift, u32)]) {
    let (run, findings) = reconcile(shop, NOW, Thoroughness::Counters).await;
    let total: u32 = drifts.iter().map(|(_, found)| found).sum();
    assert_eq!(findings.drifts, drifts.iter().copied().collect::<BTreeMap<_, _>>());
    assert_eq!(findings.repaired, total);
    assert_eq!((run.mismatches, run.repaired), (total, total));
    assert_eq!(run.error, None);
    let newest = shop.ledger.last_run().await.expect("the ledger answers");
    assert_eq!(newest, Some(run), "the run is on record");
}

/// Purchase by purchase, nothing is found.
async fn agrees(shop: &Shop) {
    let (_, findings) = reconcile(shop, NOW, Thoroughness::Whole).await;
    assert_eq!(findings, Findings::default());
}

/// Puts a purchase into the ledger that the gate has never seen.
async fn only_in_ledger(shop: &Shop, lost: &RecordedPurchase) {
    let entry = stampede_application::ports::Entry {
        id: None,
        body: stampede_application::ports::EntryBody::Purchases(vec![lost.clone()]),
    };
    shop.ledger.commit(&[entry]).await.expect("the ledger commits");
}

async fn forged(shop: &Shop, id: &SaleId, position: u64) -> RecordedPurchase {
    let row = shop.row(id).await;
    a_purchase(&row.sale, row.epoch).at_position(position).build()
}

async fn what_agrees_is_left_alone(shop: Shop) {
    for (sku, when) in [(WIDGET, When::Active), ("NEXT-1", When::Upcoming), ("OLD-1", When::Over)] {
        shop.sell(sku, 10, 1, when).await;
    }
    let id = shop.row_of(WIDGET).await.sale.id;
    shop.buy_all(&id, &crowd(7)).await;
    shop.drain(&id).await.expect("the stores answer");
    let before = shop.snapshot(&id).await;
    let (run, findings) = reconcile(&shop, NOW, Thoroughness::Whole).await;
    assert_eq!((run.sales, run.mismatches, findings.repaired), (3, 0, 0));
    finds(&shop, &[]).await;
    assert_eq!(shop.snapshot(&id).await, before, "not even a version is raised");
}

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
    finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
    assert_eq!(shop.gate.rebuilds(), 1);
    assert!(shop.snapshot(&id).await.version > before.version);
    assert_eq!(shop.counts(&id).await, (8, 2, 2));
    agrees(&shop).await;
}

async fn what_is_young_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.lose_outbox(&id).await;
    let (_, findings) = reconcile(&shop, LATER, Thoroughness::Whole).await;
    assert_eq!(findings, Findings::default());
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
    assert_eq!(shop.counts(&other).await, (9, 1, 1), "it keeps no other sale from being mended");
    assert_eq!(shop.counts(&id).await, (8, 2, 1), "it is left to the person");
    let letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1);
    agrees(&shop).await;
    // Given up, its unit comes back to the running sale, and everything agrees.
    shop.letters.discard(&letters[0].0).await.expect("it is given up");
    finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
    agrees(&shop).await;
}

async fn a_change_that_was_lost_on_its_way_is_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.gate.change(&id, stampede_application::ports::Change::Pause).await.expect("it answers");
    assert_eq!(reconcile(&shop, NOW, Thoroughness::Whole).await.0.mismatches, 0, "on its way");
    shop.lose_outbox(&id).await;
    assert!(!shop.row(&id).await.sale.paused);
    finds(&shop, &[(Drift::DefinitionDiffers, 1)]).await;
    let (row, gate) = (shop.row(&id).await, shop.snapshot(&id).await);
    assert_eq!((&row.sale, row.version), (&gate.sale, gate.version));
    assert!(row.sale.paused);
    agrees(&shop).await;
}

async fn a_sale_that_is_over_is_compared_whole_once_and_gets_no_stock_back(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(4)).await;
    shop.lose_outbox(&id).await;
    shop.change.run(&id.sku, stampede_application::ports::Change::End).await.expect("it runs");
    let reconcile = shop.reconcile(NOW);
    let found = async || {
        let run = reconcile.run(None, Thoroughness::Counters).await;
        run.expect("the stores answer").1.drifts
    };
    assert_eq!(found().await, BTreeMap::from([(Drift::MissingInLedger, 4)]));
    assert_eq!(shop.counts(&id).await, (6, 4, 4));
    only_in_ledger(&shop, &forged(&shop, &id, 5).await).await;
    assert_eq!(found().await, BTreeMap::from([(Drift::MissingInGate, 1)]));
    assert_eq!(shop.counts(&id).await, (5, 5, 5), "units are taken, none is given back");
    assert_eq!(found().await, BTreeMap::new(), "the final run");
    assert_eq!(shop.product(&id).await.phase.state, State::Ended);
}

/// I7: a unit that nobody will get any more is not put on sale again.
async fn a_sold_out_sale_whose_purchase_was_given_up_stays_sold_out(shop: Shop) {
    let id = shop.sell(WIDGET, 3, 1, When::Active).await;
    shop.buy_all(&id, &[attempt("ada", 1, 1), poisoned("eve"), attempt("ben", 1, 1)]).await;
    shop.drain(&id).await.expect("the stores answer");
    let letters = shop.dead_letters().await;
    shop.letters.discard(&letters[0].0).await.expect("it is given up");
    let before = shop.snapshot(&id).await;
    for thoroughness in [Thoroughness::Counters, Thoroughness::Whole] {
        let (_, findings) = reconcile(&shop, NOW, thoroughness).await;
        assert_eq!(findings, Findings::default());
        assert_eq!(shop.snapshot(&id).await, before);
    }
    assert_eq!(shop.counts(&id).await, (0, 3, 2));
    assert_eq!(shop.product(&id).await.phase.state, State::Ended);
}

async fn one_sku_alone_is_compared_when_asked(shop: Shop) {
    let (one, other) = (
        shop.sell(WIDGET, 10, 1, When::Active).await,
        shop.sell("GADGET-002", 10, 1, When::Active).await,
    );
    for id in [&one, &other] {
        shop.buy(id, "ada").await;
        shop.lose_outbox(id).await;
    }
    let reconcile = shop.reconcile(NOW);
    let run = async |wanted| reconcile.run(Some(&sku(wanted)), Thoroughness::Whole).await;
    let (found, _) = run("NO-SUCH-1").await.expect("the stores answer");
    assert_eq!((found.sales, found.mismatches), (0, 0));
    let (found, _) = run("GADGET-002").await.expect("the stores answer");
    assert_eq!((found.sales, found.mismatches), (1, 1));
    assert_eq!((shop.counts(&one).await, shop.counts(&other).await), ((9, 1, 0), (9, 1, 1)));
}

async fn every_page_of_the_catalogue_is_compared(shop: Shop) {
    let mut ids = Vec::new();
    for number in 0..8 {
        let id = shop.sell(&format!("WIDGET-{number}"), 10, 1, When::Active).await;
        shop.buy(&id, "ada").await;
        shop.lose_outbox(&id).await;
        ids.push(id);
    }
    finds(&shop, &[(Drift::MissingInLedger, 8)]).await;
    for id in ids {
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
    }
}

async fn a_ledger_that_is_away_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.lose_outbox(&id).await;
    shop.ledger.go_away();
    let away = shop.reconcile(NOW).run(None, Thoroughness::Whole).await;
    assert!(away.is_err(), "{away:?}");
    assert_eq!(shop.snapshot(&id).await.sold, 1);
    shop.ledger.come_back();
    assert_eq!(shop.ledger.last_run().await.expect("the ledger answers"), None);
    finds(&shop, &[(Drift::MissingInLedger, 1)]).await;
}

async fn two_runs_at_once_mend_once(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(4)).await;
    shop.lose_outbox(&id).await;
    only_in_ledger(&shop, &forged(&shop, &id, 9).await).await;
    let (one, other) = (shop.reconcile(NOW), shop.reconcile(NOW));
    let (one, other) =
        futures::join!(one.run(None, Thoroughness::Whole), other.run(None, Thoroughness::Whole));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(shop.counts(&id).await, (5, 5, 5));
    agrees(&shop).await;
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

/// What only Redis can lose: its counters are numbers of their own, beside the buyers.
mod counters {
    use super::*;

    #[test]
    fn that_do_not_fit_together_make_the_sale_anew() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 10, 1, When::Active).await;
            shop.buy_all(&id, &crowd(3)).await;
            shop.drain(&id).await.expect("the stores answer");
            shop.stores.move_counter(&id, "stock", 2).await;
            finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
            assert_eq!(shop.counts(&id).await, (7, 3, 3));
            agrees(&shop).await;
        });
    }

    /// They fit together, and not with the ledger: a unit that is sold is on offer again.
    #[test]
    fn that_offer_what_the_ledger_has_sold_make_the_sale_anew() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 3, 1, When::Active).await;
            shop.buy_all(&id, &crowd(3)).await;
            shop.drain(&id).await.expect("the stores answer");
            shop.stores.move_counter(&id, "stock", 1).await;
            shop.stores.move_counter(&id, "sold", -1).await;
            finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
            assert_eq!(shop.counts(&id).await, (0, 3, 3));
            agrees(&shop).await;
        });
    }

    /// They fit together, and not with the ledger: a unit that nobody has is missing.
    #[test]
    fn that_withhold_what_the_ledger_has_not_sold_make_a_running_sale_anew() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 10, 1, When::Active).await;
            shop.buy_all(&id, &crowd(3)).await;
            shop.drain(&id).await.expect("the stores answer");
            shop.stores.move_counter(&id, "stock", -2).await;
            shop.stores.move_counter(&id, "sold", 2).await;
            finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
            assert_eq!(shop.counts(&id).await, (7, 3, 3));
            agrees(&shop).await;
        });
    }

    /// A buyer less than was counted: nobody is answered before the sale is made anew.
    #[test]
    fn that_miss_a_buyer_make_the_sale_anew() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 10, 1, When::Active).await;
            let bought = shop.buy_all(&id, &crowd(3)).await;
            shop.drain(&id).await.expect("the stores answer");
            shop.stores.lose_buyer(&id, "buyer-1").await;
            finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
            assert_eq!(shop.counts(&id).await, (7, 3, 3));
            let buyer = attempt("buyer-1", 1, 1).buyer;
            let held = shop.gate.purchases(&id, &buyer).await.expect("the gate answers");
            assert_eq!(held.map(|held| held.purchases[0].no()), Some(bought[1].no()));
            agrees(&shop).await;
        });
    }
}

/// A purchase that no ledger takes: found each time, and in nobody else's way.
#[test]
fn what_the_ledger_refuses_for_its_data_keeps_no_other_sale_from_being_mended() {
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
        let (run, findings) = reconcile(&shop, NOW, Thoroughness::Counters).await;
        assert_eq!((run.mismatches, findings.repaired), (4, 3));
        assert_eq!(shop.counts(&other).await, (8, 2, 2));
        assert_eq!(shop.counts(&id).await, (8, 2, 1));
    });
}

/// The embedded gate closes a sale whose journal it cannot read whole.
#[test]
fn a_sale_that_stays_closed_keeps_no_other_from_being_mended() {
    run(async {
        let shop = crate::shop::embedded().await;
        let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
        let closed = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy_all(&other, &crowd(2)).await;
        shop.lose_outbox(&other).await;
        shop.stores.plant_newer(&closed).await;
        assert!(shop.gate.rebuild(&closed).await.is_err(), "it stays closed");
        let run = shop.reconcile(NOW).run(None, Thoroughness::Counters).await;
        assert!(run.is_err(), "one was not compared: {run:?}");
        assert_eq!(shop.counts(&other).await, (8, 2, 2));
        let newest = shop.ledger.last_run().await.expect("the ledger answers");
        let newest = newest.expect("the run is on record");
        assert_eq!((newest.sales, newest.mismatches, newest.repaired), (2, 2, 2));
        assert!(newest.error.is_some());
    });
}
