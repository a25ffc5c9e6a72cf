//! Every kind of drift, as a fault leaves it behind: found within two runs, repaired or told a
//! person.

use stampede_application::ports::{Drift, Findings, SaleGate as _, Thoroughness, Trigger};
use stampede_domain::SaleId;
use stampede_testkit::suites::run;

use super::{NOW, agrees};
use crate::shop::{Shop, WIDGET, When, crowd};

/// Runs within which a drift is to be found.
const RUNS: u32 = 2;

/// A sale with units left, three buyers on record, and nothing on its way.
async fn a_sale(shop: &Shop) -> SaleId {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.drain(&id).await.expect("the stores answer");
    id
}

/// What workers and scheduled runs find together.
async fn found_within_two_runs(shop: &Shop, id: &SaleId) -> Findings {
    let (mut found, reconcile) = (Findings::default(), shop.reconcile(NOW));
    for _ in 0..RUNS {
        found.merge(&shop.drain(id).await.expect("the stores answer").findings);
        let run = reconcile.run(None, Thoroughness::Counters, Trigger::OnDemand).await;
        found.merge(&run.expect("the stores answer").1.findings);
    }
    found
}

/// It is found once, as what it is and nothing else, and then all agree.
async fn is_repaired(shop: Shop, drift: Drift) {
    let id = a_sale(&shop).await;
    shop.stores.drifts().plant(drift, &id).await;
    let mut expected = Findings::default();
    expected.repaired(drift, 1);
    assert_eq!(found_within_two_runs(&shop, &id).await, expected);
    shop.drain(&id).await.expect("the stores answer");
    agrees(&shop).await;
}

/// It is told a person once, who finds a dead letter of it.
async fn is_raised(shop: Shop, drift: Drift) {
    let id = a_sale(&shop).await;
    shop.stores.drifts().plant(drift, &id).await;
    let mut expected = Findings::default();
    expected.raised(drift, 1);
    assert_eq!(found_within_two_runs(&shop, &id).await, expected);
    assert_eq!(shop.dead_letters().await.len(), 1);
    assert_eq!(shop.counts(&id).await, (7, 3, 3));
    agrees(&shop).await;
}

on_every_engine!(
    a_purchase_that_the_ledger_lost_is_found,
    a_purchase_that_the_gate_lost_is_found,
    a_definition_of_another_day_is_found,
    a_gate_that_outlived_its_burial_is_forgotten,
    an_entry_of_an_old_generation_is_raised,
    what_both_have_sold_is_found,
);

async fn a_purchase_that_the_ledger_lost_is_found(shop: Shop) {
    is_repaired(shop, Drift::MissingInLedger).await;
}

async fn a_purchase_that_the_gate_lost_is_found(shop: Shop) {
    is_repaired(shop, Drift::MissingInGate).await;
}

async fn a_definition_of_another_day_is_found(shop: Shop) {
    is_repaired(shop, Drift::DefinitionDiffers).await;
}

async fn a_gate_that_outlived_its_burial_is_forgotten(shop: Shop) {
    let id = a_sale(&shop).await;
    shop.stores.drifts().plant(Drift::GateWithoutCatalogue, &id).await;
    let mut expected = Findings::default();
    expected.repaired(Drift::GateWithoutCatalogue, 1);
    assert_eq!(found_within_two_runs(&shop, &id).await, expected);
    assert_eq!(shop.gate.snapshot(&id).await.expect("the gate answers"), None);
    agrees(&shop).await;
}

async fn an_entry_of_an_old_generation_is_raised(shop: Shop) {
    is_raised(shop, Drift::EntryOfAnOldGeneration).await;
}

async fn what_both_have_sold_is_found(shop: Shop) {
    is_repaired(shop, Drift::SoldTwice).await;
}

#[test]
fn counters_that_disagree_are_found() {
    run(async { is_repaired(crate::shop::redis().await, Drift::CountersDisagree).await });
}

#[test]
fn a_refused_stale_entry_is_raised() {
    run(async { is_raised(crate::shop::redis().await, Drift::StaleEntryRefused).await });
}

#[test]
fn every_kind_is_planted_on_redis_and_all_but_two_on_embedded() {
    run(async {
        let redis = crate::shop::redis().await.stores.drifts();
        assert!(Drift::ALL.into_iter().all(|drift| redis.can_have(drift)));
        let embedded = crate::shop::embedded().await.stores.drifts();
        assert_eq!(Drift::ALL.into_iter().filter(|drift| embedded.can_have(*drift)).count(), 6);
    });
}
